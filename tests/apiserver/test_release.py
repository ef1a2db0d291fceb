"""The chart as a release: installed, scaled, upgraded, taken back and removed by Helm."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.support.chart import CHART, LEAST, flags
from tests.support.eventually import eventually
from tests.support.kubernetes.control_plane import ADMIN, DEPLOYER, ControlPlane
from tests.support.kubernetes.kubelet import Kubelet

pytestmark = [pytest.mark.apiserver, pytest.mark.usefixtures("node")]
EVERYTHING = "deployments,jobs,services,configmaps,networkpolicies,ingresses,poddisruptionbudgets"


def command(verb: str, namespace: str, values: Mapping[str, str]) -> list[str]:
    """Return arguments for Helm, which waits until all pods are ready."""
    waits = ("--namespace", namespace, "--wait", "--timeout", "120s")
    return [verb, "sync", str(CHART), *waits, *flags(LEAST | dict(values))]


async def helm(
    cluster: ControlPlane, verb: str, namespace: str, values: Mapping[str, str], user: str = ADMIN
) -> None:
    """Let Helm install or upgrade the release `sync`."""
    done = await cluster.helm(*command(verb, namespace, values), user=user)
    assert done.code == 0, done.err
    assert done.warnings == []


async def replicas(cluster: ControlPlane, namespace: str, service: str) -> int:
    found = await cluster.get("deployment", f"sync-{service}", namespace)
    count: int = found["spec"]["replicas"]
    return count


async def left(cluster: ControlPlane, namespace: str) -> list[str]:
    """Return what there is of the release."""
    label = "app.kubernetes.io/instance=sync"
    found = await cluster.list(EVERYTHING, namespace, "-l", label)
    return [f"{d['kind']}/{d['metadata']['name']}" for d in found]


async def test_a_release_is_installed_scaled_upgraded_taken_back_and_removed(
    cluster: ControlPlane,
) -> None:
    await cluster.make_namespace("release")
    await helm(cluster, "install", "release", {"networkPolicy.enabled": "true"})
    job = await cluster.get("job", "sync-setup", "release")
    services = await cluster.list("deployments", "release")
    assert len(services) == 12
    begun = {service["metadata"]["creationTimestamp"] for service in services}
    assert job["status"]["completionTime"] <= min(begun)

    three = {"networkPolicy.enabled": "true", "services.execute.replicas": "3"}
    await helm(cluster, "upgrade", "release", three)
    assert await replicas(cluster, "release", "execute") == 3
    budget = await cluster.get("poddisruptionbudget", "sync-execute", "release")
    await eventually(lambda: _allows(cluster, budget, 1))

    done = await cluster.helm("rollback", "sync", "1", "--namespace", "release", "--wait")
    assert done.code == 0, done.err
    assert await replicas(cluster, "release", "execute") == 1
    assert "PodDisruptionBudget/sync-execute" not in await left(cluster, "release")

    done = await cluster.helm("uninstall", "sync", "--namespace", "release", "--wait")
    assert done.code == 0, done.err
    assert await left(cluster, "release") == ["Job/sync-setup"]  # which goes after a day


async def _allows(cluster: ControlPlane, budget: dict[str, Any], count: int) -> bool:
    metadata = budget["metadata"]
    now = await cluster.get("poddisruptionbudget", metadata["name"], metadata["namespace"])
    return bool(now["status"].get("disruptionsAllowed") == count)


async def test_a_stage_that_was_scaled_by_hand_keeps_its_pods(cluster: ControlPlane) -> None:
    """Over an upgrade that names their number, and when an autoscaler takes over."""
    await cluster.make_namespace("by-hand")
    await helm(cluster, "install", "by-hand", {})
    await scale(cluster, "by-hand", 4)
    done = await cluster.helm(*command("upgrade", "by-hand", {"services.execute.replicas": "3"}))
    assert done.code != 0
    assert 'conflict with "kubectl" with subresource "scale"' in done.err
    assert await replicas(cluster, "by-hand", "execute") == 4
    await helm(cluster, "upgrade", "by-hand", {"services.execute.replicas": "4"})
    by_lag = {"services.execute.autoscaling.by": "lag"}
    await helm(cluster, "upgrade", "by-hand", by_lag)
    assert await replicas(cluster, "by-hand", "execute") == 4
    await scale(cluster, "by-hand", 5)  # as the autoscaler would
    await helm(cluster, "upgrade", "by-hand", by_lag | {"settings.LOG_LEVEL": "DEBUG"})
    assert await replicas(cluster, "by-hand", "execute") == 5


async def scale(cluster: ControlPlane, namespace: str, count: int) -> None:
    """Scale Execute, and see that the controllers follow."""
    wanted = (f"--replicas={count}", "--namespace", namespace)
    done = await cluster.kubectl("scale", "deploy/sync-execute", *wanted)
    assert (done.code, done.err) == (0, "")
    rollout = ("rollout", "status", "deploy/sync-execute", "--timeout=60s")
    done = await cluster.kubectl(*rollout, "--namespace", namespace)
    assert (done.code, done.err) == (0, "")


async def test_who_administers_a_namespace_may_install(cluster: ControlPlane) -> None:
    """Whose rights end at the namespace's border, as platform teams hand them out."""
    await cluster.make_namespace("of-a-team")
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "admin"}
    await cluster.make(
        {
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
            "metadata": {"name": "deployer"}, "roleRef": role,
            "subjects": [{"kind": "User", "name": DEPLOYER}],
        },
        namespace="of-a-team",
    )  # fmt: skip
    values = {
        "networkPolicy.enabled": "true", "dashboards.enabled": "true",
        "gateway.ingress.enabled": "true", "gateway.ingress.host": "sync.example",
        "services.execute.replicas": "2", "services.transform.autoscaling.by": "cpu",
    }  # fmt: skip
    await helm(cluster, "install", "of-a-team", values, DEPLOYER)


async def test_a_quota_that_asks_for_limits_lets_every_pod_in(cluster: ControlPlane) -> None:
    await cluster.make_namespace("counted")
    hard = {"requests.cpu": "4", "requests.memory": "8Gi", "limits.memory": "16Gi"}
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "all"}}
    await cluster.make(quota | {"spec": {"hard": hard}}, namespace="counted")
    await helm(cluster, "install", "counted", {})


async def test_strimzis_operator_finds_users_and_topics_before_a_pod_is_ready(
    cluster: ControlPlane,
) -> None:
    await cluster.make_namespace("strimzi")
    values = {
        "strimzi.enabled": "true", "strimzi.cluster": "main", "kafka.security": "SASL_PLAINTEXT",
        "kafka.prefix": "Acme_1.", "services.execute.autoscaling.by": "lag",
    }  # fmt: skip
    await helm(cluster, "install", "strimzi", values)
    job = await cluster.get("job", "sync-setup", "strimzi")
    services = await cluster.list("deployments", "strimzi")
    begun = {service["metadata"]["creationTimestamp"] for service in services}
    assert job["status"]["completionTime"] <= min(begun)
    assert len(await cluster.list("kafkausers", "strimzi")) == 12


async def test_a_budget_keeps_all_but_one_pod_and_holds_no_broken_one(
    cluster: ControlPlane, node: Kubelet
) -> None:
    await cluster.make_namespace("drained")
    await helm(cluster, "install", "drained", {"services.execute.replicas": "3"})
    pods = [p["metadata"]["name"] for p in await _execute(cluster)]
    budget = await cluster.get("poddisruptionbudget", "sync-execute", "drained")
    await eventually(lambda: _allows(cluster, budget, 1))
    node.broken.add("execute")
    await eventually(lambda: _allows(cluster, budget, 0))
    async with cluster.client() as client:
        for pod in pods:  # none is ready, so that a drain of the node would wait for ever
            answer = await client.post(
                f"/api/v1/namespaces/drained/pods/{pod}/eviction",
                json={"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod}},
            )
            assert answer.status_code == 201, answer.text
    node.broken.clear()


async def _execute(cluster: ControlPlane) -> list[dict[str, Any]]:
    return await cluster.list("pods", "drained", "-l", "app.kubernetes.io/component=execute")
