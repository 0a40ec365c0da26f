"""The table of both directions, and proof that a redactor that does too little or much fails."""

import json
from typing import Any

import pytest

from securenet_obs.redaction import MASK, redact
from tests.redaction.samples import Unfiltered
from tests.redaction.table import failures, main, rows


def test_every_row_is_masked_or_kept_as_it_must_be(capsys: pytest.CaptureFixture[str]) -> None:
    """Each row holds, and the command prints the figures of both directions."""
    assert failures(redact) == ([], [])
    assert main() == 0
    printed = capsys.readouterr().out
    assert "masked as they must be: " in printed
    assert "kept as they must be: " in printed


def test_every_row_holds_without_the_prefilter() -> None:
    """The prefilter hides no fault of a rule."""
    assert failures(Unfiltered().redact) == ([], [])


def test_masking_nothing_and_masking_everything_fail() -> None:
    """Every row of a direction fails if nothing, or everything, is masked."""
    masked = [before for before, after in rows() if before != after]
    kept = [before for before, after in rows() if before == after]
    assert min(len(masked), len(kept)) > 80
    assert failures(lambda value: value) == (masked, [])
    unmasked, changed = failures(lambda value: MASK)
    assert changed == kept
    assert len(unmasked) > len(masked) / 2


@pytest.mark.parametrize("row", list(rows()), ids=lambda row: repr(row[0])[:60])
def test_a_second_redaction_changes_nothing(row: tuple[Any, Any]) -> None:
    """Redaction is idempotent on each row, within JSON too."""
    once = redact(row[0])
    assert redact(once) == once
    text = json.dumps({"a": row[0]}, default=repr)
    again = redact(redact(text))
    assert again == redact(text)
