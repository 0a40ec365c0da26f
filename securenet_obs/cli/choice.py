"""Selects, checks and enters a command's target; starts a local stack if needed; detects CI."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from securenet_obs.errors import SettingsError, StateFolderError

if TYPE_CHECKING:
    from securenet_obs.runner.preflight import Demand
    from securenet_obs.runner.target import Target

_FALSE = frozenset({"", "0", "f", "false", "n", "no", "off"})

_REMEDY = "name an env file with --target"


@dataclass(frozen=True)
class Choice:
    """The selected target; `starts` is set for a local stack that must still be started."""

    target: "Target"
    starts: bool = False
    ignored: Sequence[str] = ()

    def check(self, demands: "Sequence[Demand]" = ()) -> None:
        """Refuse a target that is broken or does not meet the demands.

        Raises:
            SettingsError: one message lists everything that is wrong or missing.
        """
        from securenet_obs.runner.preflight import preflight

        advice = ""
        if self.target.name == "environment":
            advice = f"Set the variables, {_REMEDY}, or use a local stack with --local."
        preflight(demands, self.target, advice)

    @contextmanager
    def enter(
        self,
        console: Console,
        *,
        is_found: bool = False,
        keeps_logs: Callable[[], bool] = lambda: False,
    ) -> "Iterator[Target]":
        """Yield the target; a local stack that had to be started is stopped after the block.

        Args:
            console: for progress messages.
            is_found: whether a stack that is started has the name by which `status`, `env` and
                `restart` find it, rather than one of its own; its files are kept.
            keeps_logs: asked after the block whether the logs of a stack of its own are kept.

        Raises:
            StackError: see `LocalStack.start`.
        """
        if self.ignored:
            names = ", ".join(self.ignored)
            console.print(
                f"A local stack is used. Variables of the environment that are ignored: {names}.",
                soft_wrap=True,
            )
        if not self.starts:
            yield self.target
            return
        from securenet_obs.runner.target import target_of
        from securenet_obs.stack import LocalStack, serving_requests

        console.print(
            "Bringing up a local stack: Redis, Bugsink, relay, API, worker, beat, on-call"
        )
        with ExitStack() as started:
            try:
                local = LocalStack(ephemeral=not is_found, report=console.print)
                stack = started.enter_context(local)
            except StateFolderError as error:
                raise StateFolderError(f"{str(error).rstrip('.')}, or {_REMEDY}.") from error
            if is_found:
                started.enter_context(serving_requests(stack))
            yield target_of(f"local stack {stack.name}", stack.environment, local=True)
            if keeps_logs():
                console.print(f"logs of the stack: {stack.keep_logs()}", soft_wrap=True)


def in_ci() -> bool:
    """Return whether this runs in CI: the variable CI is set to a value other than false."""
    return os.environ.get("CI", "").strip().lower() not in _FALSE


def choose(
    file: Path | None,
    *,
    local: bool = False,
    needed: bool = True,
    starts: bool = True,
    addresses: Sequence[str] = ("SENTRY_DSN", "REDIS_URL", "API_URL"),
    secrets: Sequence[str] = (),
    root: Path = Path(),
) -> Choice:
    """Select the target, without starting anything.

    Args:
        file: an env file; its variables alone count.
        local: whether to use a local stack: the running one, else a new one.
        needed: whether a target is needed; if not, the environment is used unchecked.
        starts: whether a local stack may be started.
        addresses: variables; if one of them is set, the environment is the target.
        secrets: names of secrets that the file may set as well.
        root: project; the file may also set the secrets of its notebooks.

    Raises:
        UsageError: both `file` and `local` are given.
        SettingsError: the file cannot be read, variables are blank, or no target is named.
    """
    from securenet_obs.runner.target import (
        blank_variables,
        environment_target,
        is_configured,
        read_target,
    )

    if file is not None:
        from securenet_obs.runner.notebook.catalog import find_secret_names

        if local:
            raise click.UsageError("--target and --local exclude each other: name one of them.")
        return Choice(read_target(file, chain(secrets, find_secret_names(root))))
    if local:
        return _local_stack(starts=starts)
    if not needed:
        return Choice(environment_target(checked=False))
    if is_configured(addresses):
        return Choice(environment_target())
    if blank := blank_variables():
        raise SettingsError(
            f"{_join_names(blank)} {'is' if len(blank) == 1 else 'are'} set but empty, and an "
            f"empty variable names no target: give it a value or unset it, {_REMEDY}, or ask for a "
            "local stack with --local."
        )
    if in_ci():
        raise SettingsError(
            "No target is named, and CI is set: there a local stack is used on request only. Ask "
            f"for one with --local, {_REMEDY}, or set the variables of a target (SENTRY_DSN, "
            "REDIS_URL, API_URL)."
        )
    return _local_stack(starts=starts)


def _local_stack(*, starts: bool) -> Choice:
    from securenet_obs.runner.target import settings_in, stack_to_start, target_of
    from securenet_obs.stack import find_running_stack

    ignored = sorted(settings_in(os.environ))
    if state := find_running_stack():
        target = target_of(f"local stack {state.name}", state.environment, local=True)
        return Choice(target, ignored=ignored)
    if not starts:
        raise SettingsError(
            "There is no target: name an env file with --target, set its variables, or start "
            "a local stack with `securenet-obs up`."
        )
    return Choice(stack_to_start(), starts=True, ignored=ignored)


def _join_names(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def enter_target(
    file: Path | None,
    *,
    local: bool = False,
    command: str,
    needs: Sequence[str],
    opens_store: bool = True,
) -> None:
    """Replace this process's environment with the target's, for all later imports.

    Args:
        file: an env file.
        local: whether to use the running local stack.
        command: name of the command.
        needs: needs of the command, such as `store`; a default value never meets one.
        opens_store: whether to open a store that is needed, and to check its schema.

    Raises:
        UsageError, SettingsError: as for `choose`, and if no local stack runs.
        UnreachableError: the store that is needed cannot be opened.
        SchemaError: its schema is not the one of this version.
    """
    from securenet_obs.cli.consoles import STDERR, log_to_stderr
    from securenet_obs.runner.notebook.needs import NEEDS
    from securenet_obs.runner.preflight import Demand
    from securenet_obs.runner.target import ADDRESSES

    addresses = {name for need in needs for name in NEEDS[need].variables} | {*ADDRESSES}
    choice = choose(file, local=local, starts=False, addresses=sorted(addresses))
    choice.check([Demand(command, needs)])
    with choice.enter(STDERR) as target:
        os.environ.clear()
        os.environ.update(target.environment)
    log_to_stderr()
    if opens_store and "store" in needs:
        from securenet_obs.store import check_store

        check_store()
