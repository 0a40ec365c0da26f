"""Action on an issue of Sentry: mutes it for some time, where the backend's API can do that."""

from urllib.parse import quote

from securenet_obs.oncall.actions.step import Action, Manual, Step
from securenet_obs.probes.errors.backends import open_issues
from securenet_obs.probes.errors.bugsink import API, open_bugsink
from securenet_obs.probes.errors.issues import Issue
from securenet_obs.probes.errors.sentry import open_sentry
from securenet_obs.processes.polling import Deadline
from securenet_obs.settings import Settings

_ANSWER_S = 10.0


def mute_issue(settings: Settings, issue: Issue, minutes: int) -> Step:
    """Return the step that mutes an issue; it expires by itself.

    Args:
        settings: those of the target.
        issue: the issue.
        minutes: minutes after which its events alert again.
    """
    does = f"mute issue {issue.name} ({issue.title}) for {minutes} minutes"
    if settings.sentry_backend == "glitchtip":
        return Manual(does, issue.url, "GlitchTip's API mutes without an expiry")
    return Action(
        "mute_issue",
        does,
        f"unmute it on {issue.url}; it expires by itself after {minutes} minutes",
        lambda: {issue.name: _describe(open_issues(settings).read(issue.id, _ANSWER_S))},
        lambda: _mute(settings, issue, minutes),
    )


def _mute(settings: Settings, issue: Issue, minutes: int) -> str:
    """Mute an issue unless it is muted.

    Raises:
        ProbeError: the backend refuses it, or does not answer.
    """
    if open_issues(settings).read(issue.id, _ANSWER_S).is_muted:
        return "it was muted before"
    deadline = Deadline.after(_ANSWER_S)
    if settings.sentry_backend == "bugsink":
        period = {"period_name": "minute", "nr_of_periods": minutes}
        open_bugsink(settings).send("POST", f"{API}/issues/{issue.id}/mute-for/", period, deadline)
    else:
        path = f"/api/0/organizations/{quote(settings.sentry_org, safe='')}/issues/{issue.id}/"
        muted = {"status": "ignored", "statusDetails": {"ignoreDuration": minutes}}
        open_sentry(settings).send("PUT", path, muted, deadline)
    return f"it is muted for {minutes} minutes"


def _describe(issue: Issue) -> str:
    return "muted" if issue.is_muted else "not muted"
