"""A broken release fails at every other batch."""

import asyncio
from typing import Any

import pytest

from securenet_obs.api import app
from securenet_obs.drills.incidents.programs import failing_release


def test_every_other_batch_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are accepted as before."""

    async def accept(*given: Any) -> Any:
        return given

    monkeypatch.setattr(app, "accept", accept)
    failing_release.break_submissions()
    assert asyncio.run(app.accept(1, 2)) == (1, 2)  # type: ignore[arg-type,call-arg,comparison-overlap]
    with pytest.raises(KeyError, match="array"):
        asyncio.run(app.accept(1, 2))  # type: ignore[arg-type,call-arg]
    assert asyncio.run(app.accept(3)) == (3,)  # type: ignore[arg-type,call-arg,comparison-overlap]
