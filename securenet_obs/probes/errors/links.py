"""Addresses of error events in the dashboard of Sentry, GlitchTip or Bugsink."""

from urllib.parse import quote

from securenet_obs.settings import Settings


def link_to_task(settings: Settings, task_id: str) -> str:
    """Return the address of the issues with a task's errors; empty without a project to look in.

    Every event of a task has the tag `task_id`, also if it has failed several times.
    """
    url, query = settings.sentry_url.rstrip("/"), quote(f"task_id:{task_id}", safe=":")
    if settings.sentry_backend == "bugsink":
        project = settings.sentry_project
        return f"{url}/issues/{project}/all/?q={query}" if project else ""
    if not settings.sentry_org:
        return ""
    if settings.sentry_backend == "glitchtip":
        return f"{url}/{settings.sentry_org}/issues?query={query}"
    return f"{url}/organizations/{settings.sentry_org}/issues/?statsPeriod=90d&query={query}"
