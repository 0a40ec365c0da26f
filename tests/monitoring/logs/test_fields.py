"""Fields that are set aside."""

from typing import Any

from securenet_obs.monitoring.logs.fields import set_aside


def test_a_field_is_renamed_until_its_name_is_free() -> None:
    """No other field is overwritten."""
    event: dict[str, Any] = {"level": 1, "extra_level": 2, "extra_extra_level": 3, "other": 4}
    set_aside(event, "level")
    assert event == {
        "extra_level": 2, "extra_extra_level": 3, "extra_extra_extra_level": 1, "other": 4,
    }  # fmt: skip
