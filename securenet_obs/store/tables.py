"""Tables of the store and their column types; migrations/ creates and changes them."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    String,
    Text,
    TypeDecorator,
    func,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

KEY_ID_LENGTH = 8
"""Characters of a key's hash that identify it in logs and lists."""


class UtcDateTime(TypeDecorator[datetime]):
    """Column type of datetimes in UTC.

    SQLite does not store the zone, and PostgreSQL answers in the zone of its own settings.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the datetime to store; one without a zone counts as UTC."""
        return None if value is None else _in_utc(value)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the stored datetime with its zone."""
        return None if value is None else _in_utc(value)


class Table(DeclarativeBase):
    """Base of every table."""

    metadata = MetaData()
    type_annotation_map = {  # noqa: RUF012
        dict[str, Any]: JSON(none_as_null=True),
        list[Any]: JSON(none_as_null=True),
        datetime: UtcDateTime,
    }


class Tenant(Table):
    """A customer with a monitored network."""

    __tablename__ = "tenants"

    tenant_id: Mapped[str] = mapped_column(String(63), primary_key=True)


class Inventory(Table):
    """The packages that a tenant runs, in one of their versions; the highest number is current.

    `components` and `problems` are those of the inventory's files, as JSON.
    """

    __tablename__ = "inventories"

    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.tenant_id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    imported_at: Mapped[datetime]
    source: Mapped[str] = mapped_column(String(200))
    digest: Mapped[str] = mapped_column(String(64))
    components: Mapped[list[Any]] = mapped_column(JSON)
    problems: Mapped[list[Any]] = mapped_column(JSON)


class AdvisorySync(Table):
    """A synchronisation of advisories with one source.

    `as_of` is the latest modification of a record; `counts` is None until it is complete.
    """

    __tablename__ = "advisory_syncs"

    number: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(String(200))
    synced_at: Mapped[datetime]
    as_of: Mapped[datetime | None]
    counts: Mapped[dict[str, Any] | None]


class AdvisoryEntry(Table):
    """The statements of one advisory on one package: the index that a scan reads.

    `entry` and `known` are JSON texts. `added_in` and `changed_in` are numbers of synchronisations.
    """

    __tablename__ = "advisory_entries"

    ecosystem: Mapped[str] = mapped_column(String(100), primary_key=True)
    package: Mapped[str] = mapped_column(String(400), primary_key=True)
    advisory_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    source: Mapped[str] = mapped_column(String(200), index=True)
    digest: Mapped[str] = mapped_column(String(32))
    entry: Mapped[str] = mapped_column(Text)
    known: Mapped[str] = mapped_column(Text)
    added_in: Mapped[int]
    changed_in: Mapped[int]


class ExploitedVulnerability(Table):
    """A vulnerability that is known to be exploited, with the day on which it was listed."""

    __tablename__ = "exploited_vulnerabilities"

    cve_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    added_on: Mapped[str] = mapped_column(String(10))


class VulnerabilityScan(Table):
    """The last scan of a tenant: the inventory and the synchronisation that it read."""

    __tablename__ = "vulnerability_scans"

    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.tenant_id"), primary_key=True)
    scanned_at: Mapped[datetime]
    inventory_number: Mapped[int]
    sync_number: Mapped[int]


class Finding(Table):
    """A vulnerability of a version that a tenant runs or ran.

    `details` is the finding as a scan reports it. `cause` is the reason why it is new, `new_at` the
    time since which it counts as open. `waived_until` is set while a waiver applies, `resolved_at`
    once a scan does not find it any more, `notified_at` once it was logged as critical.
    """

    __tablename__ = "findings"
    __table_args__ = (
        Index(
            "ix_findings_resolved_at",
            "resolved_at",
            postgresql_where=text("resolved_at IS NOT NULL"),
            sqlite_where=text("resolved_at IS NOT NULL"),
        ),
    )

    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.tenant_id"), primary_key=True)
    ecosystem: Mapped[str] = mapped_column(String(100), primary_key=True)
    package: Mapped[str] = mapped_column(String(400), primary_key=True)
    version: Mapped[str] = mapped_column(String(256), primary_key=True)
    advisory_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    details: Mapped[dict[str, Any]]
    cause: Mapped[str] = mapped_column(String(20))
    first_seen: Mapped[datetime]
    new_at: Mapped[datetime]
    last_seen: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    waived_until: Mapped[datetime | None]
    notified_at: Mapped[datetime | None]


class Waiver(Table):
    """A tenant's decision to accept a vulnerability, of one package or of all, until a day."""

    __tablename__ = "waivers"

    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.tenant_id"), primary_key=True)
    advisory_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    package: Mapped[str] = mapped_column(String(400), primary_key=True)
    reason: Mapped[str] = mapped_column(Text)
    expires_on: Mapped[str] = mapped_column(String(10))


class NetworkMinute(Table):
    """Metrics of a tenant's network traffic in one minute."""

    __tablename__ = "network_minutes"

    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.tenant_id"), primary_key=True)
    minute: Mapped[datetime] = mapped_column(primary_key=True)
    records: Mapped[int] = mapped_column(BigInteger, default=0)
    octets: Mapped[int] = mapped_column(BigInteger, default=0)
    octets_out: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    octets_in: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    alerts_high: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    alerts_medium: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    alerts_low: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    alerts_other: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    dns_failures: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    denied: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    peers: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    peers_sketch: Mapped[bytes | None] = mapped_column(LargeBinary)


class QuarantinedRecord(Table):
    """An item of a batch that is not a record; `place` is its index in an envelope."""

    __tablename__ = "quarantined_records"

    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.tenant_id"), index=True)
    task_id: Mapped[str] = mapped_column(String(64), index=True)
    item: Mapped[int]
    place: Mapped[int]
    reason: Mapped[str] = mapped_column(String(200))
    sample: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(index=True)
    replayed_at: Mapped[datetime | None]


class LogFile(Table):
    """A log file that is read by ranges; its digest is that of its content.

    `path` is the one of its last import. `content` is the compressed state that a replay of its
    `quarantined` items changes; each replay that does adds one to `replays`.
    """

    __tablename__ = "log_files"

    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.tenant_id"), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    path: Mapped[str] = mapped_column(Text, default="", server_default="")
    ranges: Mapped[int]
    started_at: Mapped[datetime] = mapped_column(index=True)
    finished_at: Mapped[datetime | None]
    result: Mapped[dict[str, Any] | None]
    quarantined: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    replays: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    content: Mapped[bytes | None] = mapped_column(LargeBinary)


class LogRange(Table):
    """The partial result of a range of a log file, until the file is finished."""

    __tablename__ = "log_ranges"

    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.tenant_id"), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    start: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    content: Mapped[dict[str, Any]]


class Submission(Table):
    """A batch that the API accepted; it is published until it is finished, and counted once.

    Its records are kept as long as the row: they are the originals of what was counted.

    `due_at` is the time of its next publication, None once it is finished or is a dead letter.
    """

    __tablename__ = "submissions"
    __table_args__ = (
        Index(
            "ix_submissions_given_up",
            "accepted_at",
            postgresql_where=text("finished_at IS NULL AND due_at IS NULL"),
            sqlite_where=text("finished_at IS NULL AND due_at IS NULL"),
        ),
    )

    task_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.tenant_id"))
    records: Mapped[list[Any] | None]
    ids: Mapped[dict[str, Any]]
    accepted_at: Mapped[datetime]
    due_at: Mapped[datetime | None] = mapped_column(index=True)
    publications: Mapped[int]
    finished_at: Mapped[datetime | None] = mapped_column(index=True)
    result: Mapped[dict[str, Any] | None]


class IdempotencyKey(Table):
    """Key that a client gave a request, and the batch that was accepted for it.

    `confirmed_at` is None until the batch was published.
    """

    __tablename__ = "idempotency_keys"

    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.tenant_id"), primary_key=True)
    key_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    body_hash: Mapped[str] = mapped_column(String(64))
    task_id: Mapped[str] = mapped_column(String(64))
    request_id: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(index=True)
    confirmed_at: Mapped[datetime | None]


class TaskEffect(Table):
    """Result of a task for a tenant and a window, stored so that its effect happens once."""

    __tablename__ = "task_effects"

    tenant_id: Mapped[str] = mapped_column(String(63), primary_key=True)
    task: Mapped[str] = mapped_column(String(100), primary_key=True)
    window: Mapped[str] = mapped_column(String(64), primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    result: Mapped[dict[str, Any]]


class DeadLetter(Table):
    """A task that failed permanently: its arguments, its error, and the times of its failures."""

    __tablename__ = "dead_letters"

    id: Mapped[int] = mapped_column(primary_key=True)
    task_id: Mapped[str] = mapped_column(String(64), unique=True)
    task: Mapped[str] = mapped_column(String(200))
    tenant_id: Mapped[str | None] = mapped_column(String(63))
    request_id: Mapped[str | None] = mapped_column(String(64))
    window: Mapped[str | None] = mapped_column(String(64))
    arguments: Mapped[dict[str, Any]]
    redacted: Mapped[bool]
    reason: Mapped[str] = mapped_column(String(20))
    error: Mapped[str] = mapped_column(String(200))
    message: Mapped[str] = mapped_column(Text)
    traceback: Mapped[str] = mapped_column(Text)
    first_at: Mapped[datetime]
    last_at: Mapped[datetime] = mapped_column(index=True)
    times: Mapped[int]
    requeued_at: Mapped[datetime | None]


class ProcessedBatch(Table):
    """A batch of records that was counted, so that a redelivered task does not count it again."""

    __tablename__ = "processed_batches"

    batch_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.tenant_id"))
    processed_at: Mapped[datetime] = mapped_column(index=True, server_default=func.now())


class AnomalyModel(Table):
    """The models that judge a tenant's metrics: `versions` of `parameters`, by metric.

    Processes of schema 0003 and before store other parameters, which count as no model.
    """

    __tablename__ = "anomaly_models"

    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.tenant_id"), primary_key=True)
    trained_at: Mapped[datetime]
    parameters: Mapped[dict[str, Any]]


class AnomalyModelVersion(Table):
    """A trained model of one metric of a tenant, promoted or not.

    `held_back_error` is its mean error on the newest values before it learned them; `content` is
    the state of its detector.
    """

    __tablename__ = "anomaly_model_versions"

    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.tenant_id"), primary_key=True)
    metric: Mapped[str] = mapped_column(String(100), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    trained_at: Mapped[datetime]
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    points: Mapped[int]
    data_digest: Mapped[str] = mapped_column(String(64))
    held_back_error: Mapped[float] = mapped_column(Double)
    promoted: Mapped[bool]
    content: Mapped[dict[str, Any]]


class IncidentLockRow(Table):
    """The incident lock of runbooks that repair Redis: its holder as text, by name of the lock."""

    __tablename__ = "incident_locks"

    name: Mapped[str] = mapped_column(String(63), primary_key=True)
    holder: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[datetime]


class Alert(Table):
    """An alert of Sentry or Alertmanager, by the digest of its source and identity.

    `state` is `waiting`, `taken` or `done`, or `maintenance` if it came in such a window. The
    alert repeats, without a new dossier, for a while after `opened_at`. `runbook` is the one that
    the alert itself names, if any.
    """

    __tablename__ = "alerts"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    source: Mapped[str] = mapped_column(String(20))
    title: Mapped[str] = mapped_column(String(300))
    text: Mapped[str] = mapped_column(Text)
    runbook: Mapped[str] = mapped_column(String(100))
    facts: Mapped[dict[str, Any]]
    opened_at: Mapped[datetime]
    last_at: Mapped[datetime] = mapped_column(index=True)
    times: Mapped[int]
    state: Mapped[str] = mapped_column(String(20))
    taken_at: Mapped[datetime | None]
    attempts: Mapped[int]


class MaintenanceWindow(Table):
    """A time in which alerts are stored and leave no dossier."""

    __tablename__ = "maintenance_windows"

    id: Mapped[int] = mapped_column(primary_key=True)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(String(200))


class ApiKey(Table):
    """An API key of one tenant; several may be valid at a time, so that keys can be rotated.

    A key is 256 random bits, so its plain SHA-256 cannot be reversed by guessing. It needs neither
    a salt nor the slow hash of a password that a person chose.
    """

    __tablename__ = "api_keys"

    key_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.tenant_id"), index=True)
    label: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]

    @property
    def key_id(self) -> str:
        """Id of the key in logs and for `revoke_key`."""
        return self.key_hash[:KEY_ID_LENGTH]


def _in_utc(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
