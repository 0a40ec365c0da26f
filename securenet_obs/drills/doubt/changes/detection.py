"""Changes of the three tasks: network logs, vulnerabilities, anomalies."""

from datetime import timedelta
from typing import Any


def drop_malformed() -> None:
    """Forget the items of a batch that are not records."""
    from securenet_obs.workers import tasks

    normalise_batch = tasks.normalise_batch

    def dropping(*given: Any) -> Any:
        batch = normalise_batch(*given)
        batch.quarantined.clear()
        return batch

    tasks.normalise_batch = dropping


def miss_denials() -> None:
    """Count no denied events."""
    from securenet_obs.detection.network.counting.minutes import Minute

    add_fact = Minute.add_fact

    def adding(self: Any, fact: Any, *given: Any) -> None:
        add_fact(self, fact._replace(is_denied=False), *given)

    Minute.add_fact = adding


def count_repeats() -> None:
    """Count a batch each time that it comes."""
    from securenet_obs.workers import outbox

    outbox.claim = lambda *_: True


def part_aliases() -> None:
    """Report each advisory on a vulnerability as one of its own."""
    from securenet_obs.detection.vulnerabilities import matching

    matching.merge_aliases = lambda entries: [matching.Vulnerability((one,)) for one in entries]


def forget_severities() -> None:
    """Ignore the severities of advisories."""
    from securenet_obs.detection.vulnerabilities.matching import Vulnerability
    from securenet_obs.detection.vulnerabilities.severity import Severity

    Vulnerability.severity = property(lambda _: Severity())


def plan_by_own_vulnerabilities() -> None:
    """Plan upgrades that are free of the current version's vulnerabilities alone."""
    from securenet_obs.detection.vulnerabilities import fixes

    def upgrade(self: Any, use: Any, resolves: Any, severity: str) -> Any:
        known = self._result.vulnerabilities[use.package]
        own = [vulnerability for vulnerability in known if vulnerability.affects(use.version)]
        return fixes.Fix(use, fixes.lowest_free(self._later_versions(use), own), resolves)

    fixes.Fixes._upgrade = upgrade


def take_unjudged_for_safe() -> None:
    """Take a version that cannot be compared for one that is not affected."""
    from securenet_obs.detection.vulnerabilities import matching

    judge = matching.judge
    matching.judge = lambda entry, version: judge(entry, version) is True


def confuse_causes() -> None:
    """Name the same cause for every new finding."""
    from securenet_obs.detection.vulnerabilities.stored import findings

    same = findings.INVENTORY_CHANGED
    findings.Causes.cause_of = lambda *_: same
    findings.WAIVER_EXPIRED = same


def keep_findings_open() -> None:
    """Keep findings open that a scan does not find any more."""
    from securenet_obs.detection.vulnerabilities.stored import findings

    findings._Stored.resolve_others = lambda *_: None


def cut_history() -> None:
    """Train without the first day of a history."""
    from securenet_obs.detection.anomaly import histories

    order = histories.order

    def without_first_day(readings: Any) -> Any:
        ordered = sorted(readings)
        return order(one for one in ordered if one.at - ordered[0].at >= timedelta(days=1))

    histories.order = without_first_day


def never_be_silent() -> None:
    """Raise an alarm for each unusual value of an anomaly."""
    from securenet_obs.detection.anomaly.series.detector import SeriesDetector

    SeriesDetector._be_silent = lambda _: None


def withhold_reasons() -> None:
    """Give a score as the only reason of an anomaly."""
    from securenet_obs.detection.anomaly.series import detector

    detector.explain = lambda _: ("its score is above the threshold", 0.0)
