"""A real control plane of Kubernetes: etcd, the API server and the controllers, without a node.

One program has all three; `tests/apiserver/build` makes it. `kubelet.py` plays a node.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import ssl
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from tests.support.certificates import Authority
from tests.support.eventually import eventually
from tests.support.ports import free_port

ADMIN = "admin"
"""May do everything."""
DEPLOYER = "deployer"
"""May do what roles say, and so at first nothing."""
_GROUPS = {ADMIN: "system:masters", DEPLOYER: "deployers"}
_WITHOUT_NODES = "*,-node-lifecycle-controller,-node-ipam-controller"
"""The controllers, but those that would give a played node up."""
_TOOLS = Path(sys.executable).parent


class Done(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def warnings(self) -> list[str]:
        """What the API server warned of."""
        return [line for line in self.err.splitlines() if "warning" in line.lower()]


class ControlPlane:
    """Runs commands against the API server."""

    def __init__(self, address: str, authority: Path, tokens: dict[str, str], folder: Path) -> None:
        self.address, self.authority, self.tokens = address, authority, tokens
        self._folder = folder
        for user in tokens:
            self.config(user).write_text(json.dumps(self._config_of(user)))

    def config(self, user: str) -> Path:
        """Return the kubeconfig of a user."""
        return self._folder / f"{user}.kubeconfig"

    async def kubectl(self, *arguments: str, stdin: str = "", user: str = ADMIN) -> Done:
        return await self._run("kubectl", arguments, stdin, user)

    async def helm(self, *arguments: str, user: str = ADMIN) -> Done:
        return await self._run("helm", arguments, "", user)

    async def list(self, kinds: str, namespace: str, *arguments: str) -> list[dict[str, Any]]:
        """Return the objects of some kinds, such as `deployments,pods`."""
        done = await self.kubectl("get", kinds, "-n", namespace, "-o", "json", *arguments)
        assert done.code == 0, done.err
        found: list[dict[str, Any]] = json.loads(done.out)["items"]
        return found

    async def get(self, kind: str, name: str, namespace: str) -> dict[str, Any]:
        """Return one object."""
        done = await self.kubectl("get", kind, name, "-n", namespace, "-o", "json")
        assert done.code == 0, done.err
        found: dict[str, Any] = json.loads(done.out)
        return found

    async def make_namespace(self, name: str, **labels: str) -> None:
        """Make a namespace in which only pods of the standard `restricted` may be made."""
        level = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}
        metadata = {"name": name, "labels": level | labels}
        await self.make({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})

    async def make(self, *documents: dict[str, Any], namespace: str = "default") -> None:
        """Create objects; those that are there stay."""
        text = "\n---\n".join(map(json.dumps, documents))
        done = await self.kubectl("apply", "-n", namespace, "--server-side", "-f", "-", stdin=text)
        assert done.code == 0, done.err

    def client(self) -> httpx.AsyncClient:
        """Return a client of the API itself, as an administrator."""
        headers = {"Authorization": f"Bearer {self.tokens[ADMIN]}"}
        trusted = ssl.create_default_context(cafile=self.authority)
        return httpx.AsyncClient(
            base_url=self.address, headers=headers, verify=trusted, trust_env=False
        )

    async def _run(self, name: str, arguments: Sequence[str], stdin: str, user: str) -> Done:
        homes = dict.fromkeys(("HOME", "HELM_CACHE_HOME", "HELM_DATA_HOME"), str(self._folder))
        process = await asyncio.create_subprocess_exec(
            _TOOLS / name, *arguments, env=homes | {"KUBECONFIG": str(self.config(user))},
            stdin=PIPE, stdout=PIPE, stderr=PIPE,
        )  # fmt: skip
        out, err = await process.communicate(stdin.encode())
        assert process.returncode is not None
        return Done(process.returncode, out.decode(), err.decode())

    def _config_of(self, user: str) -> dict[str, Any]:
        cluster = {"server": self.address, "certificate-authority": str(self.authority)}
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "tests", "cluster": cluster}],
            "users": [{"name": user, "user": {"token": self.tokens[user]}}],
            "contexts": [{"name": user, "context": {"cluster": "tests", "user": user}}],
            "current-context": user,
        }


@asynccontextmanager
async def control_plane(program: Path, folder: Path) -> AsyncIterator[ControlPlane]:
    """Run one until the end of the block.

    Args:
        program: what `tests/apiserver/build` made.
        folder: for certificates, data and logs.
    """
    authority = Authority()
    served, accounts = authority.sign("kube-apiserver"), authority.sign("service-accounts")
    files = {
        "ca.pem": authority.certificate,
        "server.pem": served.certificate, "server.key": served.key,
        "accounts.pem": accounts.certificate, "accounts.key": accounts.key,
    }  # fmt: skip
    tokens = {user: secrets.token_hex(16) for user in _GROUPS}
    files["tokens.csv"] = "".join(f"{tokens[u]},{u},{u},{g}\n" for u, g in _GROUPS.items())
    for name, text in files.items():
        (folder / name).write_text(text)
    etcd, port = f"http://127.0.0.1:{free_port()}", free_port()
    plane = ControlPlane(f"https://127.0.0.1:{port}", folder / "ca.pem", tokens, folder)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(_running(program, "etcd", _etcd(etcd), folder))
        server = _server(etcd, port)
        await stack.enter_async_context(_running(program, "kube-apiserver", server, folder))
        async with plane.client() as client:
            await eventually(lambda: _is_ready(client), within=120)
        controllers = _controllers(plane.config(ADMIN), free_port())
        await stack.enter_async_context(
            _running(program, "kube-controller-manager", controllers, folder)
        )
        yield plane


def _etcd(address: str) -> list[str]:
    peers = f"http://127.0.0.1:{free_port()}"
    return [
        "--data-dir=etcd", "--unsafe-no-fsync", "--log-level=warn",
        f"--listen-client-urls={address}", f"--advertise-client-urls={address}",
        f"--listen-peer-urls={peers}", f"--initial-advertise-peer-urls={peers}",
        f"--initial-cluster=default={peers}",
    ]  # fmt: skip


def _server(etcd: str, port: int) -> list[str]:
    return [
        f"--etcd-servers={etcd}", "--bind-address=127.0.0.1", f"--secure-port={port}",
        "--tls-cert-file=server.pem", "--tls-private-key-file=server.key",
        "--token-auth-file=tokens.csv", "--authorization-mode=Node,RBAC",
        "--service-account-issuer=https://kubernetes.default.svc",
        "--service-account-key-file=accounts.pem",
        "--service-account-signing-key-file=accounts.key",
        "--service-cluster-ip-range=10.0.0.0/24", "--endpoint-reconciler-type=none",
    ]  # fmt: skip


def _controllers(config: Path, port: int) -> list[str]:
    return [
        f"--kubeconfig={config}", "--bind-address=127.0.0.1", f"--secure-port={port}",
        "--cert-dir=controllers", "--leader-elect=false", "--use-service-account-credentials",
        "--service-account-private-key-file=accounts.key", "--root-ca-file=ca.pem",
        f"--controllers={_WITHOUT_NODES}",
    ]  # fmt: skip


@asynccontextmanager
async def _running(
    program: Path, part: str, arguments: Sequence[str], folder: Path
) -> AsyncIterator[None]:
    with (folder / f"{part}.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            program, part, *arguments, cwd=folder, stdout=log, stderr=log,
            env={"HOME": str(folder), "PATH": os.defpath},
        )  # fmt: skip
    try:
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _is_ready(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/readyz")).is_success
    except httpx.TransportError:  # it begins
        return False
