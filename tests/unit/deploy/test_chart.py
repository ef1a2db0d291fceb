"""The Helm chart: every option is rendered by Helm and held against the schemas of Kubernetes."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from syncline.bootstrap.services import SERVICES
from syncline.bootstrap.settings import Settings
from syncline.contracts.topics import TOPICS
from syncline.kafka.topic_policy import chart_file, min_in_sync

ROOT = Path(__file__).parents[3]
CHART = ROOT / "deploy" / "helm" / "syncline"
HELM = Path(sys.executable).parent / "helm"
LEAST = {"kafka.bootstrap": "k:9092", "postgres.secret": "database", "keysSecret": "keys"}
VERSIONS = ("1.27", "1.37")
"""The oldest Kubernetes that Chart.yaml names, and the newest whose schemas are there."""
SHOWN = ("-gateway", "-execute")
OPTIONS: dict[str, dict[str, str]] = {
    "least": {},
    "by lag": {"defaults.autoscaling.by": "none", "services.execute.autoscaling.by": "lag"},
    "by lag over SASL": {
        "services.execute.autoscaling.by": "lag",
        "kafka.security": "SASL_SSL",
        "kafka.userSecret": "kafka-SERVICE",
        "kafka.caSecret": "ca",
        "kafka.certSecret": "client",
    },
    "by CPU": {"defaults.autoscaling.by": "cpu", "defaults.autoscaling.max": "3"},
    "files": {"files.enabled": "true", "files.storageClass": "fast"},
    "files of others": {"files.enabled": "true", "files.existingClaim": "theirs"},
    "ingress": {
        "gateway.ingress.enabled": "true",
        "gateway.ingress.host": "sync.example",
        "gateway.ingress.className": "nginx",
        "gateway.ingress.tlsSecret": "tls",
        "gateway.publicUrl": "https://sync.example",
    },
    "closed": {"networkPolicy.enabled": "true"},
    "closed to all": {
        "networkPolicy.enabled": "true",
        "networkPolicy.consoleFrom": "null",
        "networkPolicy.metricsFrom": "null",
    },
    "watched": {
        "podMonitor.enabled": "true",
        "podMonitor.labels.release": "prometheus",
        "rules.enabled": "true",
        "rules.labels.release": "prometheus",
        "dashboards.enabled": "true",
    },
    "Strimzi": {"strimzi.enabled": "true", "strimzi.cluster": "main", "strimzi.namespace": "kafka"},
    "Strimzi with users": {
        "strimzi.enabled": "true",
        "strimzi.cluster": "main",
        "kafka.security": "SASL_PLAINTEXT",
        "services.execute.autoscaling.by": "lag",
    },
    "without setup": {"setup.enabled": "false", "serviceAccount.create": "false"},
    "one service apart": {
        "services.execute.replicas": "3",
        "services.execute.resources.limits.memory": "1Gi",
        "services.execute.settings.LOG_LEVEL": "DEBUG",
        "services.execute.nodeSelector.disk": "fast",
        "services.execute.tolerations[0].key": "batch",
        "services.execute.annotations.team": "erp",
        "image.pullSecrets[0]": "registry",
        "postgres.caSecret": "database-ca",
        "envFrom[0].secretRef.name": "smtp",
    },
}


def render(values: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the documents that Helm makes of the chart with these values."""
    done = helm("template", "sync", CHART, *flags(LEAST | dict(values)))
    assert done.returncode == 0, done.stderr
    return [document for document in yaml.safe_load_all(done.stdout) if document]


def helm(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    if not HELM.exists():
        pytest.fail("there is no helm: `make setup` installs it")
    return subprocess.run([HELM, *arguments], check=False, capture_output=True, text=True)


def flags(values: Mapping[str, str]) -> Sequence[str]:
    return [part for name, value in values.items() for part in ("--set", f"{name}={value}")]


@cache
def check(document: str) -> None:
    """Hold a document against the schemas; many options make the same one."""
    for version in VERSIONS:
        kubernetes_validate.validate(json.loads(document), version, strict=True)


def named(documents: Sequence[dict[str, Any]], kind: str, end: str) -> dict[str, Any]:
    """Return the only document of a kind whose name ends so."""
    found = [d for d in documents if d["kind"] == kind and d["metadata"]["name"].endswith(end)]
    assert len(found) == 1, [d["metadata"]["name"] for d in documents]
    return found[0]


def environment(container: dict[str, Any]) -> dict[str, Any]:
    return {entry["name"]: entry.get("value", entry.get("valueFrom")) for entry in container["env"]}


@pytest.mark.parametrize("option", OPTIONS)
def test_what_an_option_makes_is_what_kubernetes_takes(option: str) -> None:
    documents = render(OPTIONS[option])
    for document in documents:
        if "." in document["apiVersion"].split("/")[0] and "k8s.io" not in document["apiVersion"]:
            continue  # of an operator: its schema is not Kubernetes'
        if document["kind"] == "Deployment" and not document["metadata"]["name"].endswith(SHOWN):
            continue  # one template makes them all
        check(json.dumps(document))
    names = [(d["kind"], d["metadata"]["name"]) for d in documents]
    assert len(names) == len(set(names))
    assert all(len(name) <= 63 for _, name in names)


@pytest.mark.parametrize("option", OPTIONS)
def test_lint_finds_nothing(option: str) -> None:
    done = helm("lint", "--strict", CHART, *flags(LEAST | dict(OPTIONS[option])))
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"kafka.bootstrap": ""}, "/kafka/bootstrap"),
        ({"kafka.bootstrap": "k"}, "/kafka/bootstrap"),
        ({"postgres.secret": ""}, "/postgres/secret"),
        ({"keysSecret": ""}, "/keysSecret"),
        ({"kafka.security": "SASL_SSL"}, "/kafka/userSecret"),
        ({"services.exekute.replicas": "2"}, "exekute"),
        ({"services.execute.replica": "2"}, "replica"),
        ({"settings.SYNCLINE_LOG_LEVEL": "DEBUG"}, "SYNCLINE_LOG_LEVEL"),
        ({"services.gateway.autoscaling.by": "lag"}, "needs a service that reads a topic"),
        ({"strimzi.enabled": "true"}, "strimzi.cluster"),
        ({"gateway.ingress.enabled": "true"}, "gateway.ingress.host"),
        ({"gateway.publicUrl": "sync.example"}, "/gateway/publicUrl"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_named(value: Mapping[str, str], words: str) -> None:
    done = helm("template", "sync", CHART, *flags(LEAST | dict(value)))
    assert done.returncode != 0
    assert words in done.stderr


def test_the_chart_has_every_service_and_the_projects_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert chart["version"] == chart["appVersion"] == project["version"]
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    schema = json.loads((CHART / "values.schema.json").read_text())
    assert set(values["services"]) == set(SERVICES)
    assert set(schema["properties"]["services"]["properties"]) == set(SERVICES)


def test_what_it_knows_of_the_pipeline_is_what_the_code_says() -> None:
    made = "python -m syncline.kafka.topic_policy makes it"
    assert (CHART / "files" / "pipeline.yaml").read_text() == chart_file(), made


def test_every_variable_is_a_setting() -> None:
    known = {f"SYNCLINE_{name.upper()}" for name in Settings.model_fields}
    for document in render(OPTIONS["by lag over SASL"] | OPTIONS["ingress"]):
        if document["kind"] == "Deployment":
            (container,) = document["spec"]["template"]["spec"]["containers"]
            assert environment(container).keys() <= known


def test_a_service_may_differ_from_the_others() -> None:
    documents = render(OPTIONS["one service apart"])
    execute, ingest = (named(documents, "Deployment", f"-{name}") for name in ("execute", "ingest"))
    assert (execute["spec"]["replicas"], ingest["spec"]["replicas"]) == (3, 1)
    pod = execute["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["resources"]["limits"]["memory"] == "1Gi"
    assert container["resources"]["requests"]["memory"] == "160Mi"
    assert environment(container)["SYNCLINE_LOG_LEVEL"] == "DEBUG"
    assert pod["nodeSelector"] == {"disk": "fast"}
    other = ingest["spec"]["template"]["spec"]
    assert "nodeSelector" not in other
    assert "SYNCLINE_LOG_LEVEL" not in environment(other["containers"][0])
    assert named(documents, "PodDisruptionBudget", "-execute")["spec"]["maxUnavailable"] == 1


def test_a_stage_scales_by_lag_up_to_its_partitions() -> None:
    many = OPTIONS["by lag"] | {"services.execute.autoscaling.max": "40", "kafka.partitions": "6"}
    documents = render(many)
    scaled = named(documents, "ScaledObject", "-execute")["spec"]
    assert scaled["maxReplicaCount"] == 6
    (trigger,) = scaled["triggers"]
    assert trigger["metadata"]["consumerGroup"] == "syncline.execute"
    assert trigger["metadata"]["topic"] == "syncline.payload"
    assert "replicas" not in named(documents, "Deployment", "-execute")["spec"]


def test_each_service_may_have_an_account_of_its_own() -> None:
    own = {
        "postgres.secret": "database-SERVICE", "setup.postgresSecret": "database-owner",
        "settings.POSTGRES_ROLES": "syncline_SERVICE",
    }  # fmt: skip
    documents = render(OPTIONS["by lag over SASL"] | own)
    job = named(documents, "Job", "-setup")["spec"]["template"]["spec"]
    given = environment(job["initContainers"][0])
    assert given["SYNCLINE_POSTGRES_DSN"]["secretKeyRef"]["name"] == "database-owner"
    assert given["SYNCLINE_POSTGRES_ROLES"] == "syncline_SERVICE"
    for name in SERVICES:
        (container,) = named(documents, "Deployment", f"-{name}")["spec"]["template"]["spec"][
            "containers"
        ]
        given = environment(container)
        assert given["SYNCLINE_KAFKA_USERNAME"]["secretKeyRef"]["name"] == f"kafka-{name}"
        assert given["SYNCLINE_POSTGRES_DSN"]["secretKeyRef"]["name"] == f"database-{name}"


def test_strimzi_makes_the_topics_and_users_of_the_installation() -> None:
    documents = render(OPTIONS["Strimzi with users"])
    topics = {d["spec"]["topicName"]: d["spec"] for d in documents if d["kind"] == "KafkaTopic"}
    assert topics.keys() == {f"syncline.{topic.name}" for topic in TOPICS}
    assert topics["syncline.raw"]["partitions"] == 12
    assert topics["syncline.control"]["partitions"] == 1
    in_sync = {topic["config"]["min.insync.replicas"] for topic in topics.values()}
    assert in_sync == {str(min_in_sync(3))} == {"2"}
    users = [d["metadata"]["name"] for d in documents if d["kind"] == "KafkaUser"]
    assert sorted(users) == sorted(f"sync-{name}" for name in SERVICES)
    execute = named(documents, "KafkaUser", "-execute")["spec"]["authorization"]["acls"]
    may_write = [a["resource"]["name"] for a in execute if "Write" in a["operations"]]
    assert "syncline.outcomes" in may_write
    assert "syncline.payload" not in may_write
    trigger = named(documents, "KafkaUser", "-trigger")["spec"]["authorization"]["acls"]
    of_tenants = {"type": "topic", "name": "syncline.triggers.", "patternType": "prefix"}
    assert of_tenants in [entry["resource"] for entry in trigger]
    job = named(documents, "Job", "-setup")["spec"]["template"]["spec"]
    assert [container["args"] for container in job["containers"]] == [["migrate"]]
    assert environment(job["containers"][0])["SYNCLINE_KAFKA_USERNAME"] in users


def test_a_claim_of_somebody_is_used_and_none_is_made() -> None:
    documents = render(OPTIONS["files of others"])
    assert not [d for d in documents if d["kind"] == "PersistentVolumeClaim"]
    for name, has in (("ingest", True), ("execute", True), ("gateway", True), ("retry", False)):
        volumes = named(documents, "Deployment", f"-{name}")["spec"]["template"]["spec"]["volumes"]
        claims = [v["persistentVolumeClaim"]["claimName"] for v in volumes if "files" in v["name"]]
        assert claims == (["theirs"] if has else [])


def test_nobody_reaches_a_closed_installation() -> None:
    documents = [d for d in render(OPTIONS["closed to all"]) if d["kind"] == "NetworkPolicy"]
    assert [d["spec"]["ingress"] for d in documents] == [[], []]


def test_rules_and_dashboards_are_those_of_the_repository() -> None:
    documents = render(OPTIONS["watched"])
    watch = ROOT / "deploy" / "watch"
    rules = named(documents, "PrometheusRule", "")
    assert rules["spec"] == yaml.safe_load((watch / "rules.yml").read_text())
    assert rules["metadata"]["labels"]["release"] == "prometheus"
    for board in sorted(watch.glob("dashboards/*.json")):
        found = named(documents, "ConfigMap", f"-dashboard-{board.stem}")
        assert found["metadata"]["labels"]["grafana_dashboard"] == "1"
        assert json.loads(found["data"][board.name]) == json.loads(board.read_text())
