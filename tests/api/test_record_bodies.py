"""Bodies with network records, in every format that a sensor or a cloud writes."""

import json
from typing import Any

import pytest

from securenet_obs.api.strict_json import MAX_ITEMS
from tests.detection.network.readers.test_streams import ROW, ZEEK
from tests.detection.network.test_records import CLOUDTRAIL

PATH = "/v1/tenants/acme/logs"


def test_a_file_of_cloudtrail_is_a_batch(api: Any) -> None:
    """The object's records are those of the batch."""
    sent = api.client.post(PATH, json={"Records": [CLOUDTRAIL] * 3})
    assert (sent.status_code, sent.json()["records"]) == (202, 3)


@pytest.mark.parametrize(
    "body", [CLOUDTRAIL, {"Records": {}}, {"records": []}, "text", 7], ids=repr
)
def test_another_value_is_refused_with_both_forms(api: Any, body: Any) -> None:
    """422 names them, and repeats no value."""
    sent = api.client.post(PATH, json=body)
    assert sent.status_code == 422
    (problem,) = sent.json()["detail"]
    assert problem["loc"] == ["body"]
    assert "an array of records, or an object with an array named Records" in problem["msg"]


def test_both_forms_have_the_same_limit(api: Any) -> None:
    """A batch has at most `MAX_ITEMS` records."""
    records = [0] * (MAX_ITEMS + 1)
    for body in (records, {"Records": records}):
        assert api.client.post(PATH, json=body).status_code == 422
    assert api.client.post(PATH, json={"Records": records[1:]}).status_code == 202


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-ndjson", ""])
def test_a_text_is_refused_with_the_way_to_import_it(api: Any, media_type: str) -> None:
    """415: Zeek's tables and JSON lines are read from files."""
    headers = {"Content-Type": media_type} if media_type else {}
    sent = api.client.post(PATH, content=ZEEK + ROW, headers=headers)
    assert sent.status_code == 415
    assert "securenet-obs logs import" in sent.json()["detail"]


@pytest.mark.parametrize("media_type", ["application/json; charset=utf-8", "Application/ECS+JSON"])
def test_every_media_type_of_json_is_read(api: Any, media_type: str) -> None:
    """With parameters, and with a suffix."""
    content = json.dumps([CLOUDTRAIL])
    sent = api.client.post(PATH, content=content, headers={"Content-Type": media_type})
    assert sent.status_code == 202
