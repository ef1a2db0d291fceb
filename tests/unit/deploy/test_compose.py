"""The Compose file and the image keep what they promise, read as the files they are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from syncline.bootstrap.services import SERVICES
from syncline.bootstrap.settings import Settings
from syncline.bootstrap.settings_sources import load_settings, unknown_variables

ROOT = Path(__file__).parents[3]
WATCH = ROOT / "deploy" / "watch"
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
HERE = {
    f"SYNCLINE_{name}"
    for name in (
        "POSTGRES_DSN", "SECRET_KEYS", "SECRET_KEYS_FILE", "MESSAGE_KEYS", "MESSAGE_KEYS_FILE",
        "KAFKA_REPLICATION", "KAFKA_CA_FILE", "KAFKA_CERT_FILE", "KAFKA_KEY_FILE", "HTTP_HOST",
        "HTTP_PORT", "HEALTH_HOST", "HEALTH_PORT", "FILES_ROOTS", "PROCESS_NAME", "POSTGRES_ROLES",
    )
}  # fmt: skip
"""Decided by the file, the image or the one-shot `secrets`, or files that only the host has."""
WATCHERS = ["prometheus", "grafana"]
OURS = [*SERVICES, "setup", "secrets", "cli"]


def test_every_service_is_in_it() -> None:
    assert set(COMPOSE["services"]) == {*OURS, "kafka", "postgres", *WATCHERS}
    for name in SERVICES:
        assert COMPOSE["services"][name]["command"] == ["run", name]


@pytest.mark.parametrize("name", OURS)
def test_ours_may_do_no_more_than_they_need(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert ("ports" in service) == (name == "gateway")


@pytest.mark.parametrize("name", [*SERVICES, "kafka", "postgres"])
def test_what_runs_for_long_is_watched_and_restarted(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["restart"] == "unless-stopped"
    assert service["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize("name", [*OURS, "kafka", "postgres", *WATCHERS])
def test_nothing_takes_the_machine_from_the_others(name: str) -> None:
    service = COMPOSE["services"][name]
    assert re.fullmatch(r"\d+[mg]", as_nobody_set_it(service["mem_limit"]))
    assert service["pids_limit"] >= 200


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_waits_for_its_tables_and_topics_and_has_time_to_drain(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["depends_on"]["setup"] == {"condition": "service_completed_successfully"}
    assert int(service["stop_grace_period"].removesuffix("s")) > 30


def test_nothing_listens_beyond_this_machine() -> None:
    ports = [p for service in COMPOSE["services"].values() for p in service.get("ports", [])]
    assert ports
    assert [p for p in ports if not p.startswith("127.0.0.1:")] == []


def test_every_setting_that_is_passed_on_is_read() -> None:
    given = {name: "" for s in SERVICES for name in COMPOSE["services"][s]["environment"]}
    assert given
    assert unknown_variables(given) == []


def test_every_setting_is_passed_on() -> None:
    every = {f"SYNCLINE_{name.upper()}" for name in Settings.model_fields}
    assert every - HERE - COMPOSE["services"]["execute"]["environment"].keys() == set()


@pytest.mark.parametrize("name", OURS)
def test_every_setting_has_a_value_that_is_taken(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As Compose hands them on when nobody sets anything."""
    monkeypatch.chdir(tmp_path)
    for variable, text in COMPOSE["services"][name].get("environment", {}).items():
        if variable != "SYNCLINE_CONFIG_FILE":  # it lies in a volume
            monkeypatch.setenv(variable, as_nobody_set_it(str(text)))
    assert load_settings().smtp_host == ""


def test_the_console_is_reached_where_its_links_lead() -> None:
    gateway = COMPOSE["services"]["gateway"]
    address = as_nobody_set_it(gateway["environment"]["SYNCLINE_PUBLIC_URL"])
    (port,) = map(as_nobody_set_it, gateway["ports"])
    assert address == f"http://{port.rpartition(':')[0]}"
    assert "SYNCLINE_HTTP_HOST=0.0.0.0" in (ROOT / "deploy" / "Dockerfile").read_text()


def as_nobody_set_it(text: str) -> str:
    """Return a value with every `${VARIABLE:-default}` as its default."""
    inner = re.compile(r"\$\{\w+(?::-([^${}]*))?\}")
    while inner.search(text):
        text = inner.sub(lambda found: found[1] or "", text)
    return text


def test_no_secret_has_a_value_that_everybody_knows() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    secrets = "SYNCLINE_SECRET_KEYS", "SYNCLINE_MESSAGE_KEYS", "POSTGRES_PASSWORD"
    named = re.findall(rf"\$\{{({'|'.join(secrets)})\b([^}}]*)\}}", text)
    assert {name for name, _ in named} == set(secrets)
    assert {default for _, default in named} == {":-"}


def test_the_image_runs_without_root_and_without_a_shell() -> None:
    last = (ROOT / "deploy" / "Dockerfile").read_text().rpartition("\nFROM ")[2]
    assert re.search(r"^USER [1-9]\d+:[1-9]\d+$", last, re.M)
    assert 'ENTRYPOINT ["syncline"]' in last
    assert "healthz" in last
    assert "PIP_" not in last


def test_prometheus_and_grafana_start_only_when_they_are_asked_for() -> None:
    for name in WATCHERS:
        service = COMPOSE["services"][name]
        assert service["profiles"] == ["watch"]
        assert service["cap_drop"] == ["ALL"]
        folders = [volume.split(":")[0] for volume in service["volumes"] if volume[0] == "."]
        assert folders
        assert [folder for folder in folders if not (ROOT / folder).exists()] == []


def test_prometheus_asks_every_service_and_names_it_as_rules_expect() -> None:
    (scrape,) = yaml.safe_load((WATCH / "prometheus.yml").read_text())["scrape_configs"]
    (found,) = scrape["dns_sd_configs"]
    assert set(found["names"]) == set(SERVICES)
    assert "SYNCLINE_HEALTH_PORT=8080" in (ROOT / "deploy" / "Dockerfile").read_text()
    assert found["port"] == 8080
    (relabelled,) = scrape["relabel_configs"]
    assert relabelled["target_label"] == "service"
    boards, sources = (
        yaml.safe_load((WATCH / "grafana" / f"{name}.yml").read_text())
        for name in ("dashboards", "datasource")
    )
    path = boards["providers"][0]["options"]["path"]
    assert f"./deploy/watch/dashboards:{path}:ro" in COMPOSE["services"]["grafana"]["volumes"]
    assert sources["datasources"][0]["url"] == "http://prometheus:9090"
