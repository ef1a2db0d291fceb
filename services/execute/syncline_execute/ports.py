"""What Execute needs of the database; `syncline.postgres` has it, and tests have it in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from syncline.contracts.run_ref import RunRef
from syncline.domain.failure_budget import FailureBudget
from syncline.domain.ledger import Acknowledgements, LedgerEntry, WriteIntents
from syncline.domain.run import Notice
from syncline.postgres.runs.chains import Parents


class WriteLedger(Protocol):
    """See syncline.postgres.ledger.write_ledger."""

    async def entries(self, stream: int, source_ids: Sequence[str]) -> dict[str, LedgerEntry]: ...
    async def intend(self, run: RunRef, begun: WriteIntents, seconds: float) -> set[str]: ...
    async def renew(
        self, stream: int, source_ids: Sequence[str], owner: str, seconds: float
    ) -> set[str]: ...
    async def acknowledge(self, run: RunRef, written: Acknowledgements) -> None: ...
    async def withdraw(self, stream: int, source_ids: Sequence[str], owner: str) -> None: ...
    async def doubt(
        self, stream: int, source_ids: Sequence[str], owner: str | None, seconds: float | None
    ) -> None: ...
    async def refresh(
        self, stream: int, source_ids: Sequence[str], row_hashes: Sequence[str]
    ) -> None: ...


class ParentStore(Protocol):
    """See syncline.postgres.runs.chains."""

    async def of(self, run: RunRef) -> Parents: ...


class BudgetStore(Protocol):
    """See syncline.postgres.progress.failure_budget."""

    async def of(self, run: RunRef) -> FailureBudget | None: ...


class RowNameStore(Protocol):
    """See syncline.postgres.ledger.row_names."""

    async def runs_alike(self, run: RunRef, run_ids: Sequence[str]) -> set[str]: ...
    async def shared(
        self, stream: int, source_ids: Sequence[str], target_ids: Sequence[str]
    ) -> list[tuple[str, str, str]]: ...
    async def add_notice(self, run: RunRef, notice: Notice) -> None: ...
