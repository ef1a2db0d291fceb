"""The Helm chart: every option is rendered by Helm and held against the schemas of Kubernetes."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import kubernetes_validate
import pytest
import yaml

from syncline.bootstrap.services import SERVICES
from syncline.bootstrap.settings import Settings
from syncline.contracts.topics import TOPICS
from syncline.kafka.topic_policy import chart_file, min_in_sync
from tests.support.chart import CHART, LEAST, OPTIONS, ROOT, flags, helm, render

VERSIONS = ("1.27", "1.37")
"""The oldest Kubernetes that Chart.yaml names, and the newest whose schemas are there."""
SHOWN = ("-gateway", "-execute")
BY_LAG = OPTIONS["by lag"]
NAME = re.compile(r"(?=.{1,63}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
"""What an API server takes as a name."""


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
    assert [name for _, name in names if not NAME.fullmatch(name)] == []


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
        ({"settings.PUBLIC_URL": "https://a"}, "the chart sets it by gateway.publicUrl"),
        ({"services.execute.settings.KAFKA_USERNAME": "a"}, "sets it by kafka.userSecret"),
        ({"defaults.autoscaling.by": "cpu", "defaults.autoscaling.min": "0"}, "at least 1 by cpu"),
        (BY_LAG | {"defaults.autoscaling.min": "7", "kafka.partitions": "6"}, "more than the most"),
        ({"strimzi.version": "v2"}, "/strimzi/version"),
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
    budget = named(documents, "PodDisruptionBudget", "-execute")["spec"]
    assert (budget["maxUnavailable"], budget["unhealthyPodEvictionPolicy"]) == (1, "AlwaysAllow")


def test_a_stage_scales_by_lag_up_to_its_partitions() -> None:
    many = BY_LAG | {"services.execute.autoscaling.max": "40", "kafka.partitions": "6"}
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
    # It runs before the operator has made users: `helm install --wait` waits for pods, and they
    # for the tables.
    assert not [name for name in environment(job["containers"][0]) if "KAFKA" in name]


@pytest.mark.parametrize("option", ["least", "Strimzi with users"])
def test_the_setup_comes_before_every_pod_and_goes_by_itself(option: str) -> None:
    job = named(render(OPTIONS[option]), "Job", "-setup")
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    assert job["spec"]["ttlSecondsAfterFinished"] == 86400
    pod = job["spec"]["template"]["spec"]
    for container in (*pod.get("initContainers", ()), *pod["containers"]):
        assert container["resources"]["limits"]["memory"] == "512Mi"  # for namespaces with a quota


def test_no_authentication_without_anything_in_it() -> None:
    documents = render(OPTIONS["by lag over TLS"])
    assert not [d for d in documents if d["kind"] == "TriggerAuthentication"]
    (trigger,) = named(documents, "ScaledObject", "-execute")["spec"]["triggers"]
    assert trigger["metadata"]["tls"] == "enable"
    assert "authenticationRef" not in trigger


def test_resources_are_of_the_version_of_strimzi() -> None:
    for option, version in (("Strimzi", "v1"), ("Strimzi before 0.49", "v1beta2")):
        found = [d for d in render(OPTIONS[option]) if d["kind"] in ("KafkaTopic", "KafkaUser")]
        assert {d["apiVersion"] for d in found} == {f"kafka.strimzi.io/{version}"}


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
