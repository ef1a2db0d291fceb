"""Every setting: from the environment (`SYNCLINE_…`) or from the file SYNCLINE_CONFIG_FILE names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from syncline.kafka.connection import KafkaConnection
from syncline.security.secrets import Keyring

LOCAL_FILE = Path(".syncline/env")
"""Written by `syncline dev`, so that commands in the same folder find its servers."""


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
    secret_keys: SecretStr = Field(
        SecretStr(""),
        description="Keys that encrypt the secrets of profiles: `id:base64,…`; the first encrypts.",
    )
    files_roots: str = Field(
        "", description="Folders that the file and SQLite connectors may use, separated by `:`."
    )
    outbound_allow: str = Field(
        "",
        description="Private hosts and networks that HTTP connectors may call: `10.0.0.0/8,erp.local`.",
    )
    health_host: str = Field("127.0.0.1", description="Address of /healthz, /readyz and /metrics.")
    health_port: int = Field(0, ge=0, le=65535, description="Port of them; 0: none.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Logs.")
    stalled_after: float = Field(
        1800.0, gt=0, description="Seconds without progress after which a run is closed as stalled."
    )
    otlp_endpoint: str | None = Field(
        None, description="OpenTelemetry collector (OTLP over HTTP) that spans are sent to."
    )

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
            compression=None if self.kafka_compression == "none" else self.kafka_compression,
        )

    def keyring(self) -> Keyring:
        """Return the keys. Raises SecretsError when there is none or one is wrong."""
        return Keyring.parse(self.secret_keys.get_secret_value())


def load_settings() -> Settings:
    """Read the settings: environment before file.

    Raises:
        pydantic.ValidationError: a setting has a wrong value.
        FileNotFoundError: SYNCLINE_CONFIG_FILE names a file that is not there.
    """
    named = os.environ.get("SYNCLINE_CONFIG_FILE")
    path = Path(named) if named else LOCAL_FILE
    if named and not path.is_file():
        raise FileNotFoundError(f"SYNCLINE_CONFIG_FILE names {named}, which is not there")
    return Settings(_env_file=path if path.is_file() else None)
