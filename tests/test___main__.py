"""The program runs `run` by a server that has stayed, and everything else itself."""

import sys
from collections.abc import Sequence

import pytest

from securenet_obs import __main__, cli
from securenet_obs.runner.kernel import served_command


@pytest.mark.parametrize(
    ("arguments", "served", "expected"),
    [
        (["run", "n.ipynb"], 4, (4, 0)),
        (["run", "n.ipynb"], None, (0, 1)),
        (["validate"], 4, (0, 1)),
        ([], 4, (0, 1)),
    ],
)
def test_only_a_run_is_served(
    arguments: list[str],
    served: int | None,
    expected: tuple[int, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The exit status is that of the served command; without a server it runs here."""
    here: list[str] = []

    def run_by_server(given: Sequence[str]) -> int | None:
        assert given == arguments
        return served

    def main() -> None:
        here.append("run")
        raise SystemExit(0)

    monkeypatch.setattr(sys, "argv", ["securenet-obs", *arguments])
    monkeypatch.setattr(served_command, "run_by_server", run_by_server)
    monkeypatch.setattr(cli, "main", main)
    with pytest.raises(SystemExit) as ended:
        __main__.main()
    assert (ended.value.code, len(here)) == expected
