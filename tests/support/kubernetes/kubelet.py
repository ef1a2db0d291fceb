"""What a node does with pods, played: it takes each, says that it runs, and lets it go when told.

No container is started (`make kube-test` does that, with podman). A pod that is to run once has
succeeded at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx

NODE = "played"
_EACH = 0.2
"""Seconds between two looks at the pods."""
_MERGE = {"Content-Type": "application/merge-patch+json"}


class Kubelet:
    """Plays a node.

    Attributes:
        broken: services whose pods run, but are not ready.
    """

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self.broken: set[str] = set()

    async def join(self) -> None:
        """Make the node."""
        conditions = [{"type": "Ready", "status": "True", "reason": "Played"}]
        status = {
            "conditions": conditions,
            "capacity": {"cpu": "64", "memory": "256Gi", "pods": "500"},
        }
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": NODE}, "status": status}
        (await self._client.post("/api/v1/nodes", json=node)).raise_for_status()

    async def work(self) -> None:
        """Do what is to be done for each pod, until cancelled."""
        while True:
            for pod in (await self._client.get("/api/v1/pods")).raise_for_status().json()["items"]:
                await self._handle(pod)
            await asyncio.sleep(_EACH)

    async def _handle(self, pod: dict[str, Any]) -> None:
        metadata = pod["metadata"]
        path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"
        if "deletionTimestamp" in metadata:
            await self._client.request("DELETE", path, json={"gracePeriodSeconds": 0})
        elif "nodeName" not in pod["spec"]:
            binding = {
                "apiVersion": "v1", "kind": "Binding", "metadata": {"name": metadata["name"]},
                "target": {"apiVersion": "v1", "kind": "Node", "name": NODE},
            }  # fmt: skip
            await self._client.post(f"{path}/binding", json=binding)
        elif (status := self._status(pod)) != _kept(pod["status"]):
            body = {"status": status}
            # A pod that is gone meanwhile is no fault: the next look does not find it.
            await self._client.patch(f"{path}/status", json=body, headers=_MERGE)

    def _status(self, pod: dict[str, Any]) -> dict[str, Any]:
        if pod["spec"]["restartPolicy"] == "Never":
            return {"phase": "Succeeded", "conditions": []}
        service = pod["metadata"]["labels"].get("app.kubernetes.io/component")
        ready = {"type": "Ready", "status": "False" if service in self.broken else "True"}
        return {"phase": "Running", "conditions": [ready]}


def _kept(status: dict[str, Any]) -> dict[str, Any]:
    """Return of a pod's status what this one sets."""
    conditions = [
        {"type": c["type"], "status": c["status"]}
        for c in status.get("conditions", [])
        if c["type"] == "Ready"
    ]
    return {"phase": status.get("phase"), "conditions": conditions}


@asynccontextmanager
async def kubelet(client: httpx.AsyncClient) -> AsyncIterator[Kubelet]:
    """Let one work until the end of the block."""
    played = Kubelet(client)
    await played.join()
    work = asyncio.create_task(played.work())
    try:
        yield played
    finally:
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work
