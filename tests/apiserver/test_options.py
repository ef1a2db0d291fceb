"""An API server takes what each option of the chart makes, without a warning, and its pods come up.

Every namespace here takes pods of the Pod Security Standard `restricted` alone.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from syncline.kafka.acl_commands import strimzi_users
from tests.support.chart import OPTIONS, render
from tests.support.eventually import eventually
from tests.support.kubernetes.control_plane import ControlPlane, Done

pytestmark = [pytest.mark.apiserver, pytest.mark.usefixtures("node")]


@pytest.mark.parametrize("option", OPTIONS)
async def test_what_an_option_makes_is_taken_and_comes_up(
    cluster: ControlPlane, option: str
) -> None:
    namespace = re.sub(r"[^a-z0-9]", "-", option.lower())
    await cluster.make_namespace(namespace)
    documents = render(OPTIONS[option])
    done = await applied(cluster, documents, namespace)
    assert (done.code, done.err) == (0, "")
    await eventually(lambda: is_up(cluster, namespace), within=60)
    again = await applied(cluster, documents, namespace)
    assert (again.code, again.err) == (0, "")
    await cluster.kubectl("delete", "namespace", namespace, "--wait=false")


async def test_users_that_the_command_line_prints_are_taken(cluster: ControlPlane) -> None:
    await cluster.make_namespace("printed")
    done = await applied(cluster, strimzi_users("syncline.", "sync-SERVICE", "main"), "printed")
    assert (done.code, done.err) == (0, "")


async def applied(cluster: ControlPlane, documents: list[dict[str, Any]], namespace: str) -> Done:
    """Apply them on the server's side, all in one namespace, whatever they say of it."""
    for document in documents:
        document["metadata"]["namespace"] = namespace
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": documents})
    command = ("apply", "--server-side", "--validate=strict", "--filename=-")
    return await cluster.kubectl(*command, stdin=text)


async def is_up(cluster: ControlPlane, namespace: str) -> bool:
    """Tell whether every service has the pods that it is to have, and the setup has ended."""
    found = await cluster.list("deployments,jobs", namespace)
    jobs = [d for d in found if d["kind"] == "Job"]
    services = [d for d in found if d["kind"] == "Deployment"]
    assert len(services) == 12
    ready = [
        d["metadata"]["name"]
        for d in services
        if d["status"].get("readyReplicas") == d["spec"]["replicas"]
    ]
    assert len(ready) == 12, ready
    return all(job["status"].get("succeeded") == 1 for job in jobs)


async def test_a_pod_that_may_do_more_is_refused(cluster: ControlPlane) -> None:
    """So that the tests above say something: the same pod, as root."""
    await cluster.make_namespace("refused")
    service = next(d for d in render({}) if d["kind"] == "Deployment")
    pod = service["spec"]["template"] | {"apiVersion": "v1", "kind": "Pod"}
    pod["metadata"]["name"] = "as-it-is"
    pod["spec"]["serviceAccountName"] = "default"
    await eventually(lambda: _has_account(cluster, "refused"))
    assert (await applied(cluster, [pod], "refused")).code == 0
    pod["metadata"]["name"] = "as-root"
    pod["spec"]["securityContext"]["runAsNonRoot"] = False
    done = await applied(cluster, [pod], "refused")
    assert done.code != 0
    assert 'violates PodSecurity "restricted:latest": runAsNonRoot != true' in done.err


async def _has_account(cluster: ControlPlane, namespace: str) -> bool:
    return bool(await cluster.list("serviceaccounts", namespace))
