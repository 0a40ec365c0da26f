from array import array

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


@pytest.mark.parametrize(
    ("batches", "code"),
    [
        ([(1.5, 2.5), (3.5,)], "d"),
        ([(1, 2), (-(2**63), 2**63 - 1)], "q"),
        ([(1, 2), (2**63,)], ""),
        ([(2**63,), (1, 2)], ""),
        ([(1, 2), (2.5,)], ""),
        ([(2.5,), (1, 2)], ""),
        ([(1, 2), (True,)], ""),
        ([(1.5,), ("1.5",), (1.5,)], ""),
        ([(None,), (1,)], ""),
    ],
)
def test_numbers_of_one_type_are_an_array(batches: list[tuple[object, ...]], code: str) -> None:
    """An array holds them as long as there are only such; either way each value stays itself."""
    prepared, extended = Field(), Field()
    for values in batches:
        prepared.append_prepared(prepared.prepare(values) or pytest.fail("not simple"), len(values))
        start = len(extended.values)
        extended.extend(range(start, start + len(values)), values, set(map(type, values)))
    for field in (prepared, extended):
        assert repr(list(field.values)) == repr([one for values in batches for one in values])
        assert (field.values.typecode if isinstance(field.values, array) else "") == code
