"""Recognition of inventories; folders."""

import json
from pathlib import Path

import pytest

from securenet_obs.detection.vulnerabilities.inventory import read_document, read_inventory
from securenet_obs.errors import InventoryError

FILES = {
    "requirements.txt": "a==1\n",
    "any.txt": "# purls\npkg:pypi/a@1\n",
    "uv.lock": '[[package]]\nname = "a"\nversion = "1"\n',
    "lock.json": json.dumps(
        {"lockfileVersion": 3, "packages": {"node_modules/a": {"version": "1"}}}
    ),
    "x.json": json.dumps(
        {"bomFormat": "CycloneDX", "specVersion": "1.5",
         "components": [{"type": "library", "name": "a", "purl": "pkg:pypi/a@1"}]}
    ),
    "list.json": '["pkg:pypi/a@1"]',
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_the_content_decides_about_the_format(name: str, tmp_path: Path) -> None:
    """A file has the one component, whatever its name."""
    path = tmp_path / "inventory"
    path.write_text(FILES[name], encoding="utf-8-sig")
    (component,) = read_inventory(path).components
    assert (component.name, component.version) == ("a", "1")


def test_a_folder_is_read_with_its_folders(tmp_path: Path) -> None:
    """Each known name is read once, an included file too; a broken file is a problem."""
    (tmp_path / "app").mkdir()
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "app" / "requirements.txt").write_text(
        "a==1\n-r requirements-more.txt\n-r no.txt\n"
    )
    (tmp_path / "app" / "requirements-more.txt").write_text("b==2\n-r requirements.txt\n")
    (tmp_path / "uv.lock").write_text("[[package")
    (tmp_path / "node_modules" / "package-lock.json").write_text("{}")
    inventory = read_inventory(tmp_path)
    assert sorted(row.name for row in inventory.components) == ["a", "b"]
    assert sorted(row.place for row in inventory.problems) == ["app/requirements.txt:3", "uv.lock"]


@pytest.mark.parametrize("content", [b"{", b'{"a": 1}', b'"text"', b"\xff\xfe", b"[" * 100_000])
def test_another_file_is_refused(content: bytes, tmp_path: Path) -> None:
    """A file in no known format has an error that names it."""
    path = tmp_path / "x.json"
    path.write_bytes(content)
    with pytest.raises(InventoryError, match=r"x\.json"):
        read_inventory(path)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    """A folder without an inventory is not an empty inventory."""
    with pytest.raises(InventoryError, match="has no inventory"):
        read_inventory(tmp_path)


def test_a_document_is_read_as_a_file() -> None:
    """A parsed document has the same formats, and an object with a list of purls."""
    assert (
        read_document({"purls": ["pkg:pypi/a@1"]}, "body").components[0].place == "body: purls[0]"
    )
    with pytest.raises(InventoryError, match="body is neither"):
        read_document(7, "body")


def test_a_text_without_any_entry_is_refused(tmp_path: Path) -> None:
    """Prose is not an inventory of which each line is a problem."""
    path = tmp_path / "readme"
    path.write_text("This is prose.\nIt has lines.\n")
    with pytest.raises(InventoryError, match="readme: no entry can be read; readme:1"):
        read_inventory(path)
    path.write_text("# none\n")
    assert read_inventory(path).components == []
