"""The Helm chart: each of its options, and what Helm makes of it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
CHART = ROOT / "deploy" / "helm" / "syncline"
HELM = Path(sys.executable).parent / "helm"
LEAST = {"kafka.bootstrap": "k:9092", "postgres.secret": "database", "keysSecret": "keys"}
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
    "by lag over TLS": {"services.execute.autoscaling.by": "lag", "kafka.security": "SSL"},
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
    "Strimzi": {
        "strimzi.enabled": "true",
        "strimzi.cluster": "main",
        "strimzi.namespace": "kafka",
        "kafka.prefix": "Acme_1.",
    },
    "Strimzi with users": {
        "strimzi.enabled": "true",
        "strimzi.cluster": "main",
        "kafka.security": "SASL_PLAINTEXT",
        "services.execute.autoscaling.by": "lag",
    },
    "Strimzi before 0.49": {
        "strimzi.enabled": "true",
        "strimzi.cluster": "main",
        "strimzi.version": "v1beta2",
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
