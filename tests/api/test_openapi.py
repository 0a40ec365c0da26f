"""The API against its own description: generated requests, alone and in sequences."""

import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import schemathesis
from hypothesis import core, given, settings
from hypothesis.internal import entropy
from hypothesis.internal.conjecture import engine
from hypothesis.strategies._internal import collections
from hypothesis.strategies._internal import core as strategies
from schemathesis import Case, GenerationMode
from schemathesis.checks import CHECKS
from schemathesis.core.parameters import ParameterLocation
from schemathesis.core.transport import Response

from tests.api.conftest import serving
from tests.forked_python import ForkedPython
from tests.searching import examples

MIN_REQUESTS = 500
MIN_SHARE_ANSWERED = 0.9
EXAMPLES = {"POST /v1/tenants/{tenant_id}/logs": 60, "GET /v1/tasks/{task_id}": 200}
STEPS = 5

IN_PROSE = (b'"json_invalid"', b'"idempotency_key"')
"""Types of problems that JSON Schema cannot describe.

The first is depth, range of integers and NUL in any value at any depth, the second a key that an
earlier request has used for another body.
"""

REPLACED = (
    (core, "RepresentationPrinter"),
    (engine, "BUFFER_SIZE"),
    (collections, "BUFFER_SIZE"),
    (entropy, "register_random"),
    (strategies, "is_first_param_referenced_in_function"),
)
"""Parts of hypothesis that the first strategy of schemathesis replaces in the whole process."""


@contextmanager
def restored_hypothesis() -> Iterator[None]:
    """Restore hypothesis at the end: other tests need its printer and its size of examples."""
    with pytest.MonkeyPatch.context() as patch:
        for owner, name in REPLACED:
            patch.setattr(owner, name, getattr(owner, name))
        yield


class Checker:
    """Sends generated requests with the key of acme; counts the answers of each operation."""

    def __init__(self, api: Any) -> None:
        self.url = str(api.client.base_url).rstrip("/")
        self.schema = schemathesis.openapi.from_url(f"{self.url}/openapi.json")
        self.key = api.bearer("acme")
        self.statuses: defaultdict[str, list[int]] = defaultdict(list)

    def check(self, case: Case) -> None:
        """Send a request, and judge the answer by the description."""
        if "tenant_id" in case.path_parameters and not is_invalid(case, ParameterLocation.PATH):
            case.path_parameters["tenant_id"] = "acme"
        self.judge(case.call(headers=self.key), case)

    def judge(self, answer: Response, case: Case) -> None:
        """Judge an answer with every check of schemathesis."""
        self.statuses[case.operation.label].append(answer.status_code)
        prose = answer.status_code == 422 and any(type_ in answer.content for type_ in IN_PROSE)
        left_out = ["positive_data_acceptance"] if prose else []
        if is_invalid(case, ParameterLocation.HEADER):
            left_out.append("negative_data_rejection")  # The key was replaced by a valid one.
        case.validate_response(answer, excluded_checks=CHECKS.get_by_names(left_out))


def is_invalid(case: Case, part: ParameterLocation) -> bool:
    """Return whether a part of a request was made invalid on purpose."""
    component = case.meta.components.get(part) if case.meta else None
    return component is not None and component.mode is GenerationMode.NEGATIVE


@pytest.fixture(scope="module")
def checker(
    python: ForkedPython, redis_server: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Checker]:
    """Yield a checker of a real API, with diagnostics off as in production."""
    folder = tmp_path_factory.mktemp("openapi")
    with restored_hypothesis(), serving(python, dict(redis_server.environment), folder) as api:
        yield Checker(api)


@pytest.mark.slow
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_every_answer_is_as_described(checker: Checker, mode: GenerationMode) -> None:
    """Valid and invalid requests: status, headers and body of the answer are described."""
    for result in checker.schema.get_all_operations():
        operation = result.ok()
        if mode is GenerationMode.NEGATIVE and operation.label.startswith("GET /health"):
            continue  # Without a parameter, no request is invalid.

        @examples(EXAMPLES.get(operation.label, 1), hostile=True)
        @given(case=operation.as_strategy(generation_mode=mode))
        def check(case: Case) -> None:
            checker.check(case)

        check()


@pytest.mark.slow
def test_sequences_of_requests_are_answered(checker: Checker) -> None:
    """An accepted batch leads to the state of its task; no answer is a server error."""
    machine = checker.schema.as_state_machine()

    class Sequence(machine):  # type: ignore[misc, valid-type] # made at run time
        """Requests of acme that follow the links of the description."""

        def before_call(self, case: Case) -> None:
            if "tenant_id" in case.path_parameters:
                case.path_parameters["tenant_id"] = "acme"

        def get_call_kwargs(self, case: Case) -> dict[str, Any]:
            return {"headers": checker.key}

        def validate_response(self, response: Response, case: Case, **_: Any) -> None:
            checker.judge(response, case)

    Sequence.run(settings=settings(examples(12, hostile=True), stateful_step_count=STEPS))


@pytest.mark.slow
def test_enough_requests_were_answered(checker: Checker) -> None:
    """Of the requests above none was a server error, and nearly every operation succeeded once."""
    answers = checker.statuses
    operations = [result.ok().label for result in checker.schema.get_all_operations()]
    assert sum(map(len, answers.values())) >= MIN_REQUESTS
    assert max(status for statuses in answers.values() for status in statuses) < 500
    succeeded = [label for label in operations if {200, 202} & set(answers[label])]
    assert len(succeeded) >= MIN_SHARE_ANSWERED * len(operations), answers.keys()


RESTORED = """
import importlib
from hypothesis import given, strategies as st
from tests.api.test_openapi import REPLACED, restored_hypothesis

def parts():
    return [getattr(owner, name) for owner, name in REPLACED]

before = parts()
with restored_hypothesis():
    importlib.import_module("schemathesis.generation.hypothesis.builder")
    assert all(old is not new for old, new in zip(before, parts(), strict=True))
assert parts() == before

@given(st.integers())
def is_wrong(number):
    assert number < 1000

is_wrong()
"""


@pytest.mark.slow
def test_later_tests_print_their_examples() -> None:
    """A test that fails after these has its arguments in the report."""
    done = subprocess.run(
        [sys.executable, "-c", RESTORED], capture_output=True, text=True, check=False
    )
    assert "number=1000" in done.stderr
