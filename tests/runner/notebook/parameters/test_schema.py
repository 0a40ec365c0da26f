"""Typed parameters: the values of each type, and all problems reported before a kernel runs."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from securenet_obs.errors import ParametersError
from securenet_obs.runner.notebook.parameters.cell import read_schema
from securenet_obs.runner.notebook.parameters.schema import as_text, secrets_in
from securenet_obs.runner.notebook.parameters.secret import Secret

CELL = """from typing import Annotated, Literal
from securenet_obs.runner import Secret
tenant: str = "tenant-a"  # whose canaries
count: Annotated[int, Field(ge=1, le=9)] = 3  # how many canaries
deadline_s: float = 20.0  # seconds to wait
strict: bool = False
day: date = date(2026, 1, 2)
at: datetime = datetime(2026, 1, 2, 3, 4)
window: timedelta = timedelta(minutes=5)
mode: Literal["a", "b", 3] = "a"
limit: int | None = None
label: Optional[str] = None
names: list[str] = ["x"]
weights: dict[str, float] = {"x": 1.5}
token: Secret = Secret("secret:API_TOKEN")  # may read
must: int  # no default
"""


@pytest.mark.parametrize(
    ("assignment", "expected"),
    [
        ("tenant=00123", "00123"),
        ("tenant=a=b 'c' \"d\"\n{e} \\n", "a=b 'c' \"d\"\n{e} \\n"),
        ("tenant=", ""),
        ("count=9", 9),
        ("deadline_s=1e-1", 0.1),
        ("strict=true", True),
        ("strict=0", False),
        ("day=2026-11-23", dt.date(2026, 11, 23)),
        ("at=2026-11-23T04:05:06Z", dt.datetime(2026, 11, 23, 4, 5, 6, tzinfo=dt.UTC)),
        ("window=PT90S", dt.timedelta(seconds=90)),
        ("window=01:00:00", dt.timedelta(hours=1)),
        ("mode=b", "b"),
        ("mode=3", 3),
        ("limit=5", 5),
        ("limit=null", None),
        ("label=null", "null"),
        ('names=["a", "b=c"]', ["a", "b=c"]),
        ('weights={"y": 2}', {"y": 2.0}),
        ("token=secret:OTHER", Secret("secret:OTHER")),
    ],
)
def test_a_value_arrives_as_its_type_has_it(assignment: str, expected: Any) -> None:
    """Each type accepts its own format, and a str accepts any text."""
    value = read_schema(CELL).parse([assignment, "must=1"])[assignment.partition("=")[0]]
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(
    "assignment",
    [
        "count=abc", "count=0", "count=10", "count=1.5", "count=", "deadline_s=nan",
        "deadline_s=inf", "strict=maybe", "day=yesterday", "window=soon", "mode=c", "limit=x",
        "names=a,b", "names=[1]", 'weights={"y": "z"}', "nobody=1", "tenant",
    ],
)  # fmt: skip
def test_values_of_another_type_are_refused(assignment: str) -> None:
    """Unknown names, wrong types, values out of range and missing equals signs are refused."""
    with pytest.raises(ParametersError, match=assignment.partition("=")[0]):
        read_schema(CELL).parse([assignment, "must=1"])


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("burst=abc", "burst: 'abc' is not an integer; for instance: -p burst=10"),
        (" burst =abc", "burst: 'abc' is not an integer; for instance: -p burst=10"),
        ("burst='5'", "burst: \"'5'\" is not an integer; for instance: -p burst=10"),
        ("strict=maybe", "strict: 'maybe' is not a boolean; for instance: -p strict=false"),
        ("count=x y", "count: 'x y' is not an integer; for instance: -p count=3"),
        ("mode=c", "mode: 'c' is not one of 'a', 'b', 3; for instance: -p mode=a"),
        ("limit=x", "limit: 'x' is not an integer or null; for instance: -p limit=10"),
        ("day=soon", "day: 'soon' is not a date; for instance: -p day=2026-01-02"),
        ("at=", "at: '' is not a date with a time; for instance: -p at=2026-01-02T03:04:00"),
        ("window=soon", "window: 'soon' is not a duration; for instance: -p window=PT300S"),
        ("names=a,b", "names: 'a,b' is not a JSON list; for instance: -p 'names=[\"x\"]'"),
        ("weights=1", "weights: '1' is not a JSON object; for instance: -p 'weights={\"x\": 1.5}'"),
    ],
)
def test_a_refusal_has_the_value_the_type_and_an_example(assignment: str, message: str) -> None:
    """The example can be pasted: it is a value of this parameter, quoted for a shell."""
    with pytest.raises(ParametersError) as caught:
        read_schema("burst: int = 10\n" + CELL).parse([assignment, "must=1"])
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("assignment", "reason"),
    [
        ("count=0", "'0' is refused: should be greater than or equal to 1"),
        ("deadline_s=nan", "'nan' is refused: should be a finite number"),
        ("names=[1]", "'[1]' is refused: 0 should be a valid string"),
        ("tenat=1", "tenat: unknown. Did you mean tenant"),
        ("tenant", "'tenant' is not name=value; for instance: -p tenant=tenant-a"),
        ("=3", "there is no name before the = of a value; for instance: -p tenant=tenant-a"),
        (" =hunter2", "there is no name before the = of a value; for instance: -p"),
    ],
)
def test_a_refusal_has_the_reason_where_the_type_is_right(assignment: str, reason: str) -> None:
    """The message has the specific reason: a range, an element of a list, or a name."""
    with pytest.raises(ParametersError) as caught:
        read_schema(CELL).parse([assignment, "must=1"])
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["count=3", "count=4"], "count: given twice ('3', '4'); give it once"),
        (["count=3", " count =3"], "count: given twice ('3'); give it once"),
        (["count=3", "count=x", "count=5"], "count: given 3 times ('3', 'x', '5'); give it once"),
        (
            ["token=secret:ONE", "token=hunter2"],
            "token: given twice ('secret:ONE', [redacted]); give it once",
        ),
        (["mus=1", "mus=2"], "mus: unknown. Did you mean must"),
        (["must=x"], "must: 'x' is not an integer; for instance: -p must=10"),
    ],
)
def test_a_parameter_is_given_once(given: list[str], message: str) -> None:
    """A repeated parameter is refused, and is not reported as missing as well."""
    with pytest.raises(ParametersError) as caught:
        read_schema(CELL).parse([*given, *([] if "must" in given[0] else ["must=1"])])
    (line,) = str(caught.value).splitlines()
    assert line.startswith(message)


@pytest.mark.parametrize("text", ["password=hunter2", "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc"])
def test_a_refusal_holds_no_secret(text: str) -> None:
    """A secret that was given to the wrong parameter is masked, and long values are cut."""
    with pytest.raises(ParametersError) as caught:
        read_schema("count: int = 3\napi_token: int = 4\n").parse(
            [f"count={text}", "api_token=hunter2", f"{text}=1"]
        )
    assert "hunter2" not in str(caught.value)
    assert "4eC39" not in str(caught.value)
    with pytest.raises(ParametersError) as caught:
        read_schema("count: int = 3").parse(["count=" + "x" * 10_000])
    assert len(str(caught.value)) < 200


def test_every_problem_is_named_at_once() -> None:
    """One error lists all problems, missing required parameters included."""
    with pytest.raises(ParametersError) as caught:
        read_schema(CELL).parse(["count=abc", "nobody=1", "strict=maybe"])
    assert [line.partition(":")[0] for line in str(caught.value).splitlines()] == [
        "count", "nobody", "strict", "must",
    ]  # fmt: skip


def test_a_secret_takes_a_reference_and_never_repeats_a_value() -> None:
    """A value in place of a reference is refused, and the message does not repeat it."""
    with pytest.raises(ParametersError, match="secret:NAME") as caught:
        read_schema(CELL).parse(["token=hunter2-hunter2", "must=1"])
    assert "hunter2" not in str(caught.value)


def test_a_record_of_parameters_holds_references() -> None:
    """A secret is recorded as its reference, at any depth."""
    token = Secret("secret:API_TOKEN")
    assert as_text({"a": [token], "day": dt.date(2026, 1, 2), "s": dt.timedelta(seconds=2)}) == {
        "a": ["secret:API_TOKEN"], "day": "2026-01-02", "s": 2.0,
    }  # fmt: skip
    assert secrets_in({"a": [token], "b": {"c": token}}) == [token, token]


def test_bad_parameters_exit_2_and_run_nothing(
    write_notebook: Callable[..., Path], command_line: Callable[..., Any], tmp_path: Path
) -> None:
    """`run` reports every problem with exit code 2, and leaves no evidence."""
    path = write_notebook("1 / 0", parameters="n: int = 1")
    answer = command_line("run", path, "-p", "n=abc", "-p", "m=1")
    assert answer.returncode == 2
    assert "n:" in answer.stderr
    assert "m: unknown" in answer.stderr
    assert not (tmp_path / "evidence").exists()
