"""A control plane with a played node, which all tests here share."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.kubernetes.control_plane import ControlPlane, control_plane
from tests.support.kubernetes.kubelet import Kubelet, kubelet

_OPERATORS = Path(__file__).parent / "operators.yaml"


@pytest.fixture(scope="session")
async def cluster(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ControlPlane]:
    """An API server that knows the kinds of the operators that the chart speaks to."""
    program = Path(os.environ["SYNCLINE_CONTROL_PLANE"])  # `make apiserver-test` sets it
    async with control_plane(program, tmp_path_factory.mktemp("cluster")) as made:
        kinds = os.environ.get("SYNCLINE_OPERATORS", str(_OPERATORS))
        done = await made.kubectl("apply", "--server-side", "-f", kinds)
        assert done.code == 0, done.err
        wait = ("wait", "--for=condition=Established", "crd", "--all")
        assert (await made.kubectl(*wait)).code == 0
        yield made


@pytest.fixture(scope="session")
async def node(cluster: ControlPlane) -> AsyncIterator[Kubelet]:
    async with cluster.client() as client, kubelet(client) as played:
        yield played
