"""Every setting of a process: what it is called, what may stand in it, what it is by itself."""

from __future__ import annotations

import re
from pathlib import Path
from socket import gethostname
from typing import Literal

from pydantic import (
    Field,
    SecretStr,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    field_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from syncline.bootstrap.own_servers import own_servers
from syncline.bootstrap.settings_kinds import (
    Allowances,
    Brokers,
    Collector,
    Dsn,
    File,
    Folders,
    Host,
    Keys,
    KeysFile,
    MailHost,
    MessageRing,
    MessageRingFile,
    Number,
    Prefix,
    ProcessName,
    Proxies,
    PublicUrl,
    RoleNames,
    Secret,
    Sender,
    Text,
    parts_of,
)
from syncline.connectors.folders import folders_of
from syncline.connectors.port import Surroundings
from syncline.domain.notification.incident import AlertTiming
from syncline.kafka.connection import KafkaConnection
from syncline.postgres.access.sessions import Lifetimes
from syncline.postgres.database.retention import Retention
from syncline.security.message_keys import MessageKeys
from syncline.security.secrets import Keyring

YEAR = 366 * 86400.0
LONGEST_MEMBER = 249
"""Characters that Kafka takes."""
MOST_DAYS = 36_525
"""A hundred years."""


class Settings(BaseSettings):
    """The settings of one process."""

    model_config = SettingsConfigDict(
        env_prefix="SYNCLINE_",
        env_ignore_empty=True,
        extra="ignore",
        validate_default=False,
        use_attribute_docstrings=True,
    )

    postgres_dsn: Dsn = SecretStr("postgresql://syncline@127.0.0.1:15432/syncline")
    """Address of PostgreSQL, 15 or later: `postgresql://user:password@host/database`; with a
    standby `…@host,other/database`."""
    postgres_roles: RoleNames = ""
    """Names of PostgreSQL roles that `syncline migrate` gives each service's rights to, such as
    `syncline_SERVICE`; no two installations of a server may have the same. Empty: none."""
    kafka_bootstrap: Brokers = "127.0.0.1:19092"
    """Kafka brokers, 3.9 or later: `host:port,host:port`."""
    kafka_prefix: Prefix = "syncline."
    """Prefix of the names of all topics and consumer groups."""
    kafka_partitions: int = Field(12, ge=1, le=256)
    """Partitions of new topics; a stage scales up to this number."""
    kafka_replication: int = Field(1, ge=1, le=100)
    """Replicas of new topics."""
    kafka_security: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    """Security protocol of the brokers."""
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    """SASL mechanism."""
    kafka_username: Text | None = None
    """SASL user."""
    kafka_password: Secret | None = None
    """SASL password."""
    kafka_ca_file: File | None = None
    """CA certificates for TLS, PEM."""
    kafka_cert_file: File | None = None
    """Client certificate for TLS, PEM."""
    kafka_key_file: File | None = None
    """Key of the client certificate, PEM."""
    kafka_compression: Literal["zstd", "lz4", "snappy", "gzip", "none"] = "zstd"
    """Compression of messages."""
    kafka_session_timeout: Number = Field(7.0, ge=6, le=300)
    """Seconds of silence after which a process counts as dead and others take over."""
    process_name: ProcessName = ""
    """Name that this process keeps when it is started again, and that no other process has at any
    time; `{host}` in it is the name of the machine or container. A killed process that is started
    again under its name goes on at once. Empty: others take over when it counts as dead."""
    secret_keys: Keys = SecretStr("")
    """Keys that encrypt the secrets of profiles: `id:base64,…`; the first encrypts."""
    secret_keys_file: KeysFile | None = None
    """File with those keys, one a line, instead of SYNCLINE_SECRET_KEYS."""
    message_keys: MessageRing = SecretStr("")
    """Keys of the digest that every message of a service carries: `id:base64,…`; the first signs,
    all are accepted."""
    message_keys_file: MessageRingFile | None = None
    """File with those keys, one a line, instead of SYNCLINE_MESSAGE_KEYS."""
    message_keys_required: bool = True
    """Whether a message without a digest is refused; false only while a release without message
    keys is being replaced."""
    files_roots: Folders = ""
    """Folders that the file and SQLite connectors may use, separated by `:`: the tenant `default`
    all that is in them but `tenants`, any other tenant `tenants/TENANT` in them."""
    outbound_allow: Allowances = ""
    """Private hosts and networks that connectors and webhooks may call, each for all ports or with
    one: `10.0.0.0/8,erp.local,db.local:5432`. The installation's own Kafka, PostgreSQL and health
    port stay closed unless an entry names them with their port."""
    outbound_deny: Allowances = ""
    """What they may not call, whatever network is allowed, in the same words. An entry of
    SYNCLINE_OUTBOUND_ALLOW with a port prevails."""
    public_url: PublicUrl | None = None
    """Address at which people open the console, such as `https://sync.example.com`: links begin
    with it, and with https the session's cookie goes over nothing else. Otherwise the gateway's own
    address."""
    trusted_proxies: Proxies = ""
    """Addresses of reverse proxies, such as `10.0.0.7,10.1.0.0/16`, that may say in
    `X-Forwarded-For` and `-Proto` for whom they ask; from others these headers are ignored."""
    session_idle: Number = Field(12 * 3600.0, ge=120, le=YEAR)
    """Seconds without use after which a person is signed out."""
    session_lifetime: Number = Field(7 * 86400.0, ge=300, le=YEAR)
    """Seconds after which a person must sign in anew."""
    http_host: Host = "127.0.0.1"
    """Address at which the gateway answers: the console and the API."""
    http_port: int = Field(18000, ge=1, le=65535)
    """Port of it."""
    http_max_body: int = Field(2_000_000, ge=10_000, le=100_000_000)
    """Bytes of the largest request that the gateway takes."""
    http_rate: Number = Field(100.0, ge=1, le=100_000)
    """Requests a second that one person or API key may send for long; ten times as many at once."""
    health_host: Host = "127.0.0.1"
    """Address of /healthz, /readyz and /metrics."""
    health_port: int = Field(0, ge=0, le=65535)
    """Port of them; 0: none."""
    metrics_names: bool = False
    """Whether metrics name tenants and instances; those of profiles and entity types they name
    always. Whoever reads the metrics sees them, and each name makes more series."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """Logs."""
    stalled_after: Number = Field(1800.0, ge=1, le=YEAR)
    """Seconds without progress after which a run is closed as stalled."""
    parent_wait: Number = Field(900.0, ge=0, le=YEAR)
    """Seconds, from when it was read, that a record waits for its parent at the target."""
    keep_runs: int = Field(400, ge=1, le=MOST_DAYS)
    """Days a run is kept after its end."""
    keep_outcomes: int = Field(90, ge=1, le=MOST_DAYS)
    """Days the outcomes of its records are kept."""
    keep_dead_letters: int = Field(30, ge=1, le=MOST_DAYS)
    """Days a dead letter is kept after it was resolved."""
    keep_audit: int = Field(400, ge=1, le=MOST_DAYS)
    """Days the audit log is kept."""
    dlq_alert_at: int = Field(100, ge=1, le=10**9)
    """Pending dead letters of an instance at which an alert begins; it ends at half of them."""
    alert_window: Number = Field(60.0, ge=0, le=YEAR)
    """Seconds that a failure must last before it is notified, together with all that fails for the
    same cause meanwhile."""
    alert_hold: Number = Field(300.0, ge=0, le=YEAR)
    """Seconds that a recovery must last before it is notified."""
    alert_quiet: Number = Field(3600.0, ge=0, le=YEAR)
    """Seconds after a message during which no further one about its incident is sent; also the time
    within which changes are counted."""
    alert_flaps: int = Field(3, ge=0, le=1000)
    """The number of the change within that time that is notified as flapping; the next message
    comes when the state has lasted as long. 0 notifies every change."""
    smtp_host: MailHost = ""
    """Mail server for notifications; empty: no e-mail."""
    smtp_port: int = Field(587, ge=1, le=65535)
    """Its port."""
    smtp_tls: Literal["starttls", "tls", "none"] = "starttls"
    """Its encryption; certificates are always verified."""
    smtp_user: Text = ""
    """User at the mail server; empty: no login."""
    smtp_password: Secret = SecretStr("")
    """Password of that user."""
    smtp_from: Sender = "syncline@localhost"
    """Sender of notifications."""
    otlp_endpoint: Collector | None = None
    """OpenTelemetry collector (OTLP over HTTP) that spans are sent to."""

    @field_validator("*", mode="wrap")
    @classmethod
    def _blank_is_unset(
        cls, value: object, handler: ValidatorFunctionWrapHandler, info: ValidationInfo
    ) -> object:
        """Take a blank text as if it were not there: Compose and Kubernetes hand such on."""
        if value is None or (isinstance(value, str) and not value.strip()):
            return cls.model_fields[str(info.field_name)].default
        return handler(value)

    def kafka(self) -> KafkaConnection:
        """Return how to reach Kafka. Raises SecretsError without message keys."""
        return KafkaConnection(
            bootstrap=self.kafka_bootstrap,
            prefix=self.kafka_prefix,
            security_protocol=self.kafka_security,
            sasl_mechanism=self.kafka_sasl_mechanism,
            sasl_username=self.kafka_username,
            sasl_password=self.kafka_password.get_secret_value() if self.kafka_password else None,
            ssl_cafile=self.kafka_ca_file,
            ssl_certfile=self.kafka_cert_file,
            ssl_keyfile=self.kafka_key_file,
            session_timeout=self.kafka_session_timeout,
            member=self.member(),
            compression=None if self.kafka_compression == "none" else self.kafka_compression,
            keys=self._message_keys(),
            partitions=self.kafka_partitions,
        )

    def member(self) -> str | None:
        """Return the name of this process, as Kafka allows it in a group; None: it has none."""
        name = self.process_name.replace("{host}", gethostname())
        return re.sub("[^A-Za-z0-9._-]", "-", name)[:LONGEST_MEMBER] or None

    def roots(self) -> tuple[str, ...]:
        """Return the folders that connectors may use, those of all tenants together."""
        return tuple(part for part in self.files_roots.split(":") if part)

    def surroundings(self, tenant: str) -> Surroundings:
        """Return what a tenant's connectors may reach."""
        folders, closed = folders_of(tenant, self.roots())
        dsn = self.postgres_dsn.get_secret_value()
        own = own_servers(dsn, self.kafka_bootstrap, self.health_host, self.health_port)
        denied = (*own, *parts_of(self.outbound_deny))
        allowed = tuple(parts_of(self.outbound_allow))
        return Surroundings(allowed, folders, denied, closed, self.kafka_prefix)

    def lifetimes(self) -> Lifetimes:
        """Return how long sessions of the console last."""
        return Lifetimes(self.session_idle, self.session_lifetime)

    def console_url(self) -> str:
        """Return the address at which people open the console."""
        host = f"[{self.http_host}]" if ":" in self.http_host else self.http_host
        return self.public_url or f"http://{host}:{self.http_port}"

    def retention(self) -> Retention:
        """Return how long things are kept."""
        return Retention(
            self.keep_runs, self.keep_outcomes, self.keep_dead_letters, self.keep_audit
        )

    def pace(self) -> AlertTiming:
        """Return how patient notifications are."""
        return AlertTiming(self.alert_window, self.alert_hold, self.alert_quiet, self.alert_flaps)

    def keyring(self) -> Keyring:
        """Return the keys. Raises SecretsError when there is none or one is wrong."""
        return Keyring.parse(_given(self.secret_keys, self.secret_keys_file))

    def _message_keys(self) -> MessageKeys:
        keys = _given(self.message_keys, self.message_keys_file)
        return MessageKeys.parse(keys, required=self.message_keys_required)


def _given(keys: SecretStr, file: Path | None) -> str:
    """Return the keys of a setting, or of the file that stands for it."""
    text = keys.get_secret_value()
    return text if text or file is None else file.read_text()
