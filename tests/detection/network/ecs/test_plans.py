"""Plans for the shapes of records."""

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from securenet_obs.detection.network.ecs.mapping import load_families, project
from securenet_obs.detection.network.ecs.plans import MAX_PLANS, Mapper
from securenet_obs.errors import RecordError
from tests.searching import examples

FLOW = next(family for family in load_families() if family.name == "flow")


def test_each_value_is_in_ecs_or_unknown() -> None:
    """A value that its field cannot hold, or that lost to another, keeps its own name."""
    record = {"src_ip": "10.0.0.1", "src": "10.0.0.9", "dest_ip": "host", "x": {"y": 1}}
    fields = Mapper(FLOW.log_type("")).map(record)
    assert fields["source.ip"] == "10.0.0.1"
    assert fields["flow"] == {"src": "10.0.0.9", "dest_ip": "host", "x": {"y": 1}}


def test_objects_are_searched_for_mapped_fields() -> None:
    """A nested field is found; what else is in its object stays there."""
    record = {"src_ip": "10.0.0.1", "flow": {"bytes_toserver": 7, "age": 1}}
    fields = Mapper(FLOW.log_type("")).map(record)
    assert (fields["source.bytes"], fields["flow"]) == (7, {"flow": {"age": 1}})


def test_a_known_value_without_fields_is_not_any_other() -> None:
    """A projection leaves the fields of a value out, and not those of any other value."""
    answers = {"ok": {"event.outcome": "success"}, "": {"event.type": ["denied"]}}
    log_type = replace(FLOW.log_type(""), event={}, values={"answer": answers})
    for only in (frozenset({"event.type"}), frozenset({"event.type", "event.outcome"})):
        mapper = Mapper(project(log_type, only), keeps_unknown=False)
        assert "event.type" not in mapper.map({"answer": "ok"})
        assert mapper.map({"answer": "no"})["event.type"] == ["denied"]


def test_plans_are_forgotten_before_they_fill_the_memory() -> None:
    """A file may have any number of shapes."""
    mapper = Mapper(FLOW.log_type(""))
    for number in range(MAX_PLANS + 10):
        mapper.map({"src_ip": "10.0.0.1", f"field {number}": 1})
    assert len(mapper._plans) <= MAX_PLANS


NAMES = st.sampled_from([*FLOW.log_type("").rules, "x", "flow", "y"])
VALUES = st.none() | st.booleans() | st.integers() | st.text(max_size=6) | st.just("10.0.0.1")


@examples(50)
@given(st.lists(st.dictionaries(NAMES, VALUES, max_size=6), max_size=6))
def test_a_plan_fits_every_record_of_its_shape(records: list[dict[str, Any]]) -> None:
    """The fields of a record do not depend on the records before it."""
    mapper = Mapper(FLOW.log_type(""))
    for record in records:
        assert outcome(mapper, record) == outcome(Mapper(FLOW.log_type("")), record)


def outcome(mapper: Mapper, record: dict[str, Any]) -> object:
    """Return the fields of a record, or the reason to reject it."""
    try:
        return mapper.map(record)
    except RecordError as error:
        return str(error)
