"""Renders a dossier's page: alert, runbook and reason, first look, outputs, next command."""

import html
from collections.abc import Iterable, Mapping, Sequence

from securenet_obs.oncall.dossiers.choice import Choice
from securenet_obs.oncall.dossiers.looks import Look
from securenet_obs.oncall.dossiers.queue import WaitingAlert

NO_MATCH = "No runbook matches this alert"
"""Heading of the reason if nothing matches."""

TIE = "AMBIGUOUS: several runbooks match equally"
"""Heading of the reason if several match."""

RUNNING = '<p class="warning">The look is running; reload this page in a minute.</p>'
"""Section of a page whose looks have not ended."""

FAILED = "THE LOOK DID NOT COME TO ITS END"
"""Heading of a failed look's reason."""


def describe_outcome(choice: Choice, looks: Sequence[Look] | None) -> str:
    """Return the outcome of a dossier in its list; `looks` is None until they have ended."""
    if not choice.runbooks:
        return "no runbook"
    if looks is None:
        return "looking"
    if len(choice.runbooks) > 1:
        return "ambiguous"
    if any(look.problem for look in looks):
        return "look failed"
    return "row applies" if any(look.applying for look in looks) else "no row applies"


def render_page(
    alert: WaitingAlert,
    choice: Choice,
    looks: Sequence[Look] | None,
    first_look: str,
    next_command: str,
) -> str:
    """Return the body of a page; all that comes from the alert is escaped."""
    return "\n".join(
        [
            f"<h1>{html.escape(alert.title)}</h1>",
            f'<p class="command">{html.escape(next_command)}</p>',
            _section("Runbook", _render_choice(choice)),
            _section("First look", f"<p>{html.escape(first_look)}</p>"),
            *([_section("Look", RUNNING)] if looks is None else ()),
            *(_section(look.title, _render_look(look)) for look in looks or ()),
            _section("Alert", _render_alert(alert)),
        ]
    )


def _section(title: str, content: str) -> str:
    return f"<h2>{html.escape(title)}</h2>\n{content}"


def _render_choice(choice: Choice) -> str:
    names = ", ".join(choice.runbooks)
    heading = f"<p><b>{html.escape(names)}</b></p>"
    if not choice.runbooks:
        heading = f'<p class="warning">{NO_MATCH}.</p>'
    elif len(choice.runbooks) > 1:
        heading = f'<p class="warning">{TIE}: {html.escape(names)}.</p>'
    return heading + _render_list(choice.why)


def _render_look(look: Look) -> str:
    problem = f'<p class="warning">{FAILED}: {html.escape(look.problem)}</p>'
    commands = [look.probe, look.command] if look.probe else [look.next_command]
    rows = _render_list(look.applying) if look.applying else "<p>No row applies.</p>"
    return "\n".join(
        [
            problem if look.problem else f"<p>Rows of the decision table that apply:</p>{rows}",
            *look.outputs,
            *(f'<p class="command">{html.escape(command)}</p>' for command in commands),
        ]
    )


def _render_alert(alert: WaitingAlert) -> str:
    facts: Mapping[str, str] = {
        "source": alert.source,
        "opened": f"{alert.opened_at:%FT%TZ}",
        "times": str(alert.times),
        **alert.facts,
    }
    rows = "".join(
        f"<tr><th>{html.escape(name)}</th><td>{html.escape(value)}</td></tr>"
        for name, value in facts.items()
    )
    return f"<table>{rows}</table><pre>{html.escape(alert.text)}</pre>"


def _render_list(texts: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{html.escape(text)}</li>' for text in texts)}</ul>"
