"""Values of foreign documents."""

import pytest

from securenet_obs.api.alerts.alert import as_mapping, as_text


@pytest.mark.parametrize("value", [None, [], "text", 7])
def test_another_type_than_an_object_is_an_empty_one(value: object) -> None:
    assert as_mapping(value) == {}


def test_texts_and_numbers_are_texts() -> None:
    assert [as_text(value) for value in ("a", 7, 1.5, None, [], {})] == [
        "a",
        "7",
        "1.5",
        "",
        "",
        "",
    ]
