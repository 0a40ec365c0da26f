"""CONTRIBUTING.md refers only to packages, floors, files, commands and names that exist."""

import ast
import re
import tomllib
from pathlib import Path

import click
import pytest

from securenet_obs.cli import cli
from securenet_obs.drills.doubt import KNOWN_FAULTS
from securenet_obs.settings import Settings

HERE = Path(__file__)
ROOT = HERE.parent.parent
PACKAGE = ROOT / "securenet_obs"
PAGE = (ROOT / "CONTRIBUTING.md").read_text()
QUOTED = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", PAGE, flags=re.DOTALL))
"""All text between backticks, except in code blocks."""
START_PAGE = "00_start_here"
"""The start page of each folder, which is not one of its validations or runbooks."""
SOURCES = {".py", ".ipynb"}


def rows(heading: str) -> dict[str, str]:
    """Return the table with this heading in its first column: first cell -> second cell."""
    table = PAGE.split(f"| {heading} |")[1].split("\n\n")[0]
    return dict(re.findall(r"^\| `([^`]+)` \| (.*?) \|", table, re.MULTILINE))


def first_line(path: Path) -> str:
    """Return the first line of a module's docstring."""
    docstring = ast.get_docstring(ast.parse(path.read_text()))
    assert docstring, path
    return docstring.splitlines()[0]


def test_the_tree_is_the_package() -> None:
    """Each package and each top-level module has a row with the first line of its docstring."""
    packages = [path.parent for path in PACKAGE.rglob("*/__init__.py")]
    tree = {
        f"{path.relative_to(PACKAGE).as_posix()}/": first_line(path / "__init__.py")
        for path in packages
    }
    modules = (path for path in PACKAGE.glob("*.py") if not path.stem.startswith("__"))
    tree |= {path.name: first_line(path) for path in modules}
    assert rows("in `securenet_obs/`") == tree


def test_the_folders_exist() -> None:
    """The first table names folders of the project."""
    named = rows("folder")
    assert named
    assert [folder for folder in named if not (ROOT / folder).is_dir()] == []


def test_every_module_has_its_test_file() -> None:
    """The tests of a module are in the file of its name; a module of constants may have none."""
    missing = []
    for path in PACKAGE.rglob("*.py"):
        place = path.relative_to(PACKAGE)
        mirrored = ROOT / "tests" / place.with_name(f"test_{place.name}")
        is_constants = not re.search(r"^(def|class) ", path.read_text(), re.MULTILINE)
        # Each is made by a fault, which `make doubt` rehearses.
        is_change = place.parent.as_posix() == "drills/doubt/changes" and place.stem != "program"
        if not (is_constants or is_change or place.stem == "__init__" or mirrored.exists()):
            missing.append(place.as_posix())
    # Alembic runs these; test_migration.py compares their tables with the classes.
    assert [name for name in missing if not name.startswith("store/migrations/")] == []


def test_the_floors_are_those_that_import_linter_guards() -> None:
    """The floors on the page are the import directions that `make lint` enforces."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contract = project["tool"]["importlinter"]["contracts"][0]
    floors = PAGE.split("```\n")[1].splitlines()
    assert floors == [layer.replace("securenet_obs.", "") for layer in contract["layers"]]


def test_every_path_exists() -> None:
    """Each mentioned file or folder exists, except those that a set-up creates."""
    named = {word for word in QUOTED if re.fullmatch(r"[\w.]+(?:/[\w.]+)+/?|\w+\.\w{2,5}", word)}
    named |= set(re.findall(r"(?:tests|notebooks|runbooks)/[\w./]+", " ".join(QUOTED)))
    assert len(named) > 20
    roots = (ROOT, PACKAGE)
    generated = {name for name in named if name.startswith((".venv/", ".securenet/"))}
    existing = {name for name in named if any((root / name).exists() for root in roots)}
    assert sorted(named - generated - existing) == []


@pytest.mark.parametrize("target", sorted(set(re.findall(r"`make (\w+)", PAGE))))
def test_every_make_target_exists(target: str) -> None:
    """Each target is in the Makefile, and so are the variables that the page sets for it."""
    makefile = (ROOT / "Makefile").read_text()
    assert f"\n{target}:" in makefile
    for variable in re.findall(rf"`make {target}[^`]* (\w+)=", PAGE):
        assert re.search(rf"^{variable} :=|\$\({variable}\)", makefile, re.MULTILINE)


def test_every_command_exists() -> None:
    """Each mentioned command of ours exists, and so does each of its options."""
    called = re.findall(r"\.venv/bin/securenet-obs (\w+)([^`]*)", PAGE)
    assert called
    for name, rest in called:
        command = cli.commands[name]
        if isinstance(command, click.Group):
            command = command.commands[rest.split()[0]]
        options = {word for param in command.params for word in param.opts}
        assert set(re.findall(r"(?<= )--?\w+", rest)) <= options, name


def test_every_name_is_in_the_sources() -> None:
    """Each mentioned class, function, test, variable or event still exists in the sources."""
    words = {re.split(r"[(.=:\[]", word)[0] for word in QUOTED if " " not in word}
    names = {word for word in words if re.fullmatch(r"_?[A-Za-z]+_\w+|[A-Z]\w+", word)}
    assert len(names) > 20
    places = [ROOT / name for name in ("securenet_obs", "tests", "notebooks", "runbooks")]
    files = [path for place in places for path in place.rglob("*") if path.suffix in SOURCES]
    text = "\n".join([*map(str, files), *(path.read_text() for path in files if path != HERE)])
    settings = {name.upper() for name in Settings.model_fields}
    missing = {name for name in names - settings if not re.search(rf"\b{name}\b", text)}
    assert missing == set()


def test_every_validation_has_faults() -> None:
    """Each validation notices a known fault; without one its checks would never be seen red."""
    noticing = {alarm.notebook for fault in KNOWN_FAULTS.values() for alarm in fault.alarms}
    names = {path.stem for path in (ROOT / "notebooks").glob("*.ipynb")} - {START_PAGE}
    # The drills have faults of their own: their results are given to this notebook.
    assert names - noticing == {"09_the_stack_survives_faults"}


def test_every_runbook_has_its_test() -> None:
    """Each runbook has a test that follows it."""
    names = {path.stem for path in (ROOT / "runbooks").glob("*.ipynb")} - {START_PAGE}
    tested = {path.stem.removeprefix("test_") for path in (ROOT / "tests" / "runbooks").glob("*")}
    assert names - tested == set()


def test_the_readme_leads_here() -> None:
    """The README's section on development links to this page."""
    section = (ROOT / "README.md").read_text().split("\n## Development\n")[1]
    assert "(CONTRIBUTING.md)" in section
