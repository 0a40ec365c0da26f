import pytest

from securenet_obs.probes.logs.records.values import Field


def test_equal_texts_are_shared_only_with_texts() -> None:
    """A number that equals a text's number is not replaced, whatever came before."""
    field = Field()
    for values in (("1", "2", "1"), ("1", "1", "2"), ("1", "2", "3")):
        field.values.extend(field.prepare(values) or pytest.fail("not simple"))
    assert list(field.values) == ["1", "2", "1", "1", "1", "2", "1", "2", "3"]
    assert len(set(map(id, field.values))) == 3
    assert field.prepare(("1", [], "2")) is None
    assert field.prepare(("1", 1, True)) == ("1", 1, True)


def test_many_different_texts_are_not_shared() -> None:
    """A field of ids keeps no second table of them."""
    field = Field()
    for start in range(0, 5000, 100):
        texts = field.prepare(tuple(f"id {number}" for number in range(start, start + 100)))
        field.values.extend(texts or pytest.fail("not simple"))
    assert field._texts is None
