"""Rules of stored outputs: whole, of one real run, of the code and the checks as they are."""

import re
from collections.abc import Iterator

from securenet_obs.authoring.finding import Finding
from securenet_obs.authoring.page import IGNORED_OUTPUT, Page
from securenet_obs.authoring.recording import compute_digest, read_digest
from securenet_obs.checks import CHECK_MIME

CUT_OR_ABSENT = re.compile(r"\.\.\.|\b(?:nan|NaN|NaT|None|inf)\b|so it is")
"""Text that a reader cannot use: cut text, missing values, words in place of values."""

_RECORD = "clear them, or store them anew: make record NOTEBOOKS="


def find_cut_outputs(page: Page) -> Iterator[Finding]:
    """No table or check is cut, and absent values are words."""
    for cell in page.code:
        texts = [str(content) for row in cell.outputs for content in row.get("data", {}).values()]
        for text in (*cell.output_texts(), *texts):
            if found := CUT_OR_ABSENT.search(text):
                problem = (
                    f"an output has {found[0]!r}, which helps no reader; show a word or a value"
                )
                yield page.find("cut output", problem, cell)
                break


def find_unreal_outputs(page: Page) -> Iterator[Finding]:
    """Outputs are of one run, from the first cell to the last, without an error.

    A notebook without outputs has none to judge. A cell with an output that looks like a secret is
    stored without output and execution count.
    """
    if not page.is_executed:
        return
    hidden = [IGNORED_OUTPUT in cell.tags for cell in page.code]
    counts = [None if hide else number for number, hide in enumerate(hidden, 1)]
    if [cell.count for cell in page.code] != counts:
        problem = "the cells were not executed once each, in order"
        yield page.find("outputs", f"{problem}; {_RECORD}{page.path}")
    for cell in page.code:
        if any(row.get("output_type") == "error" for row in cell.outputs):
            yield page.find("outputs", f"an error is stored; {_RECORD}{page.path}", cell)


def find_stale_outputs(page: Page) -> Iterator[Finding]:
    """Outputs are those of the code as it is: it has not changed since they were stored."""
    if page.is_executed and read_digest(page.metadata) != compute_digest(
        cell.source for cell in page.code
    ):
        problem = "the stored outputs are not those of this code"
        yield page.find("stale outputs", f"{problem}; {_RECORD}{page.path}")


def find_other_checks(page: Page) -> Iterator[Finding]:
    """The checks in the stored outputs are those that the metadata declare, in their order."""
    if page.declared.kind == "runbook" or not page.is_executed:
        return
    judged = [
        str(output["data"][CHECK_MIME]["name"])
        for cell in page.code
        for output in cell.outputs
        if CHECK_MIME in output.get("data", {})
    ]
    if judged != page.declared.checks:
        problem = "the checks in the outputs and in the metadata differ, or their order"
        yield page.find("checks", f"{problem}; make them equal, or {_RECORD}{page.path}")
