"""The tools that break things really break them, and heal them."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.support.chaos.fault_table import FaultRow, fault_table, write_fault_table
from tests.support.chaos.memory import Sample, slope
from tests.support.chaos.processes import is_frozen, signal_tree, tree_of
from tests.support.chaos.tcp_proxy import TcpProxy
from tests.support.eventually import eventually
from tests.support.numbered import NumberedApi
from tests.support.ports import free_port

_PARENT = "import subprocess, time; subprocess.Popen(['sleep', '60']); time.sleep(60)"


@pytest.fixture
async def proxy() -> AsyncIterator[TcpProxy]:
    """A proxy before a server that says what it hears."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(100):
            writer.write(data)
        writer.close()

    port = free_port()
    server = await asyncio.start_server(echo, "127.0.0.1", port)
    made = TcpProxy(free_port(), port)
    await made.start()
    yield made
    await made.close()
    server.close()


async def heard(reader: asyncio.StreamReader) -> bytes:
    """Read what comes; nothing where the connection ends."""
    with suppress(ConnectionError):
        return await reader.read(100)
    return b""


async def said(proxy: TcpProxy, within: float = 5.0) -> bytes:
    async with asyncio.timeout(within):
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        try:
            writer.write(b"hello")
            return await heard(reader)
        finally:
            writer.close()


async def test_a_network_that_is_cut_refuses_until_it_is_mended(proxy: TcpProxy) -> None:
    assert await said(proxy) == b"hello"
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(b"before")
    assert await reader.read(100) == b"before"
    proxy.cut()
    assert await heard(reader) == b""
    writer.close()
    assert await said(proxy) == b""
    assert proxy.broken >= 2
    proxy.mend()
    assert await said(proxy) == b"hello"


async def test_a_network_that_is_stalled_passes_nothing_and_tells_nobody(proxy: TcpProxy) -> None:
    proxy.stall()
    with pytest.raises(TimeoutError):
        await said(proxy, within=0.2)
    assert proxy.withheld == 1
    proxy.mend()
    assert await said(proxy) == b"hello"


async def test_a_frozen_process_stands_still_with_its_children() -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", _PARENT)
    await eventually(lambda: len(tree_of(process.pid)) == 2, within=30)
    tree = signal_tree(process.pid, signal.SIGSTOP)
    await eventually(lambda: all(map(is_frozen, tree)), within=30)
    for each in tree:
        os.kill(each, signal.SIGCONT)
    await eventually(lambda: not any(map(is_frozen, tree)), within=30)
    signal_tree(process.pid, signal.SIGKILL)
    assert await process.wait() == -signal.SIGKILL


@pytest.mark.parametrize(("lost_answers", "stored"), [(0.0, 0), (1.0, 50)])
async def test_a_target_with_trouble_fails_its_writes(lost_answers: float, stored: int) -> None:
    api = NumberedApi(1)
    await api.start()
    api.trouble_rate, api.lost_answers = 1.0, lost_answers
    async with httpx.AsyncClient(base_url=api.url, trust_env=False) as client:
        for number in range(50):
            try:
                answer = await client.post("/items", json={"sku": str(number), "effect": "e"})
            except httpx.RemoteProtocolError:
                assert lost_answers
            else:
                assert (answer.status_code, lost_answers) == (503, 0.0)
    await api.close()
    assert (api.troubled, len(api.items)) == (50, stored)


def test_the_growth_of_memory_is_told_whatever_restarts_are_in_between() -> None:
    lives = [[Sample(at, level + at / 60) for at in range(0, 120, 5)] for level in (100, 20)]
    assert slope(lives) == pytest.approx(1.0)
    assert slope([[Sample(0, 1)]]) is None


def test_the_table_has_a_row_for_each_fault(tmp_path: Path) -> None:
    rows = [FaultRow("Kafka: kill -9", 3, 2700, 0, 1, 4.25, "succeeded")]
    head, _, row = fault_table(rows).splitlines()
    assert re.split(r"  +", head)[0::6] == ["fault", "the run"]
    assert re.split(r"  +", row) == ["Kafka: kill -9", "3", "2,700", "0", "1", "4.2 s", "succeeded"]
    file = tmp_path / "faults.csv"
    write_fault_table(rows, file)
    assert file.read_text().splitlines()[1] == "Kafka: kill -9,3,2700,0,1,4.25,succeeded"
