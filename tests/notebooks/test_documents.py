"""The project's notebooks as documents: properties that readers can rely on in each of them."""

import ast
import re
from pathlib import Path

import nbformat
import pytest

from securenet_obs.checks import CHECK_MIME
from securenet_obs.runner.notebook.catalog import read_notebook

PROJECT = Path(__file__).parents[2]
VALIDATIONS = sorted(PROJECT.glob("notebooks/*.ipynb"))
NOTEBOOKS = [*VALIDATIONS, *sorted(PROJECT.glob("runbooks/*.ipynb"))]
JUDGING = [path for path in NOTEBOOKS if path != PROJECT / "runbooks" / "00_start_here.ipynb"]
IMPORTABLE = {
    *("checks", "monitoring", "oncall", "plots", "probes", "runner"),
    *("settings", "tables", "walkthrough", "workers"),
}

CUT_OR_ABSENT = re.compile(r"\.\.\.|\b(?:nan|NaN|NaT|None|inf)\b|so it is")
"""Text that a reader cannot use: cut text, missing values, words in place of values."""

NEEDED = {
    "ApiClient": "api", "submit_logs": "tenant-keys", "wait_for_task": "tenant-keys worker",
    "run_tenant_load": "tenant-keys worker diagnostics", "attempt_forbidden_access": "tenant-keys",
    "plant_secrets": "api diagnostics", "raise_error": "diagnostics",
    "open_error_events": "read-events", "start_notebook_monitoring": "sentry", "log_source": "logs",
    "TaskProbe": "redis", "BrokerProbe": "redis", "read_redis_content": "redis",
    "run_round_trips": "worker", "workers": "worker", "wait_for_task_ends": "worker",
    "pools": "worker", "wait_for_hops": "worker", "wait_for_dispatch": "worker",
    "wait_for_beat_entry": "beat", "beat_tick": "beat", "wait_for_check_in": "check-ins",
    "open_telemetry": "read-events", "read_back_transactions": "transactions",
    "run_drills": "local-stack", "run_command": "local-stack", "register_tenant": "local-stack",
    "QueueIsGrowing": "redis worker", "WorkerIsGone": "redis",
    "wait_for_ledger": "redis worker logs",
    "LogsDoNotParse": "logs store",
    "SentryIsSilent": "sentry logs read-events",
    "ErrorsAreSpiking": "logs read-events",
    "TenantAsksWhatHappened": "redis logs store read-events",
    "WorkerAnswersButDoesNothing": "redis",
    "TaskIsPoisonous": "redis store",
    "ScheduleStopped": "redis store",
    "TasksRunTwice": "redis",
    "RedisRefusesWrites": "redis",
    "RedisIsFull": "redis",
    "RedisEvictedTasks": "redis",
    "TasksAreStuckUnacked": "redis",
    "CriticalVulnerabilityFound": "redis store worker",
    "SecretWasLogged": "redis store logs",
    "open_start_page": "redis api", "flush_sentry": "sentry",
    "StoreProbe": "store", "run_vulnerability_scan": "worker", "put_inventory": "tenant-keys",
}  # fmt: skip
"""Name that a notebook calls or reads -> the needs that it implies."""

every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
every_validation = pytest.mark.parametrize("path", VALIDATIONS, ids=lambda path: path.stem)


def code_cells(path: Path) -> list[nbformat.NotebookNode]:
    """Return a notebook's code cells."""
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


@every_notebook
def test_its_cells_are_short_and_explained(path: Path) -> None:
    """It starts with its title, and prose precedes at most three consecutive cells of code."""
    cells = nbformat.read(path, as_version=4).cells
    assert cells[0].cell_type == "markdown"
    assert cells[0].source.startswith("# ")
    kinds = "".join(cell.cell_type[0] for cell in cells)
    assert max(len(row) for row in kinds.split("m")) <= 3
    assert max(len(cell.source.splitlines()) for cell in code_cells(path)) <= 15


@every_notebook
def test_it_defines_nothing_and_imports_public_names(path: Path) -> None:
    """Definitions are in the library, where they are typed and tested."""
    trees = [ast.parse(cell.source) for cell in code_cells(path)]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
    assert [node for node in nodes if isinstance(node, definitions)] == []
    imports = [node for node in nodes if isinstance(node, ast.ImportFrom)]
    paths = [f"{node.module}.{alias.name}".split(".") for node in imports for alias in node.names]
    ours = [path for path in paths if path[0] == "securenet_obs"]
    assert {path[1] for path in ours} <= IMPORTABLE
    assert all(len(path) <= 3 for path in ours if path[1] != "workers")


@every_notebook
def test_every_parameter_has_a_type_and_a_help_text(path: Path) -> None:
    """The output of `show` for a parameter is sufficient to set it."""
    described = read_notebook(path).described()
    assert described["parameters"]
    assert [row["name"] for row in described["parameters"] if not row["help"]] == []


@pytest.mark.parametrize("path", JUDGING, ids=lambda path: path.stem)
def test_its_last_cell_is_the_verdict(path: Path) -> None:
    """No check follows the verdict."""
    holder = "runbook" if path.parent.name == "runbooks" else "checks"
    assert code_cells(path)[-1].source == f"{holder}.conclude()"


@every_notebook
def test_its_stored_outputs_are_whole(path: Path) -> None:
    """No table or check is cut, and absent values are words."""
    assert "format_tables" in " ".join(cell.source for cell in code_cells(path))
    outputs = [output for cell in code_cells(path) for output in cell.outputs]
    texts = [output.get("text", "") for output in outputs]
    texts += [str(content) for output in outputs for content in output.get("data", {}).values()]
    assert [text for text in texts if CUT_OR_ABSENT.search(text)] == []


@every_validation
def test_its_stored_outputs_are_of_one_real_run(path: Path) -> None:
    """Each cell was executed in order and without an error; nbval itself accepts unexecuted cells.

    No output and no execution count is stored for a cell whose output looks like a secret.
    """
    cells = code_cells(path)
    hidden = ["secret-output" in cell.metadata.get("tags", []) for cell in cells]
    counts = [None if hide else number for number, hide in enumerate(hidden, 1)]
    assert [cell.execution_count for cell in cells] == counts
    kinds = {output.output_type for cell in cells for output in cell.outputs}
    assert "error" not in kinds


@every_validation
def test_the_checks_it_declares_are_those_it_judges(path: Path) -> None:
    """The list in the metadata, which the runner enforces, equals the judged checks."""
    judged = [
        output.data[CHECK_MIME]["name"]
        for cell in code_cells(path)
        for output in cell.outputs
        if CHECK_MIME in output.get("data", {})
    ]
    assert judged == read_notebook(path).declared.checks


@every_notebook
def test_declared_needs_are_the_used_ones(path: Path) -> None:
    """Each call that needs a part of the target is declared, and each declared need is used."""
    nodes = [node for cell in code_cells(path) for node in ast.walk(ast.parse(cell.source))]
    used = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    used |= {node.id for node in nodes if isinstance(node, ast.Name)}
    words = {node.value for node in nodes if isinstance(node, ast.Constant)}
    expected = {need for name in used & NEEDED.keys() for need in NEEDED[name].split()}
    # Processes that are found by the name of their service.
    expected |= {need for need in ("worker", "beat") if f"securenet-{need}" in words}
    assert set(read_notebook(path).declared.all_needs) == expected


@pytest.mark.parametrize("path", [p for p in VALIDATIONS if p.stem[:2] in ("01", "06", "07")])
def test_needs_of_single_checks_are_optional(path: Path) -> None:
    """A need of single checks only is optional, so that it does not skip the whole notebook."""
    declared = read_notebook(path).declared
    skipped = [cell for cell in code_cells(path) if "checks.skip(" in cell.source]
    assert declared.optional_needs
    assert skipped
