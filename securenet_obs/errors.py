"""The exception tree: `SecureNetObsError`, and every public error that is derived from it.

SecureNetObsError
├── SettingsError              the environment or an env file is wrong
├── ProbeError                 something could not be read back
│   ├── NotFoundError            the backend answered that it does not exist
│   ├── ForbiddenError           the backend denied access
│   ├── RefusedError             the backend answered that it executes no such command now
│   ├── UnreachableError         the backend did not answer
│   │   └── StoreUnavailableError      the store cannot do it now; a later attempt may succeed
│   │       └── UnconfirmedCommitError       a commit may be in effect, but was not confirmed
│   └── NotStoredError           the backend never stores items of this kind
├── ChecksFailedError          at least one check of a notebook failed
├── NotebookError              a notebook cannot be run as it is
│   ├── NotebookNotFoundError    no notebook has the given name
│   └── ParametersError          refused before a kernel starts
├── EvidenceError              an evidence folder cannot be written or read
│   └── EvidenceNotFoundError    the given folder is not evidence
├── StackError                 the local stack cannot do a requested operation
│   ├── StateFolderError         its state cannot be written
│   └── PartNotReadyError        a part did not become ready; carries the end of its log
├── SchemaError                the schema of the store is not the one that this version uses
├── InventoryError             a file is not an inventory of packages in any known format
├── WaiverError                a file of waivers cannot be used
├── AdvisoriesError            advisories cannot be read, or are too old
├── VersionError               a version cannot be compared by the rules of its ecosystem
├── BodyRefusedError           a request's body is too large, too slow, compressed, or one too many
├── StrictJsonError            a request's body is not strict JSON; carries the place
├── IdempotencyKeyError        an idempotency key of a request cannot be used
├── RecordError                an item of a network log is not a record; carries the reason
├── OriginalError              the original of quarantined items cannot be read again
├── PublishError               the broker, or the store before it, did not accept a task
├── PayloadTooLargeError       a task's arguments are too large for the broker
├── PoisonTaskError            a task ended its worker too often, and is not restarted
├── DeadLetterError            a dead letter cannot be requeued
├── ActionError                an action of a runbook cannot be done, or failed
├── NotificationError          a notification or a check-in was not taken
├── DoubtError                 a validation is red without a fault
├── SeriesError                a time series cannot be read; names the place
└── DiagnosticError            raised on purpose, for validations to find in Sentry
"""

from collections.abc import Mapping, Sequence


class SecureNetObsError(Exception):
    """Base of every error here; its message gives the problem, its place and the remedy."""


class SettingsError(SecureNetObsError):
    """The environment or an env file holds a value that cannot be used."""


class ProbeError(SecureNetObsError):
    """Base: something could not be read back."""


class NotFoundError(ProbeError):
    """The backend answered, and the requested item does not exist."""


class ForbiddenError(ProbeError):
    """The backend answered that these credentials may not read this."""


class RefusedError(ProbeError):
    """The backend answered, and refuses for a reason that may pass, such as a full memory."""


class UnreachableError(ProbeError):
    """The backend did not answer, or its answer could not be parsed."""


class StoreUnavailableError(UnreachableError):
    """The store is unreachable, busy, full or read-only for now; a later attempt may succeed."""


class UnconfirmedCommitError(StoreUnavailableError):
    """The store did not confirm a commit, which may be in effect; repeat only idempotent work."""


class NotStoredError(ProbeError):
    """The backend accepts items of this kind but drops them, so they can never be read back."""


class ChecksFailedError(SecureNetObsError):
    """At least one check of a notebook failed; the message names each."""

    def _render_traceback_(self) -> list[str]:
        """Return the message alone as IPython's traceback: frames do not explain a verdict."""
        return [f"{type(self).__name__}: {self}"]


class NotebookError(SecureNetObsError):
    """A notebook cannot be run as it is."""


class NotebookNotFoundError(NotebookError):
    """No notebook has the given name."""


class ParametersError(NotebookError):
    """Parameters were refused before a kernel was started; the message lists every problem."""


class EvidenceError(SecureNetObsError):
    """An evidence folder cannot be written or read."""


class EvidenceNotFoundError(EvidenceError):
    """The given folder is not the evidence of a command."""


class StackError(SecureNetObsError):
    """The local stack cannot do a requested operation."""


class StateFolderError(StackError):
    """A file in which a local stack keeps its state cannot be written."""


class PartNotReadyError(StackError):
    """A part of the local stack did not become ready; the message ends with the end of its log."""


class SchemaError(SecureNetObsError):
    """The store's schema is missing, older or newer than this version's; names the remedy."""


class InventoryError(SecureNetObsError):
    """A file or document is not an inventory of packages; the message names it and the place."""


class WaiverError(SecureNetObsError):
    """A file of waivers cannot be used: it is unreadable, or a waiver lacks a field; names it."""


class AdvisoriesError(SecureNetObsError):
    """Advisories cannot be read, or are older than permitted; the message names the remedy."""


class VersionError(SecureNetObsError):
    """A version, or a bound of an advisory, cannot be compared by the rules of its ecosystem."""


class BodyRefusedError(SecureNetObsError):
    """A request's body is refused; carries the HTTP status, and further headers of the answer."""

    def __init__(self, status: int, reason: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.headers = dict(headers or {})


class StrictJsonError(SecureNetObsError):
    """A request's body is not strict JSON; carries the path of the place and its offset in bytes.

    The path consists of the indexes and names that lead to the value; of the body it contains names
    only.
    """

    def __init__(self, reason: str, path: Sequence[int | str], offset: int) -> None:
        super().__init__(reason)
        self.path = tuple(path)
        self.offset = offset


class IdempotencyKeyError(SecureNetObsError):
    """An idempotency key is not usable: it belongs to another request, or was sent twice."""


class RecordError(SecureNetObsError):
    """An item of a network log is not a record; the message is the reason, without any content."""


class OriginalError(SecureNetObsError):
    """The file of quarantined items cannot be read again; the message is the reason."""


class PublishError(SecureNetObsError):
    """The broker, or the store before it, did not accept a task within its limits."""


class PayloadTooLargeError(SecureNetObsError):
    """A task's arguments are too large for the broker; the message names the alternative."""


class PoisonTaskError(SecureNetObsError):
    """A task was started too often without ending; it is not restarted automatically."""


class DeadLetterError(SecureNetObsError):
    """A dead letter cannot be requeued; the message gives the reason."""


class ActionError(SecureNetObsError):
    """An action of a runbook is not valid, cannot be done, or failed; the message says which."""


class NotificationError(SecureNetObsError):
    """A notification or a check-in was not taken; the message has no address and no key."""


class DoubtError(SecureNetObsError):
    """A validation is red without a fault; the message names its checks."""


class SeriesError(SecureNetObsError):
    """A time series cannot be read: a column, a time or a value is invalid; names the place."""


class DiagnosticError(SecureNetObsError):
    """Raised on purpose by a diagnostic, so that a validation can look for it in Sentry."""
