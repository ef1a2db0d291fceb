"""Every setting: from the environment (`SYNCLINE_…`) or a file that SYNCLINE_CONFIG_FILE names."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from syncline.connectors.port import Surroundings
from syncline.domain.errors import InvalidInputError, Problem
from syncline.kafka.connection import KafkaConnection
from syncline.postgres.retention import Retention
from syncline.postgres.sessions import Lifetimes
from syncline.security.secrets import Keyring, SecretsError

LOCAL_FILE = Path(".syncline/env")
"""Written by `syncline dev`, so that commands in the same folder find its servers."""


OTHER_VARIABLES = {
    "SYNCLINE_CONFIG_FILE": "File with settings, one `SYNCLINE_NAME=value` a line, or YAML with "
    "`name: value`; the environment wins. Without it `.syncline/env` is read where it exists.",
    "SYNCLINE_TENANT": "Tenant that the commands work in; `default` otherwise.",
    "SYNCLINE_CACHE": "Folder for downloads of `syncline dev`; `~/.cache/syncline` otherwise.",
    "SYNCLINE_DEV_KAFKA_PORT": "Port of the Kafka that `syncline dev` starts.",
    "SYNCLINE_DEV_POSTGRES_PORT": "Port of the PostgreSQL that `syncline dev` starts.",
    "SYNCLINE_DEV_HTTP_PORT": "Port of the console and the API that `syncline dev` starts.",
    "SYNCLINE_DEV_HEALTH_PORT": "First health port of the services that `syncline dev` starts.",
}
"""Variables that are no settings of a service."""


class Settings(BaseSettings):
    """The settings of one process."""

    model_config = SettingsConfigDict(env_prefix="SYNCLINE_", extra="ignore")

    postgres_dsn: SecretStr = Field(
        SecretStr("postgresql://syncline@127.0.0.1:15432/syncline"),
        description="Address of PostgreSQL, 15 or later: `postgresql://user:password@host/database`.",
    )
    kafka_bootstrap: str = Field(
        "127.0.0.1:19092", description="Kafka brokers, 3.9 or later: `host:port,host:port`."
    )
    kafka_prefix: str = Field(
        "syncline.", description="Stands before the name of every topic and consumer group."
    )
    kafka_partitions: int = Field(
        12, ge=1, le=256, description="Partitions of new topics; a stage scales up to this number."
    )
    kafka_replication: int = Field(1, ge=1, description="Replicas of new topics.")
    kafka_security: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="How brokers are spoken to."
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "SCRAM-SHA-512", description="SASL mechanism."
    )
    kafka_username: str | None = Field(None, description="SASL user.")
    kafka_password: SecretStr | None = Field(None, description="SASL password.")
    kafka_ca_file: str | None = Field(None, description="CA certificates for TLS, PEM.")
    kafka_cert_file: str | None = Field(None, description="Client certificate for TLS, PEM.")
    kafka_key_file: str | None = Field(None, description="Key of the client certificate, PEM.")
    kafka_compression: Literal["zstd", "lz4", "snappy", "gzip", "none"] = Field(
        "zstd", description="Compression of messages."
    )
    kafka_session_timeout: float = Field(
        30.0,
        ge=6,
        le=300,
        description="Seconds of silence after which a process counts as dead and others take over.",
    )
    secret_keys: SecretStr = Field(
        SecretStr(""),
        description="Keys that encrypt the secrets of profiles: `id:base64,…`; the first encrypts.",
    )
    secret_keys_file: Path | None = Field(
        None, description="File with those keys, one a line, instead of SYNCLINE_SECRET_KEYS."
    )
    files_roots: str = Field(
        "", description="Folders that the file and SQLite connectors may use, separated by `:`."
    )
    outbound_allow: str = Field(
        "",
        description="Private hosts and networks that HTTP connectors may call: "
        "`10.0.0.0/8,erp.local`.",
    )
    public_url: str | None = Field(
        None,
        pattern=r"^https?://[^/?#\s]+$",
        description="Address at which people open the console, such as `https://sync.example.com`: "
        "links begin with it, and with https the session's cookie goes over nothing else. "
        "Otherwise the gateway's own address.",
    )
    trusted_proxies: str = Field(
        "",
        description="Addresses of reverse proxies, such as `10.0.0.7,10.1.0.0/16`, that may say "
        "in `X-Forwarded-For` and `-Proto` for whom they ask; nobody else is believed.",
    )
    session_idle: float = Field(
        12 * 3600.0, ge=120, description="Seconds without use after which a person is signed out."
    )
    session_lifetime: float = Field(
        7 * 86400.0, ge=300, description="Seconds after which a person must sign in anew."
    )
    http_host: str = Field(
        "127.0.0.1", description="Address at which the gateway answers: the console and the API."
    )
    http_port: int = Field(18000, ge=1, le=65535, description="Port of it.")
    http_max_body: int = Field(
        2_000_000, ge=10_000, description="Bytes of the largest request that the gateway takes."
    )
    health_host: str = Field("127.0.0.1", description="Address of /healthz, /readyz and /metrics.")
    health_port: int = Field(0, ge=0, le=65535, description="Port of them; 0: none.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Logs.")
    stalled_after: float = Field(
        1800.0, gt=0, description="Seconds without progress after which a run is closed as stalled."
    )
    keep_runs: int = Field(400, ge=1, description="Days a run is kept after its end.")
    keep_outcomes: int = Field(90, ge=1, description="Days the outcomes of its records are kept.")
    keep_dead_letters: int = Field(
        30, ge=1, description="Days a dead letter is kept after it was resolved."
    )
    keep_audit: int = Field(400, ge=1, description="Days the audit log is kept.")
    dlq_alert_at: int = Field(
        100,
        ge=1,
        description="Pending dead letters of an instance from which on its growth is told; well "
        "again from half of it down.",
    )
    smtp_host: str = Field("", description="Mail server for notifications; empty: no e-mail.")
    smtp_port: int = Field(587, ge=1, le=65535, description="Its port.")
    smtp_tls: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="How it is spoken to; certificates are always verified."
    )
    smtp_user: str = Field("", description="User at the mail server; empty: no login.")
    smtp_password: SecretStr = Field(SecretStr(""), description="Password of that user.")
    smtp_from: str = Field("syncline@localhost", description="Sender of notifications.")
    otlp_endpoint: str | None = Field(
        None, description="OpenTelemetry collector (OTLP over HTTP) that spans are sent to."
    )

    @field_validator("*", mode="before")
    @classmethod
    def _empty_is_not_given(cls, value: object, field: ValidationInfo) -> object:
        """Take an empty text as none where a setting may be left out: Compose hands it on so."""
        may_be_none = cls.model_fields[str(field.field_name)].default is None
        return None if value == "" and may_be_none else value

    def kafka(self) -> KafkaConnection:
        """Return how to reach Kafka."""
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
            compression=None if self.kafka_compression == "none" else self.kafka_compression,
        )

    def surroundings(self) -> Surroundings:
        """Return what connectors may reach."""
        allowed = [part.strip() for part in self.outbound_allow.split(",")]
        folders = [part for part in self.files_roots.split(":") if part]
        return Surroundings(tuple(filter(None, allowed)), tuple(folders))

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

    def keyring(self) -> Keyring:
        """Return the keys. Raises SecretsError when there is none or one is wrong."""
        return Keyring.parse(self._keys())

    def _keys(self) -> str:
        given = self.secret_keys.get_secret_value()
        if given or self.secret_keys_file is None:
            return given
        try:
            return self.secret_keys_file.read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise SecretsError(f"SYNCLINE_SECRET_KEYS_FILE cannot be read: {error}") from None


_SECRET = {"POSTGRES_DSN", "KAFKA_PASSWORD", "SECRET_KEYS", "SMTP_PASSWORD"}


def load_settings(file: Path | None = None) -> Settings:
    """Read the settings: environment before file.

    Args:
        file: is read instead of the one that SYNCLINE_CONFIG_FILE names.

    Raises:
        InvalidInputError: names every setting with a wrong value, and a file that is not there.
    """
    named = None if file else os.environ.get("SYNCLINE_CONFIG_FILE")
    path = file or (Path(named) if named else LOCAL_FILE)
    if named and not path.is_file():
        raise _wrong("SYNCLINE_CONFIG_FILE", f"names {named}, which is not there")
    try:
        if path.suffix in (".yaml", ".yml"):
            return Settings(_env_file=None, **_from_yaml(path))
        return Settings(_env_file=path if path.is_file() else None)
    except ValidationError as error:
        raise InvalidInputError([_problem(details) for details in error.errors()]) from None


def _problem(details: Any) -> Problem:  # noqa: ANN401 - pydantic's error
    name = "_".join(str(part) for part in details["loc"]).upper()
    given = "" if name in _SECRET else f", not {str(details['input'])[:80]!r}"
    return Problem(f"SYNCLINE_{name}", details["msg"].removeprefix("Input ") + given)


def _from_yaml(path: Path) -> dict[str, Any]:
    """Read `kafka_bootstrap: …` or `kafka: {bootstrap: …}`; the environment wins."""
    try:
        content = yaml.safe_load(path.read_text()) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise _wrong("SYNCLINE_CONFIG_FILE", f"{path} cannot be read: {error}") from None
    if not isinstance(content, dict):
        raise _wrong("SYNCLINE_CONFIG_FILE", f"{path} must hold `setting: value` lines")
    values = dict(_flat(content))
    unknown = [_unknown(name) for name in values if name not in Settings.model_fields]
    if unknown:
        raise InvalidInputError(unknown)
    return {n: v for n, v in values.items() if f"SYNCLINE_{n.upper()}" not in os.environ}


def _flat(content: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in content.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}_")
        else:
            yield f"{prefix}{name}".lower().removeprefix("syncline_"), value


def _unknown(name: str) -> Problem:
    near = get_close_matches(name, Settings.model_fields, 1, 0.6)
    return Problem(name, f"unknown setting{f'; did you mean `{near[0]}`?' if near else ''}")


def _wrong(name: str, message: str) -> InvalidInputError:
    return InvalidInputError([Problem(name, message)])


def unknown_variables(environ: Mapping[str, str]) -> list[Problem]:
    """Name variables that begin with SYNCLINE_ and that nothing reads: likely misspelt."""
    known = {f"SYNCLINE_{name.upper()}" for name in Settings.model_fields} | OTHER_VARIABLES.keys()
    return [
        _unknown(name.removeprefix("SYNCLINE_").lower())
        for name in sorted(environ)
        if name.startswith("SYNCLINE_") and name not in known
    ]
