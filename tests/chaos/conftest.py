"""What chaos tests share: the table of faults, which the end prints, and one installation."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.support.chaos.fault_table import FaultRow, fault_table, write_fault_table
from tests.support.chaos.numbered_place import NumberedPlace, numbered_place

_LOST = r"ignore:Exception ignored in. <function AIOKafkaConnection\.__del__"
"""What a killed broker may leave of a test's own client; the services are other processes."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let no test fail because its own client lost a connection, an hour of soak least of all."""
    for item in items:
        if "chaos" in item.path.parts:
            mark = f"{_LOST}:pytest.PytestUnraisableExceptionWarning"
            item.add_marker(pytest.mark.filterwarnings(mark))


@pytest.fixture(scope="session")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[FaultRow]]:
    """Rows of the fault matrix; tests append theirs."""
    filled: list[FaultRow] = []
    yield filled
    if filled:
        file = tmp_path_factory.getbasetemp() / "faults.csv"
        write_fault_table(filled, file)
        print(f"\n{fault_table(filled)}\n\nalso in {file}", flush=True)  # noqa: T201 - the result


@pytest.fixture(scope="session")
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[NumberedPlace]:
    """One installation for all faults: what one breaks would show in the next."""
    async with numbered_place(tmp_path_factory.mktemp("place")) as made:
        yield made
