"""Reads from Sentry which events it discarded, by outcome and reason; other backends keep none."""

from typing import Any
from urllib.parse import quote, urlsplit

import pandas as pd

from securenet_obs.errors import NotStoredError, UnreachableError
from securenet_obs.probes.http.json_api import JsonApi
from securenet_obs.processes.polling import Deadline
from securenet_obs.settings import Settings

_ACCEPTED = "accepted"


def read_discards(settings: Settings, deadline_s: float) -> pd.DataFrame:
    """Return the events of the last hour that Sentry did not accept.

    The source is `stats_v2` of Sentry's API: https://docs.sentry.io/api/organizations/

    Args:
        settings: those of the target; the number at the end of SENTRY_DSN is the project.
        deadline_s: seconds to wait for the answer.

    Returns:
        A row for each outcome and reason: `outcome`, `reason`, number of `events`.

    Raises:
        NotStoredError: the backend keeps no discards.
        ForbiddenError: the token may not read them.
        UnreachableError: Sentry's API does not answer.
    """
    if settings.sentry_backend != "sentry":
        raise NotStoredError(f"{settings.sentry_backend} keeps no discards and no quota.")
    token = settings.sentry_auth_token.get_secret_value()
    api = JsonApi(settings.sentry_url, "SENTRY_URL", token, "SENTRY_AUTH_TOKEN")
    project = urlsplit(settings.sentry_dsn).path.rpartition("/")[2]
    query = "field=sum(quantity)&groupBy=outcome&groupBy=reason&category=error&statsPeriod=1h"
    path = f"/api/0/organizations/{quote(settings.sentry_org, safe='')}/stats_v2/"
    answer = api.get(
        f"{path}?{query}&project={quote(project)}", deadline=Deadline.after(deadline_s)
    )
    return pd.DataFrame(_rows(answer), columns=["outcome", "reason", "events"])


def _rows(answer: Any) -> list[tuple[str, str, int]]:
    try:
        groups = [(row["by"], row["totals"]["sum(quantity)"]) for row in answer["groups"]]
        named = [(str(by["outcome"]), str(by.get("reason")), int(total)) for by, total in groups]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnreachableError("Sentry's API did not return statistics.") from error
    return [row for row in named if row[0] != _ACCEPTED and row[2]]
