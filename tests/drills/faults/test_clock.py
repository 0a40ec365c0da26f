"""libfaketime is found, or its package is named."""

from pathlib import Path

import pytest

from securenet_obs.drills.faults import clock


def test_libfaketime_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it the reason has the package to install; with it, the drill can run."""
    monkeypatch.setattr(clock, "_PREFIXES", (str(tmp_path),))
    assert "apt-get install libfaketime" in clock.explain_missing_libfaketime()
    library = tmp_path / "lib" / "x86_64-linux-gnu" / "faketime" / "libfaketime.so.1"
    library.parent.mkdir(parents=True)
    library.touch()
    assert clock.explain_missing_libfaketime() == ""
    assert clock.find_libfaketime() == library
