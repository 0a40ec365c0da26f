"""`ReceivedAlert`: the form that alerts of all sources share; its texts are bounded and masked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from securenet_obs.redaction import redact_text

MAX_TITLE = 300
"""Characters of a title."""

MAX_TEXT = 16 * 1024
"""Characters of a text, from its end: an error's own message comes last."""

MAX_FACTS = 40
"""Number of facts."""

_MAX_FACT = 200


@dataclass(frozen=True)
class ReceivedAlert:
    """An alert.

    Attributes:
        source: `sentry` or `alertmanager`.
        identity: its subject, such as an issue; equal for its repetitions.
        title: its first line.
        text: error, message and labels, by which its runbook is found.
        runbook: the runbook that it names itself; empty without one.
        facts: names and values to show, such as labels.
        is_resolved: whether its cause has passed.
    """

    source: str
    identity: str
    title: str
    text: str
    runbook: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    is_resolved: bool = False

    def to_values(self) -> dict[str, Any]:
        """Return the columns to store: masked, bounded, without characters that a store refuses."""
        facts = list(self.facts.items())[:MAX_FACTS]
        return {
            "source": self.source,
            "title": clean(self.title[:MAX_TITLE])[:MAX_TITLE],
            "text": clean(self.text[-MAX_TEXT:]),
            "runbook": clean(self.runbook[:100])[:100],
            "facts": {
                clean(name[:100]): clean(value[:_MAX_FACT]) for name, value in facts if value
            },
        }


def clean(text: str) -> str:
    """Return a text without secrets, NUL and lone surrogates."""
    return redact_text(text.replace("\0", "").encode("utf-8", "replace").decode())


def as_mapping(value: object) -> Mapping[str, Any]:
    """Return a value of a foreign document if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def as_text(value: object) -> str:
    """Return a value of a foreign document if it is a text or a number, else an empty text."""
    return str(value) if isinstance(value, str | int | float) else ""
