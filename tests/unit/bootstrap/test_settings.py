"""Settings: where they come from, what is said of wrong ones, and the page made of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncline.bootstrap.settings import Settings
from syncline.bootstrap.settings_page import page
from syncline.bootstrap.settings_sources import load_settings, unknown_variables
from syncline.domain.errors import InvalidInputError
from syncline.security.secrets import SecretsError, generate_key


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"SYNCLINE_{name.upper()}", raising=False)
    monkeypatch.delenv("SYNCLINE_CONFIG_FILE", raising=False)


def test_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "settings.env"
    file.write_text("SYNCLINE_KAFKA_PREFIX=file.\nSYNCLINE_LOG_LEVEL=DEBUG\n")
    monkeypatch.setenv("SYNCLINE_CONFIG_FILE", str(file))
    monkeypatch.setenv("SYNCLINE_KAFKA_PREFIX", "environment.")
    settings = load_settings()
    assert (settings.kafka_prefix, settings.log_level) == ("environment.", "DEBUG")


def test_yaml_file_may_nest(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("kafka:\n  prefix: file.\n  partitions: 3\nlog_level: DEBUG\n")
    monkeypatch.setenv("SYNCLINE_CONFIG_FILE", str(file))
    monkeypatch.setenv("SYNCLINE_KAFKA_PREFIX", "environment.")
    settings = load_settings()
    assert (settings.kafka_prefix, settings.kafka_partitions) == ("environment.", 3)
    assert settings.log_level == "DEBUG"


def test_yaml_file_with_a_misspelt_name_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("kafka_prefx: x\n")
    monkeypatch.setenv("SYNCLINE_CONFIG_FILE", str(file))
    with pytest.raises(InvalidInputError, match="did you mean `kafka_prefix`"):
        load_settings()


def test_local_file_of_dev_is_found(tmp_path: Path) -> None:
    (tmp_path / ".syncline").mkdir()
    (tmp_path / ".syncline" / "env").write_text("SYNCLINE_KAFKA_PREFIX=dev.\n")
    assert load_settings().kafka_prefix == "dev."


def test_missing_file_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNCLINE_CONFIG_FILE", "/nowhere/x.env")
    with pytest.raises(InvalidInputError, match=r"names /nowhere/x\.env, which is not there"):
        load_settings()


def test_every_wrong_value_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNCLINE_HEALTH_PORT", "many")
    monkeypatch.setenv("SYNCLINE_LOG_LEVEL", "loud")
    with pytest.raises(InvalidInputError) as caught:
        load_settings()
    assert {p.path for p in caught.value.problems} == {
        "SYNCLINE_HEALTH_PORT",
        "SYNCLINE_LOG_LEVEL",
    }


def test_settings_do_not_show_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNCLINE_POSTGRES_DSN", "postgresql://u:hunter2@h/d")
    assert "hunter2" not in repr(load_settings())


def test_keys_may_stand_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(f"{generate_key()}\n{generate_key()}\n")
    monkeypatch.setenv("SYNCLINE_SECRET_KEYS_FILE", str(file))
    ring = load_settings().keyring()
    assert ring.is_primary(ring.encrypt({"a": "b"}, "t", "p"))


def test_message_keys_may_stand_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(generate_key())
    monkeypatch.setenv("SYNCLINE_MESSAGE_KEYS_FILE", str(file))
    keys = load_settings().kafka().keys
    assert keys is not None
    assert keys.required


def test_kafka_is_not_used_without_message_keys() -> None:
    with pytest.raises(SecretsError, match="no message key: set SYNCLINE_MESSAGE_KEYS"):
        load_settings().kafka()


def test_misspelt_variable_is_noticed() -> None:
    found = unknown_variables({"SYNCLINE_KAFKA_PREFX": "x", "SYNCLINE_TENANT": "t", "PATH": "y"})
    assert [p.message for p in found] == ["unknown setting; did you mean `kafka_prefix`?"]


def test_page_in_docs_is_current() -> None:
    stored = Path(__file__).parents[3] / "docs" / "settings.md"
    assert stored.read_text() == page(), "run `python -m syncline.bootstrap.settings_page`"
