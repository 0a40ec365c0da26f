"""A refusal has the value, the type and an example, and never a secret."""

import pytest

from securenet_obs.errors import ParametersError
from securenet_obs.runner.notebook.parameters.cell import read_schema
from tests.runner.notebook.parameters.conftest import CELL


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
        (
            "day=soon",
            "day: 'soon' is not a date; for instance: -p day=2026-01-02; "
            "also today, yesterday, tomorrow, -7d (d, w)",
        ),
        (
            "at=-1x",
            "at: '-1x' is not a date with a time; for instance: -p at=2026-01-02T03:04:00; "
            "also now, today, yesterday, tomorrow, -1h30m (s, m, h, d, w), 2026-11-25",
        ),
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
        ("at=20261125", "'20261125' is refused: a number is Unix time in seconds, from 1000000000"),
        ("at=-99999999w", "'-99999999w' is refused: out of range (datetime); for instance"),
        ("day=+999999999999999d", "is refused: out of range (date); for instance"),
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


def test_a_refusal_by_a_union_names_no_function_of_ours() -> None:
    """The path of a fault in a union begins with the member's validators."""
    with pytest.raises(ParametersError, match="dates; a number is Unix time in seconds"):
        read_schema("at: date | datetime").parse(["at=5"])


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


def test_a_secret_takes_a_reference_and_never_repeats_a_value() -> None:
    """A value in place of a reference is refused, and the message does not repeat it."""
    with pytest.raises(ParametersError, match="secret:NAME") as caught:
        read_schema(CELL).parse(["token=hunter2-hunter2", "must=1"])
    assert "hunter2" not in str(caught.value)
