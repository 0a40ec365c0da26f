"""The exception tree: every error that securenet-obs raises on purpose.

SecureNetObsError
├── SettingsError              the environment or an env file is wrong
├── ProbeError                 something could not be read back
│   ├── NotFoundError            the backend answered: it is not there
│   ├── ForbiddenError           the backend answered: you may not
│   ├── UnreachableError         the backend did not answer
│   └── NotStoredError           this backend never stores such things
├── ChecksFailedError          at least one check of a notebook failed
├── NotebookError              a notebook cannot be run as it is
│   ├── NotebookNotFoundError    no notebook of that name
│   └── ParametersError          refused before a kernel starts
├── EvidenceError              an evidence folder cannot be written or read
│   └── EvidenceNotFoundError    a folder that was named is not evidence
├── StackError                 the local stack cannot do what was asked
│   └── PartNotReadyError        a part did not come up; carries the end of its log
├── PublishError               a task was not taken: by the broker, or by the store before it
├── PayloadTooLargeError       a task's arguments are too large to travel
├── PoisonTaskError            a task ended its worker too often, and is not started again
├── DeadLetterError            a dead letter cannot be requeued
└── DiagnosticError            raised on purpose, to be looked for in Sentry
"""


class SecureNetObsError(Exception):
    """Base of every error here; its message says what was wrong, where, and what to do."""


class SettingsError(SecureNetObsError):
    """The environment or an env file holds a value that cannot be used."""


class ProbeError(SecureNetObsError):
    """Base: something could not be read back."""


class NotFoundError(ProbeError):
    """The backend answered, and what was looked for is not there."""


class ForbiddenError(ProbeError):
    """The backend answered that these credentials may not read this."""


class UnreachableError(ProbeError):
    """The backend did not answer, or not in a way that could be understood."""


class NotStoredError(ProbeError):
    """The backend accepts such things and drops them, so they can never be read back."""


class ChecksFailedError(SecureNetObsError):
    """At least one check of a notebook failed; the message names each."""

    def _render_traceback_(self) -> list[str]:
        """Tell IPython to show the sentence alone: the frames of a verdict explain nothing."""
        return [f"{type(self).__name__}: {self}"]


class NotebookError(SecureNetObsError):
    """A notebook cannot be run as it is."""


class NotebookNotFoundError(NotebookError):
    """There is no notebook of that name."""


class ParametersError(NotebookError):
    """Parameters were refused before a kernel was started; the message lists every problem."""


class EvidenceError(SecureNetObsError):
    """An evidence folder cannot be written or read."""


class EvidenceNotFoundError(EvidenceError):
    """A folder that was named is not the evidence of a command."""


class StackError(SecureNetObsError):
    """The local stack cannot do what was asked."""


class PartNotReadyError(StackError):
    """A part of the local stack did not come up; the message ends with the end of its log."""


class PublishError(SecureNetObsError):
    """The broker, or the store before it, did not take a task within its bounds."""


class PayloadTooLargeError(SecureNetObsError):
    """A task's arguments are too large to travel; the message says what to send instead."""


class PoisonTaskError(SecureNetObsError):
    """A task was started and never ended too often; it is not started again by itself."""


class DeadLetterError(SecureNetObsError):
    """A dead letter cannot be requeued; the message says why."""


class DiagnosticError(SecureNetObsError):
    """Raised on purpose by a diagnostic, so that a validation can look for it in Sentry."""
