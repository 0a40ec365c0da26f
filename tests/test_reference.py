"""README's reference equals the code, and names all that the code has."""

import ast
from pathlib import Path

from securenet_obs.runner.evidence import junit, suites
from securenet_obs.runner.record.verdict import Verdict
from tests import reference

README = reference.README.read_text()


def test_the_reference_is_the_one_of_the_code() -> None:
    """After a change of a command, a setting or a format: `make reference`."""
    assert README[README.index(reference.HEADING) :] == reference.render()


def test_every_exit_code_has_its_meaning() -> None:
    """The codes are those of the verdicts."""
    assert {verdict.exit_code for verdict in Verdict} == reference.MEANINGS.keys()


def test_every_element_of_junit_has_its_meaning() -> None:
    """The elements are those that the code writes; the totals are no element of their own."""
    texts = {
        node.value
        for module in (junit, suites)
        for node in ast.walk(ast.parse(Path(str(module.__file__)).read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    named = {name.strip("`").rpartition("/")[2] for name in reference.JUNIT}
    assert named <= texts
    known = {"testsuite", "properties", "testcase", "skipped"}
    known |= {"failure", "error", "flakyFailure", "rerunFailure"}
    assert named == known
