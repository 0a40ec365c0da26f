"""The route of a tenant's package inventory."""

from typing import Any

import pytest

PATH = "/v1/tenants/acme/inventory"


def test_an_inventory_is_stored_with_its_problems(api: Any) -> None:
    """The answer has its number; the same document again changes nothing."""
    purls = ["pkg:pypi/django@3.2", "pkg:pypi/flask", "nonsense"]
    answer = api.client.put(PATH, json=purls, headers=api.bearer("acme"))
    assert answer.status_code == 200
    stored = answer.json()
    assert (stored["components"], stored["unjudged"], stored["changed"]) == (2, 1, True)
    assert [row["place"] for row in stored["problems"]] == ["body[2]"]
    again = api.client.put(PATH, json=purls, headers=api.bearer("acme")).json()
    assert again == {**stored, "changed": False}
    line = next(row for row in api.lines() if row["event"] == "inventory_stored")
    assert (line["tenant_id"], line["components"]) == ("acme", 2)


@pytest.mark.parametrize(
    "document", [{}, 7, "text", {"bomFormat": "CycloneDX", "specVersion": "9"}]
)
def test_another_document_is_refused(api: Any, document: Any) -> None:
    """Each reason is one of a format in the body."""
    answer = api.client.put(PATH, json=document, headers=api.bearer("acme"))
    assert answer.status_code == 422
    assert {problem["loc"][0] for problem in answer.json()["detail"]} == {"body"}


@pytest.mark.parametrize(
    "document",
    [
        {
            "bomFormat": "CycloneDX",
            "specVersion": "1.6",
            "components": [{"type": "library", "name": "a", "purl": "pkg:pypi/a@1"}],
        },
        {"lockfileVersion": 3, "packages": {"node_modules/a": {"version": "1.0.0"}}},
    ],
)
def test_documents_are_read_whole(api: Any, document: Any) -> None:
    """A bill of materials and a lock of npm keep all their fields."""
    stored = api.client.put(PATH, json=document, headers=api.bearer("acme")).json()
    assert (stored["components"], stored["unjudged"]) == (1, 0)


def test_it_belongs_to_the_keys_tenant(api: Any) -> None:
    """Another tenant's key, or none, is refused before the body is read."""
    assert api.client.put(PATH, json=[], headers=api.bearer("first")).status_code == 403
    assert api.client.put(PATH, json=[], headers={"Authorization": ""}).status_code == 401
