"""Bodies with network records: an array of them, or an object with the array `Records`."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from securenet_obs.api.strict_json import MAX_ITEMS

_NAME = "Records"
_ARRAY = {"type": "array", "items": {}, "maxItems": MAX_ITEMS}
_OBJECT = {
    "type": "object",
    "title": "Records",
    "description": "A file of AWS CloudTrail.",
    "properties": {_NAME: _ARRAY},
    "required": [_NAME],
}


def _records_of(body: Any) -> list[Any]:
    """Return the records of a body; their indices are those of the array in it."""
    records = body.get(_NAME) if isinstance(body, dict) else body
    if not isinstance(records, list):
        raise PydanticCustomError(
            "records_type",
            "Input should be an array of records, or an object with an array named Records",
        )
    return records


Records = Annotated[
    list[Any],
    BeforeValidator(_records_of),
    Field(max_length=MAX_ITEMS),
    WithJsonSchema({"anyOf": [_ARRAY, _OBJECT], "title": "Records"}),
]
"""Type of a body with at most `MAX_ITEMS` network records."""
