"""Definitions of other packages that ours overrides, reads or replaces, with recorded digests.

    python -m tests.overrides --record

Any release may change such code without notice. A digest of each definition is kept in
`overrides.json`, and `test_overrides.py` fails when the installed one differs. Digests are made
from syntax trees: comments, docstrings and formatting do not matter, nor does the Python version.

The record contains these definitions of other packages:

- methods and class attributes that our classes override: private ones of any package, and public
  ones of `WATCHED`;
- private methods that our subclasses call, and all methods that mention a private attribute that
  they read;
- all methods that mention a private attribute that our code reads from another object; `OWNERS`
  names the class of each;
- functions, methods and attributes that our code replaces in modules and classes by assignment or
  `setattr`, and the code of such a module that mentions them; `COMPUTED` lists those whose names
  are computed.
"""

import argparse
import ast
import hashlib
import importlib
import inspect
import json
import pkgutil
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache, lru_cache
from importlib.metadata import packages_distributions, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

import securenet_obs
from securenet_obs.monitoring.sentry.events.exceptions import sdk_functions
from securenet_obs.runner.kernel import shell

PACKAGE = "securenet_obs"
ROOT = Path(__file__).parents[1]
RECORD = Path(__file__).with_suffix(".json")

WATCHED = frozenset(
    {
        "billiard",
        "celery",
        "ipykernel",
        "ipython",
        "jupyter-client",
        "kombu",
        "nbclient",
        "papermill",
        "psycopg",
        "sentry-sdk",
    }
)
"""Distributions with recorded public overrides."""

OWNERS: dict[str, tuple[str, ...]] = {
    "_apply_result": ("celery.worker.request:Request",),
    "_accepted": ("billiard.pool:ApplyResult",),
    "_cache": ("billiard.pool:Pool", "billiard.pool:ApplyResult"),
    "_chan_to_sock": ("kombu.transport.redis:MultiChannelPoller",),
    "_context": (),
    "_fd_to_chan": ("kombu.transport.redis:MultiChannelPoller",),
    "_get_interval_schedule": (),
    "_in_poll": ("kombu.transport.redis:Channel", "kombu.transport.redis:MultiChannelPoller"),
    "_get_message_priority": ("kombu.transport.virtual.base:Channel",),
    "_job": ("billiard.pool:ApplyResult",),
    "_log_traceback": (),
    "_lookup": ("kombu.transport.virtual.base:Channel",),
    "_mapping": ("sqlalchemy.engine.row:Row",),
    "_on_connection_disconnect": (
        "kombu.transport.redis:Channel",
        "kombu.transport.redis:MultiChannelPoller",
    ),
    "_q_for_pri": ("kombu.transport.redis:Channel",),
    "_queue": ("sentry_sdk.worker:BackgroundWorker",),
    "_thread": ("sentry_sdk.worker:BackgroundWorker",),
    "_raw": ("kombu.transport.virtual.base:Message",),
    "_set": ("re2:Set",),
    "_sock": ("redis.connection:Connection", "redis.connection:AbstractConnection"),
    "_write_to": ("billiard.pool:ApplyResult", "celery.concurrency.asynpool:AsynPool"),
}
"""Classes with a private attribute that our code reads from another object; none are Python's."""

DOCUMENTED = frozenset(
    {"_asdict", "_current_frames", "_exit", "_fields", "_getframe", "_make", "_replace"}
)
"""Underscore names that the standard library documents."""

COMPUTED: dict[str, Callable[[], set[str]]] = {
    "securenet_obs.monitoring.sentry.events.exceptions.sdk_functions": lambda: {
        f"sentry_sdk.utils:{name}" for name in sdk_functions._REPLACED
    },
    "securenet_obs.runner.kernel.origins": set,
    "securenet_obs.runner.kernel.shell": lambda: {
        f"{owner.__module__}:{name_of(owner)}.{name}"
        for owner, name in (*shell._PRINTED_LINES.values(), *shell._PRINTED_CELLS.values())
        if isinstance(owner, type) and foreign(owner.__module__)
    },
    "securenet_obs.workers.results": set,
}
"""Modules of ours that set attributes of computed names, and the definitions they replace."""

PROGRAMS = (".__main__", ".bugsink_server", ".gunicorn_config")
"""Modules whose import acts: it runs the command, needs Bugsink, configures this process's logs."""

_DISTRIBUTIONS = packages_distributions()


def foreign(module: str) -> str:
    """Return the distribution that a module comes from, if it is neither ours nor Python's."""
    top = module.partition(".")[0]
    if top == PACKAGE or top in sys.stdlib_module_names:
        return ""
    # Django is installed in Bugsink's environment only.
    return canonicalize_name(_DISTRIBUTIONS.get(top, [top])[0])


def is_private(name: str) -> bool:
    """Return whether a name is private and not a documented exception."""
    return name.startswith("_") and not name.startswith("__") and name not in DOCUMENTED


def source(module: str) -> str:
    """Return the source of an installed module."""
    spec = find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).read_text(encoding="utf-8")


def classes() -> Iterator[type]:
    """Yield every class of the package."""
    for found in pkgutil.walk_packages(securenet_obs.__path__, f"{PACKAGE}."):
        if found.name.endswith(PROGRAMS):
            continue
        module = importlib.import_module(found.name)
        for _, each in inspect.getmembers(module, inspect.isclass):
            if each.__module__ == found.name:
                yield each


class Definitions:
    """The functions, methods and class attributes of a module, by qualified name."""

    def __init__(self, text: str) -> None:
        self._nodes: dict[str, list[ast.stmt]] = defaultdict(list)
        self._add(ast.parse(text).body, "")

    def _add(self, body: list[ast.stmt], prefix: str) -> None:
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                self._nodes[f"{prefix}{node.name}"].append(node)
            if isinstance(node, ast.ClassDef):
                self._add(node.body, f"{prefix}{node.name}.")
            for target in getattr(node, "targets", [getattr(node, "target", None)]):
                for name in target.elts if isinstance(target, ast.Tuple) else [target]:
                    if isinstance(name, ast.Name):
                        self._nodes[f"{prefix}{name.id}"].append(node)
            if isinstance(node, ast.If | ast.Try | ast.With):
                for part in ("body", "orelse", "finalbody"):
                    self._add(getattr(node, part, []), prefix)
                for handler in getattr(node, "handlers", []):
                    self._add(handler.body, prefix)

    def __contains__(self, name: str) -> bool:
        """Return whether there is a definition of that name."""
        return name in self._nodes

    def node(self, name: str) -> ast.stmt:
        """Return the last definition of that name, which is the effective one."""
        return self._nodes[name][-1]

    def digest(self, name: str) -> str:
        """Return a digest of all definitions of that name: a property has several."""
        text = "\n".join(map(dump, self._nodes[name]))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def using(self, name: str) -> Iterator[str]:
        """Yield the functions, classes and variables of the module that mention a global name."""
        for own, nodes in self._nodes.items():
            if "." not in own and any(
                isinstance(part, ast.Name) and part.id == name
                for node in nodes
                for part in ast.walk(node)
            ):
                yield own

    def mentioning(self, of: str, attribute: str) -> Iterator[str]:
        """Yield the members of a class that define or mention an attribute."""
        for name, nodes in self._nodes.items():
            owner, _, member = name.rpartition(".")
            if owner == of and (member == attribute or _mentions(nodes, attribute)):
                yield name


def _mentions(nodes: list[ast.stmt], attribute: str) -> bool:
    return any(
        isinstance(part, ast.Attribute) and part.attr == attribute
        for node in nodes
        for part in ast.walk(node)
    )


def dump(node: Any) -> str:
    """Return a syntax tree as text, the same in every version of Python.

    `ast.dump` and `ast.unparse` differ between versions in fields that are empty and in f-strings.
    """
    if isinstance(node, list):
        return f"[{', '.join(map(dump, node))}]"
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = {
        name: _without_text(node, value)
        for name, value in ast.iter_fields(node)
        if name not in {"ctx", "kind", "type_comment"} and value is not None and value != []
    }
    parts = (f"{name}={dump(fields[name])}" for name in sorted(fields))
    return f"{type(node).__name__}({', '.join(parts)})"


def _without_text(node: ast.AST, value: Any) -> Any:
    """Return a field without insignificant parts: a docstring, an empty part of an f-string.

    Python 3.12.1 adds such a part after a nested format.
    """
    match value:
        case [ast.Expr(value=ast.Constant(value=str())), *rest]:
            return rest
        case [*rest, ast.Constant(value="")] if isinstance(node, ast.JoinedStr):
            return rest
    return value


@cache
def definitions(module: str) -> Definitions:
    """Return the definitions of an installed module."""
    return Definitions(source(module))


def module_of(cls: type) -> str:
    """Return the module that defines a class; psycopg's classes name their package instead."""
    own = {
        each.__module__
        for name, each in vars(cls).items()
        if inspect.isfunction(each) and each.__qualname__ == f"{name_of(cls)}.{name}"
    }
    return own.pop() if len(own) == 1 else cls.__module__


def bases(of: type) -> list[type]:
    """Return the classes of other packages that a class inherits from, the nearest first."""
    return [base for base in of.__mro__[1:] if foreign(base.__module__)]


def overridden(ours: type) -> Iterator[str]:
    """Yield the definitions that a class of ours overrides."""
    defined = definitions(ours.__module__)
    for name in vars(ours):
        owner = next((base for base in bases(ours) if name in vars(base)), None)
        if owner is None or f"{name_of(ours)}.{name}" not in defined:
            continue
        if is_private(name) or foreign(owner.__module__) in WATCHED:
            yield f"{module_of(owner)}:{name_of(owner)}.{name}"


def overriding() -> list[type]:
    """Return the classes of ours that override definitions of other packages."""
    return [each for each in classes() if any(overridden(each))]


def name_of(cls: type) -> str:
    """Return a class's name in its module; those of Celery's steps begin with the module itself."""
    return cls.__qualname__.removeprefix(f"{cls.__module__}.")


def inherited(ours: type) -> Iterator[str]:
    """Yield the private definitions of its bases that a class of ours uses."""
    node = definitions(ours.__module__).node(name_of(ours))
    used = {
        part.attr
        for part in ast.walk(node)
        if isinstance(part, ast.Attribute)
        and is_private(part.attr)
        and ast.unparse(part.value) in {"self", "cls"}
    }
    for name in used:
        for base in bases(ours):
            found = definitions(module_of(base))
            if f"{name_of(base)}.{name}" in found:
                yield f"{module_of(base)}:{name_of(base)}.{name}"
                if inspect.isroutine(vars(base).get(name)):
                    break
            for member in found.mentioning(name_of(base), name):
                yield f"{module_of(base)}:{member}"


@lru_cache(maxsize=1)
def _nodes(text: str) -> Sequence[ast.AST]:
    """Return every node of a source; several questions are asked about one file in turn."""
    return list(ast.walk(ast.parse(text)))


def read(text: str) -> set[str]:
    """Return the private attributes of other objects that code of ours uses."""
    found = set()
    nodes = _nodes(text)
    own = {"self", "cls", "super()", *_instances(nodes)}
    for node in nodes:
        if isinstance(node, ast.Attribute) and is_private(node.attr):
            if ast.unparse(node.value) not in own:
                found.add(node.attr)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in {"getattr", "setattr"}:
            match node.args[1]:
                case ast.Constant(value=str(name)) if is_private(name):
                    found.add(name)
    return found


def _instances(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """Yield the variables that hold what a class method makes by `cls()`."""
    for node in nodes:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=ast.Name(id="cls"))):
                yield name


def private_imports(text: str) -> set[str]:
    """Return the private modules and functions of other packages that code of ours imports."""
    return {
        f"{node.module}:{alias.name}"
        for node in _nodes(text)
        if isinstance(node, ast.ImportFrom) and node.module and foreign(node.module)
        for alias in node.names
        if any(map(is_private, [*node.module.split("."), alias.name]))
    }


def replaced(text: str) -> Iterator[str]:
    """Yield the attributes of other packages' modules and classes that code of ours assigns."""
    nodes = _nodes(text)
    names = _imported(nodes)
    for node in nodes:
        match node:
            case ast.Attribute(ctx=ast.Store()):
                first, *rest = ast.unparse(node).split(".")
                if foreign(names.get(first, "")):
                    yield _located(".".join([names[first], *rest]))
            case ast.Call(
                func=ast.Name(id="setattr"),
                args=[ast.Name(id=owner), ast.Constant(value=str(name)), _],
            ) if foreign(names.get(owner, "")):
                yield _located(f"{names[owner]}.{name}")


def computes_names(text: str) -> bool:
    """Return whether code of ours sets an attribute of another object by a computed name."""
    return any(
        isinstance(node, ast.Call)
        and ast.unparse(node.func) == "setattr"
        and ast.unparse(node.args[0]) != "self"
        and not isinstance(node.args[1], ast.Constant)
        for node in _nodes(text)
    )


def _imported(nodes: Iterable[ast.AST]) -> dict[str, str]:
    """Return the full name of each imported module, class and function, by its name here."""
    names: dict[str, str] = {}
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                names[alias.asname or top] = alias.name if alias.asname else top
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return names


def _located(name: str) -> str:
    """Return `module:Class.attribute` for a dotted name."""
    parts = name.split(".")
    for number in range(len(parts) - 1, 0, -1):
        module = ".".join(parts[:number])
        with suppress(ModuleNotFoundError):
            if find_spec(module) is not None:
                return f"{module}:{'.'.join(parts[number:])}"
    raise ValueError(f"{name} is in no module.")


def _concerned(name: str) -> Iterator[str]:
    """Yield the definition of a replaced attribute, also if it is imported there, and its users."""
    module, _, member = name.partition(":")
    found = definitions(module)
    imported = _imported(ast.walk(ast.parse(source(module))))
    yield name if member in found or member not in imported else _located(imported[member])
    for user in found.using(member):
        yield f"{module}:{user}"


def _used_in(module: str, text: str) -> Iterator[str]:
    """Yield the definitions that a module of ours imports, replaces or reads attributes of."""
    yield from private_imports(text)
    computed = COMPUTED[module]() if module in COMPUTED else set()
    for name in {*replaced(text), *computed}:
        yield from _concerned(name)
    for attribute in read(text):
        for owner in OWNERS[attribute]:
            of, _, name = owner.partition(":")
            for member in definitions(of).mentioning(name, attribute):
                yield f"{of}:{member}"


def our_files() -> list[Path]:
    """Return the sources of the package, without the changes that doubt makes to a part on purpose.

    Where one of these has no effect any more, its fault goes unnoticed and `make doubt` fails.
    """
    changes = ROOT / PACKAGE / "drills" / "doubt" / "changes"
    files = (ROOT / PACKAGE).rglob("*.py")
    return sorted(file for file in files if file.parent != changes)


@cache
def uses() -> Mapping[str, set[str]]:
    """Return the definitions of other packages that ours overrides, reads or replaces.

    Each is named `module:Class.name` and comes with the modules of ours that use it.
    """
    found: dict[str, set[str]] = defaultdict(set)
    for ours in classes():
        if bases(ours):
            for name in (*overridden(ours), *inherited(ours)):
                found[name].add(ours.__module__)
    for file in our_files():
        module = ".".join(file.relative_to(ROOT).with_suffix("").parts)
        for name in _used_in(module, file.read_text(encoding="utf-8")):
            found[name].add(module)
    return dict(found)


def differences(
    recorded: Mapping[str, Mapping[str, Any]],
    used: Mapping[str, set[str]],
    find: Callable[[str], Definitions] = definitions,
) -> list[str]:
    """Return a sentence with the remedy for each definition that differs from the record.

    `find` returns the definitions of a module.
    """
    then = "then run `python -m tests.overrides --record`"
    rows = {name: digest for row in recorded.values() for name, digest in row["digests"].items()}
    lines = []
    for name in sorted(used.keys() | rows.keys()):
        package, ours = foreign(_module(name)), ", ".join(sorted(used.get(name, ())))
        if name not in used:
            lines.append(f"{name} is recorded and no longer used: {then}.")
        elif name not in rows:
            lines.append(f"{ours} uses {name}: state its upstream issue there, {then}.")
        elif (change := _change(find(_module(name)), name, rows[name])) is not None:
            lines.append(
                f"{package} {version(package)} {change} {name} (recorded with "
                f"{recorded[package]['version']}): read the diff, adapt or drop {ours}, {then}."
            )
    return lines


def _module(name: str) -> str:
    return name.partition(":")[0]


def _change(found: Definitions, name: str, digest: str) -> str | None:
    member = name.partition(":")[2]
    if member not in found:
        return "removed"
    return None if found.digest(member) == digest else "changed"


def load() -> dict[str, dict[str, Any]]:
    """Return the record: distribution -> version and digests."""
    return dict(json.loads(RECORD.read_text(encoding="utf-8")))


def record() -> None:
    """Write a new record from the installed packages."""
    rows: dict[str, dict[str, Any]] = {}
    for name in sorted(uses()):
        module, _, member = name.partition(":")
        package = foreign(module)
        row = rows.setdefault(package, {"version": version(package), "digests": {}})
        row["digests"][name] = definitions(module).digest(member)
    RECORD.write_text(json.dumps(rows, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def main() -> int:
    """Print the differences from the record, or record the installed packages."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--record", action="store_true", help="record the installed packages")
    recording = parser.parse_args().record
    lines = differences(load() if RECORD.exists() else {}, uses())
    print(*(lines or ["All definitions are as recorded."]), sep="\n")
    if recording:
        record()
    return int(bool(lines) and not recording)


if __name__ == "__main__":
    sys.exit(main())
