"""Operations: begun with a frozen selection, looked at, aborted, undone. The work is elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid5

import msgspec

from syncline.domain.dead_letter.operation import (
    GRACE,
    OperationKind,
    OperationState,
    selection_changed,
)
from syncline.domain.errors import ConflictError
from syncline.postgres.audit.log import audit
from syncline.postgres.database.database import Connection, Repository, Row, rows_touched
from syncline.postgres.database.rows import fetch_structs, row_of
from syncline.postgres.dead_letters.filter import DeadLetterFilter
from syncline.postgres.operations.catalog import (
    PLACE,
    SELECT,
    OperationItem,
    OperationView,
    operation_view,
    read_operation,
)
from syncline.postgres.operations.selection import count_selection, freeze_selection
from syncline.postgres.operations.settlement import close_if_over, stop_operation

_INSERT = """
insert into operations (id, tenant, kind, request_hash, selection, filter, as_of, reason,
  from_stage, rate, stop_on_repeat, stop_after, undo_of, actor, starts_at)
values ($1, $2, $3, $4, $5, $6, coalesce($7, now()), $8, $9, $10, $11, $12, $13, $14,
  now() + make_interval(secs => $15))
on conflict (id) do nothing
"""
_NEWEST = f"""
{SELECT} where tenant = $1 and (not $2 or state in ('waiting', 'running'))
  and ($3::timestamptz is null or (created_at, id) < ($3, $4))
order by created_at desc, id desc limit $5
"""
_ITEMS = f"""
select i.*, i.letter_id as entry, c.run_id as correlation_id
from operation_items i
left join operation_chunks c on c.operation_id = i.operation_id and c.number = i.chunk
where i.operation_id = $1 and {PLACE} > $2
  and ($3::text is null or coalesce(i.result, i.state) = $3)
order by {PLACE} limit $4
"""
_RESTORE_ITEMS = """
insert into operation_items (operation_id, number, tenant, letter_id, stream_id, source_id)
select $1, number, tenant, letter_id, stream_id, source_id
from operation_items where operation_id = $2 and result = 'discarded'
"""
_REQUEST = "select tenant, request_hash from operations where id = $1"
_LOCK = "select * from operations where id = $1 and tenant = $2 for update"


class KeyReusedError(ConflictError):
    """An idempotency key was used for another request."""


class NewOperation(msgspec.Struct, frozen=True, kw_only=True):
    """A request for an operation.

    Attributes:
        id: derived from the caller's key: the same key is the same operation.
        request_hash: of all that was asked: another request with the same key is refused.
        selection: in words.
        wanted: which entries; its `as_of` bounds them.
        expected: how many the person saw; None is any.
    """

    id: str
    tenant: str
    kind: OperationKind
    request_hash: str
    selection: str
    wanted: DeadLetterFilter
    expected: int | None = None
    reason: str | None = None
    from_stage: str = "failed"
    rate: float | None = None
    stop_on_repeat: bool = False
    stop_after: int | None = None
    actor: str

    @property
    def is_replay(self) -> bool:
        return self.kind is OperationKind.REPLAY


class Operations(Repository):
    """Every method may raise RetriableError."""

    async def start(self, new: NewOperation) -> OperationView:
        """Freeze the selection and let the work begin.

        Raises ConflictError: nothing matches, or more or less than expected do; KeyReusedError.
        """
        async with self._database.transaction() as connection:
            if await _insert(connection, new, grace=GRACE if new.is_replay else 0.0):
                await freeze_selection(
                    connection, new.tenant, new.id, new.wanted, replays=new.is_replay
                )
                found = await count_selection(connection, new.id)
                _require_expected(new.expected, found)
                details = {"kind": str(new.kind), "selection": new.selection, "entries": found}
                details["reason"] = new.reason
                await audit(connection, new.tenant, new.actor, "operation.started", new.id, details)
            else:
                await _require_same(connection, new)
            return await read_operation(connection, new.tenant, new.id)

    async def get(self, tenant: str, operation_id: str) -> OperationView:
        """Return an operation. Raises NotFoundError, also for another tenant's."""
        return await read_operation(self._database, tenant, operation_id)

    async def newest(
        self,
        tenant: str,
        limit: int,
        after: tuple[datetime, str] | None = None,
        *,
        running: bool = False,
    ) -> list[OperationView]:
        """Return operations, the newest first; or just those that have not ended."""
        position = after or (None, None)
        rows = await self._database.fetch(_NEWEST, tenant, running, *position, limit)
        return [operation_view(row) for row in rows]

    async def items(
        self,
        tenant: str,
        operation_id: str,
        limit: int,
        after: int = 0,
        *,
        result: str | None = None,
    ) -> list[OperationItem]:
        """Return items by `place`, failed ones first; `result` may be `waiting` or `asked`."""
        await self.get(tenant, operation_id)
        values = (operation_id, after, result, limit)
        return await fetch_structs(self._database, OperationItem, _ITEMS, *values)

    async def abort(self, tenant: str, operation_id: str, actor: str) -> OperationView:
        """Stop it; writes under way finish. Raises NotFoundError; ConflictError: it has ended."""
        state = await self._stop(tenant, operation_id, actor, "aborted", ("waiting", "running"))
        if state is not None:
            raise ConflictError(f"the operation has ended already: it is {state}")
        return await self.get(tenant, operation_id)

    async def undo(self, tenant: str, operation_id: str, actor: str) -> OperationView:
        """Undo a discard by an operation that restores its entries, or a replay that has not begun.

        Returns the restoring operation, or the cancelled replay.
        Raises NotFoundError; ConflictError where there is nothing to undo (any more).
        """
        found = await self.get(tenant, operation_id)
        if found.kind == OperationKind.DISCARD and found.finished_at is not None:
            return await self._restore(tenant, found, actor)
        is_replay = found.kind == OperationKind.REPLAY
        if is_replay and not await self._stop(tenant, found.id, actor, "undone", ("waiting",)):
            return await self.get(tenant, operation_id)
        raise ConflictError(_why_not(found))

    async def _stop(
        self, tenant: str, operation_id: str, actor: str, how: str, states: Sequence[str]
    ) -> str | None:
        """Stop an operation that is in one of these states; return the state of any other."""
        async with self._database.transaction() as connection:
            row = await _lock(connection, tenant, operation_id)
            if row["state"] not in states:
                return str(row["state"])
            begun = "" if how == "aborted" else " before it began"
            await stop_operation(connection, operation_id, f"{how} by {actor}{begun}")
            await close_if_over(connection, operation_id)
            await audit(connection, tenant, actor, f"operation.{how}", operation_id, {})
            return None

    async def _restore(self, tenant: str, found: OperationView, actor: str) -> OperationView:
        key = str(uuid5(UUID(found.id), "undo"))
        new = NewOperation(
            id=key,
            tenant=tenant,
            kind=OperationKind.RESTORE,
            request_hash=key,
            wanted=DeadLetterFilter(),
            actor=actor,
            selection=f"what was discarded before: {found.selection}",
        )
        async with self._database.transaction() as connection:
            await _lock(connection, tenant, found.id)
            if await _insert(connection, new, undo_of=found.id):
                await connection.execute(_RESTORE_ITEMS, new.id, found.id)
                _require_expected(None, await count_selection(connection, new.id))
                await audit(connection, tenant, actor, "operation.undone", found.id, {})
            return await read_operation(connection, tenant, new.id)


async def _insert(
    connection: Connection, new: NewOperation, *, grace: float = 0.0, undo_of: str | None = None
) -> bool:
    tag = await connection.execute(
        _INSERT,
        new.id,
        new.tenant,
        str(new.kind),
        new.request_hash,
        new.selection,
        msgspec.to_builtins(new.wanted),
        new.wanted.as_of,
        new.reason,
        new.from_stage,
        new.rate,
        new.stop_on_repeat,
        new.stop_after,
        undo_of,
        new.actor,
        grace,
    )
    return rows_touched(tag) == 1


async def _require_same(connection: Connection, new: NewOperation) -> None:
    row = await connection.fetchrow(_REQUEST, new.id)
    if row is None or (row["tenant"], row["request_hash"]) != (new.tenant, new.request_hash):
        raise KeyReusedError("this Idempotency-Key was used with another body: take a new key")


async def _lock(connection: Connection, tenant: str, operation_id: str) -> Row:
    return await row_of(connection, f"operation {operation_id}", _LOCK, operation_id, tenant)


def _require_expected(expected: int | None, found: int) -> None:
    if expected is not None and selection_changed(expected, found):
        message = f"the selection has changed: you saw {expected:,} entries, now {found:,} match"
        raise ConflictError(message)
    if not found:
        raise ConflictError("no entries match")


def _why_not(found: OperationView) -> str:
    if found.kind == OperationKind.RESTORE:
        return "a restore cannot be undone: discard the entries again"
    if found.kind == OperationKind.DISCARD:
        return "it is still running: abort it first, then undo it"
    if found.state == OperationState.RUNNING:
        return "it has begun: abort it, then what has not started stays Pending"
    return "a replay cannot be undone after it has begun"
