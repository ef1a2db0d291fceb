"""Every setting with an empty, a wrong and a far too large value: clear words, and exit code 2."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from syncline.bootstrap.settings import Settings
from syncline.bootstrap.settings_sources import OTHER_VARIABLES, load_settings
from syncline.cli.program.errors import explain
from syncline.domain.errors import InvalidInputError

LONG = "x" * 200_000
HUGE = "9" * 30
PYTHON = ("Input", "instance of", "Error", "valid dictionary", "_type", "Literal", "None", "int ")
"""Words of the language it is written in, which nobody who sets it up can use."""
WRONG = {
    "postgres_dsn": ("mysql://u:hunter2@h/d", "postgresql://"),
    "kafka_bootstrap": ("broker-1,broker-2", "host:port,host:port"),
    "kafka_prefix": ("my topics/", "letters, digits"),
    "kafka_partitions": ("many", "whole number"),
    "kafka_replication": ("0", "at least 1"),
    "kafka_security": ("TLS", "one of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL"),
    "kafka_sasl_mechanism": ("scram", "one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512"),
    "kafka_username": ("a\x07b", "control character"),
    "kafka_password": ("hunter2\x07", "control character"),
    "kafka_ca_file": ("/nowhere/ca.pem", "is not there"),
    "kafka_cert_file": ("/nowhere/cert.pem", "is not there"),
    "kafka_key_file": ("/", "is a folder"),
    "kafka_compression": ("zip", "one of zstd, lz4, snappy, gzip, none"),
    "kafka_session_timeout": ("nan", "number"),
    "process_name": ("execute/1", "letters, digits"),
    "postgres_roles": ("Syncline-execute", "with SERVICE in it"),
    "secret_keys": ("hunter2", "`id:base64` of 32 random bytes"),
    "secret_keys_file": ("/nowhere/keys", "is not there"),
    "message_keys": ("hunter2", "`id:base64` of 32 random bytes"),
    "message_keys_file": ("/nowhere/keys", "is not there"),
    "message_keys_required": ("perhaps", "true or false"),
    "files_roots": ("files:more", "absolute"),
    "outbound_allow": ("http://erp.local:80", "10.0.0.0/8,erp.local"),
    "outbound_deny": ("10.0.0.0/8:99999", "with or without `:port`"),
    "public_url": ("sync.example.com", "https://sync.example.com"),
    "trusted_proxies": ("10.0.0.7/8", "10.0.0.0/8"),
    "session_idle": ("1", "at least 120"),
    "session_lifetime": ("a week", "must be a number"),
    "http_host": ("http://0.0.0.0", "127.0.0.1"),
    "http_port": ("0", "at least 1"),
    "http_max_body": ("2 MB", "whole number"),
    "http_rate": ("0", "at least 1"),
    "health_host": ("all of them", "127.0.0.1"),
    "health_port": ("-1", "at least 0"),
    "metrics_names": ("perhaps", "true or false"),
    "log_level": ("loud", "one of DEBUG, INFO, WARNING, ERROR"),
    "stalled_after": ("inf", "number"),
    "parent_wait": ("-1", "at least 0"),
    "keep_runs": ("0", "at least 1"),
    "keep_outcomes": ("1.5", "whole number"),
    "keep_dead_letters": ("for ever", "whole number"),
    "keep_audit": ("-1", "at least 1"),
    "dlq_alert_at": ("0", "at least 1"),
    "alert_window": ("-1", "at least 0"),
    "alert_hold": ("nan", "number"),
    "alert_quiet": ("PT1H", "number"),
    "alert_flaps": ("often", "whole number"),
    "smtp_host": ("smtp://mail.example.com", "mail.example.com"),
    "smtp_port": ("smtp", "whole number"),
    "smtp_tls": ("ssl", "one of starttls, tls, none"),
    "smtp_user": ("a\nb", "control character"),
    "smtp_password": ("hunter2\n", "control character"),
    "smtp_from": ("Syncline", "sync@example.com"),
    "otlp_endpoint": ("collector:4318", "http://collector:4318"),
}
SECRET = {"postgres_dsn", "kafka_password", "secret_keys", "message_keys", "smtp_password"}
NUMBERS = {
    name for name, field in Settings.model_fields.items() if field.annotation in (int, float)
}


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"SYNCLINE_{name.upper()}", raising=False)
    for name in OTHER_VARIABLES:
        monkeypatch.delenv(name, raising=False)


def refusal(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Set a setting, and return what is said of it."""
    monkeypatch.setenv(f"SYNCLINE_{name.upper()}", value)
    with pytest.raises(InvalidInputError) as caught:
        load_settings()
    explained = explain(caught.value, {})
    assert explained.exit_code == 2
    (line,) = explained.lines()
    assert f"SYNCLINE_{name.upper()}: " in line
    assert len(line) < 500, line
    assert not any(word in line for word in PYTHON), line
    return line


def test_every_setting_has_a_wrong_value_here() -> None:
    assert WRONG.keys() == Settings.model_fields.keys()


@pytest.mark.parametrize("name", Settings.model_fields)
@pytest.mark.parametrize("blank", ["", "  "])
def test_empty_is_unset(name: str, blank: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"SYNCLINE_{name.upper()}", blank)
    assert getattr(load_settings(), name) == Settings.model_fields[name].default


@pytest.mark.parametrize("name", Settings.model_fields)
def test_empty_lets_the_file_speak(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "s.yaml"
    file.write_text("kafka_prefix: file.\nhttp_port:\nsmtp_host: ''\n")
    monkeypatch.setenv("SYNCLINE_CONFIG_FILE", str(file))
    monkeypatch.setenv("SYNCLINE_KAFKA_PREFIX", "")
    monkeypatch.setenv(f"SYNCLINE_{name.upper()}", "")
    settings = load_settings()
    assert (settings.kafka_prefix, settings.http_port, settings.smtp_host) == ("file.", 18000, "")


@pytest.mark.parametrize("name", Settings.model_fields)
def test_wrong_is_named_with_what_is_right(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    value, right = WRONG[name]
    line = refusal(name, value, monkeypatch)
    assert right in line
    assert ("hunter2" in line) is False


@pytest.mark.parametrize("name", Settings.model_fields)
def test_far_too_large_is_refused_in_few_words(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    value = HUGE if name in NUMBERS else LONG
    line = refusal(name, value, monkeypatch)
    assert name not in SECRET or "xxx" not in line
    if name in NUMBERS:
        assert "at most" in line or "whole number" in line


@pytest.mark.parametrize("name", sorted(NUMBERS))
@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e400"])
def test_no_number_is_endless(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    refusal(name, value, monkeypatch)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"kafka_security": "SASL_SSL"}, "KAFKA_USERNAME: is required with SASL_SSL"),
        ({"kafka_security": "SASL_SSL", "kafka_username": "u"}, "KAFKA_PASSWORD: is required"),
        ({"kafka_key_file": __file__}, "KAFKA_CERT_FILE: is required with SYNCLINE_KAFKA_KEY_FILE"),
    ],
)
def test_what_belongs_together_is_checked(
    values: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in values.items():
        monkeypatch.setenv(f"SYNCLINE_{name.upper()}", value)
    with pytest.raises(InvalidInputError) as caught:
        load_settings()
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff\xfe\x00", "is not UTF-8 text"),
        (b"kafka: [", "no YAML"),
        (b"- a", "`setting: value`"),
        (b"kafka_prefix: [a]", "must be text, not"),
        (b"kafka_prefix: true", "must be text, not true"),
        (b"1: 2", "unknown setting"),
    ],
)
def test_a_broken_file_is_named(
    content: bytes, said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "s.yaml"
    file.write_bytes(content)
    monkeypatch.setenv("SYNCLINE_CONFIG_FILE", str(file))
    with pytest.raises(InvalidInputError) as caught:
        load_settings()
    assert said in str(caught.value)


@pytest.mark.parametrize("name", ["s.env", "s.yaml"])
def test_a_folder_and_a_file_that_is_no_text_are_named(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    monkeypatch.setenv("SYNCLINE_CONFIG_FILE", str(tmp_path / "folder"))
    with pytest.raises(InvalidInputError, match="is a folder"):
        load_settings()
    (tmp_path / name).write_bytes(b"\xff\xfe")
    monkeypatch.setenv("SYNCLINE_CONFIG_FILE", str(tmp_path / name))
    with pytest.raises(InvalidInputError, match="is not UTF-8 text"):
        load_settings()


def test_secrets_are_secrets() -> None:
    kept = {n for n, f in Settings.model_fields.items() if "SecretStr" in str(f.annotation)}
    assert kept == SECRET
    assert SecretStr("x").get_secret_value() == "x"
