"""Changes in code of other packages that ours overrides are found before they are installed."""

import ast
import inspect
import os
import re
import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.forked_python import ForkedPython
from tests.overrides import (
    COMPUTED,
    OWNERS,
    ROOT,
    Definitions,
    computes_names,
    definitions,
    differences,
    dump,
    foreign,
    is_private,
    load,
    our_files,
    overriding,
    private_imports,
    read,
    replaced,
    source,
    uses,
)


def test_the_code_that_ours_overrides_is_as_recorded() -> None:
    """The installed code equals the record; each difference names the module of ours to adapt."""
    assert differences(load(), uses()) == []


NAMES = """
import sys
from tests.overrides import classes
assert len(list(classes())) > 300
print([name for name in sys.modules if name.endswith((".bugsink_server", "gunicorn_config"))])
"""


def test_no_program_is_imported(python: ForkedPython) -> None:
    """The import of gunicorn's settings would configure the process's logs."""
    # In a process of its own: another test of this one may have imported them.
    done = python.run(["-c", NAMES], cwd=ROOT, env=os.environ)
    assert (done.stdout, done.returncode) == ("[]\n", 0), done.stderr


CHANGED = {
    "celery.concurrency.asynpool:AsynPool.flush": (
        "if not job._accepted:",
        "if not job._accepted and not job._write_to:",
        "securenet_obs.workers.celery_fixes.pool",
    ),
    "celery.backends.base:BaseKeyValueStoreBackend._store_result": (
        "meta['task_id'] = bytes_to_str(task_id)",
        "meta['id'] = bytes_to_str(task_id)",
        "securenet_obs.workers.celery_fixes.backend",
    ),
    "billiard.pool:ApplyResult._write_to": (
        "    _write_to = None",
        "    _write_to = ()",
        "securenet_obs.workers.celery_fixes.pool",
    ),
    "kombu.transport.redis:MultiChannelPoller._register_BRPOP": (
        "ident = channel, channel.client, 'BRPOP'",
        "ident = channel, channel.client, 'BLMOVE'",
        "securenet_obs.workers.celery_fixes.transport",
    ),
    "jupyter_client.manager:KernelManager._async_finish_shutdown": (
        "pollinterval: float = 0.1,",
        "pollinterval: float = 0.2,",
        "securenet_obs.runner.kernel.launch",
    ),
    "ipykernel.kernelbase:Kernel._progressively_terminate_all_children": (
        "sleeps = (0.01, 0.03, 0.1, 0.3, 1, 3, 10)",
        "sleeps = (0.01, 0.03, 0.1)",
        "securenet_obs.runner.kernel.main",
    ),
    "nbclient.client:NotebookClient._async_handle_timeout": (
        "if self.interrupt_on_timeout:",
        "if self.interrupts:",
        "securenet_obs.runner.child.engine",
    ),
    "sentry_sdk.utils:exceptions_from_error_tuple": (
        "is_exception_group = BaseExceptionGroup is not None",
        "is_exception_group = bool(BaseExceptionGroup)",
        "securenet_obs.monitoring.sentry.events.exceptions.sdk_functions",
    ),
    "sentry_sdk.utils:exc_info_from_error": (
        "isinstance(error, tuple) and len(error) == 3",
        "isinstance(error, tuple)",
        "securenet_obs.monitoring.sentry.events.exceptions.sdk_functions",
    ),
    "sentry_sdk.utils:reraise": (
        "value.__traceback__ is not tb",
        "value.__traceback__ != tb",
        "securenet_obs.monitoring.sentry.events.exceptions.sdk_functions",
    ),
    "sentry_sdk.crons.utils:_get_interval_schedule": (
        "seconds",
        "second",
        "securenet_obs.monitoring.sentry.tracing.beat_monitors",
    ),
    "sentry_sdk.integrations.celery.beat:_get_monitor_config": (
        "_get_interval_schedule(",
        "_interval(",
        "securenet_obs.monitoring.sentry.tracing.beat_monitors",
    ),
    "celery.apps.worker:safe_say": (
        "f=sys.__stderr__",
        "f=sys.stderr",
        "securenet_obs.monitoring.worker_messages",
    ),
    "IPython.core.alias:AliasManager.define_alias": (
        "Alias(",
        "Another(",
        "securenet_obs.runner.kernel.shell",
    ),
    "sentry_sdk.transport:HttpTransport._make_pool": (
        "urllib3.PoolManager(**opts)",
        "urllib3.PoolManager()",
        "securenet_obs.monitoring.sentry.delivery.transport",
    ),
}


@pytest.mark.parametrize("name", CHANGED)
def test_a_changed_line_is_found(name: str, tmp_path: Path) -> None:
    """A changed line in a module's copy is reported with the module of ours that overrides it."""
    before, after, ours = CHANGED[name]
    module = name.partition(":")[0]
    copy = tmp_path / "copy.py"
    copy.write_text(changed(source(module), name, before, after))
    lines = differences(load(), uses(), with_copy(module, copy.read_text()))
    assert [line for line in lines if f" {name} " in line and ours in line] == lines != []
    assert "python -m tests.overrides --record" in lines[0]


def changed(text: str, name: str, before: str, after: str) -> str:
    """Return a module's source with one line of a definition changed."""
    node = Definitions(text).node(name.partition(":")[2])
    lines = text.splitlines(keepends=True)
    part = "".join(lines[node.lineno - 1 : node.end_lineno])
    assert before in part
    lines[node.lineno - 1 : node.end_lineno] = [part.replace(before, after, 1)]
    return "".join(lines)


def with_copy(module: str, text: str) -> Callable[[str], Definitions]:
    """Return a function that finds the definitions in a module's copy; others are as installed."""
    copy = Definitions(text)
    return lambda name: copy if name == module else definitions(name)


def test_a_removed_definition_is_found() -> None:
    """A removed definition is reported, since ours would override nothing."""
    module = "celery.concurrency.asynpool"
    text = source(module).replace("_help_stuff_finish", "_help")
    lines = differences(load(), uses(), with_copy(module, text))
    assert [line for line in lines if "removed" in line and "_help_stuff_finish" in line]


def test_comments_docstrings_and_formatting_do_not_matter() -> None:
    """Every recorded module equals the record after a change of docstrings and formatting."""

    @cache
    def find(module: str) -> Definitions:
        return Definitions(reformatted(source(module)))

    assert differences(load(), uses(), find) == []


def reformatted(text: str) -> str:
    """Return source with other docstrings, no comments, and formatted anew."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(node):
            node.body[0] = ast.Expr(ast.Constant("Another docstring."))
    return ast.unparse(tree)


def test_f_strings_are_the_same_in_every_python() -> None:
    """An f-string has one dump; its tokens, `ast.unparse` and the tree of 3.12.1 differ."""
    assert dump(ast.parse("f'{a!r:>{b}} {{c}}'").body[0]) == (
        "Expr(value=JoinedStr(values=[FormattedValue(conversion=114, format_spec=JoinedStr("
        "values=[Constant(value='>'), FormattedValue(conversion=-1, value=Name(id='b'))]), "
        "value=Name(id='a')), Constant(value=' {c}')]))"
    )


def test_a_new_override_must_be_recorded() -> None:
    """An unrecorded override is reported, with the request to state its upstream issue."""
    name = "celery.concurrency.asynpool:AsynPool.flush"
    recorded = load()
    del recorded["celery"]["digests"][name]
    (line,) = differences(recorded, uses())
    assert line.startswith(f"securenet_obs.workers.celery_fixes.pool uses {name}: state its")


def test_an_override_that_is_gone_must_be_forgotten() -> None:
    """A recorded definition that ours no longer uses is reported."""
    name = "celery.concurrency.asynpool:AsynPool.flush"
    (line,) = differences(load(), {key: ours for key, ours in uses().items() if key != name})
    assert line.startswith(f"{name} is recorded and no longer used")


def test_a_private_attribute_of_another_object_is_found() -> None:
    """Reads, writes and names are found; own attributes and documented ones are excluded."""
    text = "a._b = self._c + d()._e + super()._f + os._exit\nsetattr(g, '_h', 1)"
    assert read(text) == {"_b", "_e", "_h"}


def test_the_owner_of_every_private_attribute_is_known() -> None:
    """`OWNERS` lists exactly the private attributes that ours uses of other objects."""
    assert set().union(*(read(file.read_text()) for file in our_files())) == OWNERS.keys()


def test_a_replaced_attribute_is_found() -> None:
    """Assignments to modules and classes, and `setattr`; objects of our own are excluded."""
    text = (
        "import celery.apps.worker\nfrom celery.apps import worker as w\n"
        "from kombu.connection import Connection\nimport json\n"
        "w.safe_say = print\nConnection.connect: int = 1\nw.EXIT, x = 1, 2\n"
        "celery.apps.worker.logger += 1\nsetattr(Connection, 'port', 3)\n"
        "json.dumps = ours.x = self.y = w.safe_say\n"
    )
    assert set(replaced(text)) == {
        "celery.apps.worker:safe_say",
        "celery.apps.worker:EXIT",
        "celery.apps.worker:logger",
        "kombu.connection:Connection.connect",
        "kombu.connection:Connection.port",
    }


def test_every_module_that_computes_names_is_known() -> None:
    """`COMPUTED` lists exactly the modules that set attributes of others by computed names."""
    found = {
        ".".join(file.relative_to(ROOT).with_suffix("").parts)
        for file in our_files()
        if computes_names(file.read_text())
    }
    assert found == COMPUTED.keys()


def test_a_private_import_is_found() -> None:
    """Private imports from other packages are found, and those from Python are not."""
    assert private_imports("from celery.app import _x\nfrom _thread import lock") == {
        "celery.app:_x"
    }


def test_each_overriding_class_states_its_upstream_issue() -> None:
    """The docstring has the upstream issue, and when the override can be removed."""
    silent = [f"{each.__module__}.{each.__qualname__}" for each in overriding() if not states(each)]
    assert silent == []


def states(ours: type) -> bool:
    """Return whether a class has a paragraph on its upstream issue, with the condition."""
    paragraphs = inspect.cleandoc(ours.__doc__ or "").split("\n\n")
    return any(
        paragraph.startswith("Upstream: ") and re.search(r"\bcan\s+go\b|\bstays\b", paragraph, re.I)
        for paragraph in paragraphs
    )


def test_a_class_without_its_issue_is_found() -> None:
    """An upstream issue without a condition for the removal is not sufficient."""
    assert not states(type("A", (), {"__doc__": "A.\n\nUpstream: a/b#1, open."}))
    assert states(type("B", (), {"__doc__": "B.\n\nUpstream: a/b#1, open. It can\ngo with it."}))


def privately_used() -> set[str]:
    """Return the distributions with private parts that ours overrides, reads or replaces."""
    parts = [name for name in uses() if is_private(name.rpartition(".")[2])]
    owners = [owner for each in OWNERS.values() for owner in each]
    return {foreign(name.partition(":")[0]) for name in (*parts, *owners)}


def test_packages_with_used_private_parts_have_an_upper_bound() -> None:
    """A new release of such a package is tested here before it can be installed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    lines = [*project["dependencies"], *(line for extra in extras for line in extra)]
    bounded = {
        canonicalize_name(requirement.name)
        for requirement in map(Requirement, lines)
        if any(each.operator in {"<", "<=", "~="} for each in requirement.specifier)
    }
    used = privately_used()
    assert {"billiard", "celery", "ipykernel", "jupyter-client", "kombu", "nbclient"} <= used
    assert used - bounded == set()
