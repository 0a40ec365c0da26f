"""The runbook of an error event: the best match of its exceptions and message."""

from collections.abc import Iterator, Mapping
from typing import Any

from securenet_obs import __version__
from securenet_obs.matching import find_matches, list_best, packaged_index
from securenet_obs.monitoring.releases import installed_commit

MAX_PART = 1_000
"""Characters of an exception's or a message's text that are searched."""

MAX_PARTS = 10
"""Number of chained exceptions that are searched, the outermost first."""


def prepare() -> None:
    """Read the index and the commit now: this imports modules, and may ask git.

    A process that is forked while an event does so would inherit half a module.
    """
    packaged_index()
    installed_commit()


def runbook_context(event: Mapping[str, Any]) -> dict[str, str] | None:
    """Return the context `runbook` of an event; None if no pattern matches.

    It has `name`, `command`, and the `version` and `commit` of this product. `equals` has the names
    of other runbooks that match as well.
    """
    best = list_best(find_matches(packaged_index(), event_text(event)))
    if not best:
        return None
    name, *others = (match.entry.name for match in best)
    context = {
        "name": name,
        "command": f"securenet-obs run {name}",
        "why": best[0].reasons[0].pattern,
        "version": __version__,
        "commit": installed_commit(),
        "equals": ", ".join(others),
    }
    return {field: value for field, value in context.items() if value}


def event_text(event: Mapping[str, Any]) -> str:
    """Return the exceptions of an event, as a traceback ends with them, and its message."""
    return "\n".join([*_exceptions(event), *_messages(event)])


def _exceptions(event: Mapping[str, Any]) -> Iterator[str]:
    exceptions = event.get("exception")
    values = exceptions.get("values") if isinstance(exceptions, Mapping) else None
    for value in (values if isinstance(values, list) else [])[-MAX_PARTS:]:
        if isinstance(value, Mapping):
            yield f"{value.get('module')}.{value.get('type')}: {str(value.get('value'))[:MAX_PART]}"


def _messages(event: Mapping[str, Any]) -> Iterator[str]:
    entry = event.get("logentry")
    texts = [event.get("message")]
    if isinstance(entry, Mapping):
        texts += [entry.get("message"), entry.get("formatted")]
    yield from (text[:MAX_PART] for text in texts if isinstance(text, str))
