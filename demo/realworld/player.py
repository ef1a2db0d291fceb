"""Plays the steps: edits, triggers as any program would, and compares both systems."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table
from uuid6 import uuid7

from demo.realworld.counts import CountingProxy
from demo.realworld.story import Bench, Step
from demo.realworld.systems import Erp, Shop
from syncline.contracts.messages import encode
from syncline.contracts.topics import TRIGGERS
from syncline.contracts.wire import Outbound, run_spread
from syncline.domain.errors import NotFoundError
from syncline.domain.run import Run
from syncline.kafka.connection import KafkaConnection
from syncline.kafka.producer import KafkaProducer
from syncline.postgres.database.database import Database
from syncline.postgres.dead_letters.filter import DeadLetterFilter
from syncline.postgres.dead_letters.groups import DeadLetterGroups
from syncline.postgres.dead_letters.queue import DeadLetterQueue
from syncline.postgres.runs.auditor import audit
from syncline.postgres.runs.runs import Runs

INSTANCE, TENANT = "tryton-directus", "default"
RUN_LIMIT = 300.0
Records = Mapping[str, Mapping[str, Mapping[str, Any]]]


class Refuted(Exception):  # noqa: N818 - what it says
    """Something came out otherwise than it must."""


class Place(NamedTuple):
    """Both systems and Syncline between them; `apply(corrected)` applies the configuration."""

    connection: KafkaConnection
    product: Database
    erp: Erp
    shop: Shop
    proxy: CountingProxy
    apply: Callable[[bool], Awaitable[None]]


class Row(NamedTuple):
    """What a run did, for the table at the end."""

    step: str
    run: Run
    calls: int
    busy: int
    touched: int


class Player:
    """Plays steps one by one and remembers what they did."""

    def __init__(self, console: Console, place: Place) -> None:
        self._console = console
        self._connection = place.connection
        self._product = place.product
        self._erp = place.erp
        self._shop = place.shop
        self._proxy = place.proxy
        self._bench = Bench(place.erp.database, place.apply, self._delete)
        self._letters = DeadLetterQueue(place.product)
        self._known: Records = {"item": {}, "bp": {}, "order": {}}
        self._rows: list[Row] = []

    async def step(self, number: int, step: Step) -> None:
        """Play one step. Raises Refuted."""
        self._console.print(f"[bold]{number:2} {step.title}[/]")
        if step.before is not None:
            await step.before(self._bench)
        now = await self._erp.records()
        try:
            for entity_type in step.types:
                await self._one(step, entity_type, now)
        finally:
            await self._show_letters()
        self._known = now
        if step.after is not None:
            await step.after(self._bench)

    async def _show_letters(self) -> None:
        groups = DeadLetterGroups(self._product)
        for group in await groups.page(TENANT, DeadLetterFilter(status="pending"), 20):
            words = f"   DLQ: {group.count} in {group.stage}: {group.error}"
            self._console.print(words, markup=False)

    async def end(self) -> None:
        """Run the auditor, compare everything, and show the table. Raises Refuted."""
        findings = await audit(self._product)
        if findings:
            raise Refuted("; ".join(f"{f.check}: {f.offenders[:3]}" for f in findings))
        table = Table("step", "entity", "state", box=None, header_style="bold")
        for name in ("total", "success", "skipped", "failed", "seconds", "calls", "429", "touched"):
            table.add_column(name, justify="right")
        for row in self._rows:
            counters, seconds = row.run.counters, _seconds(row.run)
            cells = (counters.total, counters.success, counters.skipped, counters.failed)
            table.add_row(
                row.step, row.run.entity_type, row.run.state.value, *map(str, cells),
                f"{seconds:.2f}", str(row.calls), str(row.busy or ""), str(row.touched),
            )  # fmt: skip
        self._console.print("", table, "")
        self._console.print("Directus holds what Tryton says; the auditor finds nothing.")

    async def _one(self, step: Step, entity_type: str, now: Records) -> None:
        before = await self._shop.records(entity_type)
        self._proxy.take()
        began = datetime.now(UTC)  # noqa: TID251 - compared with the shop's own stamps
        run = await self._run(entity_type, await self._fields(step, entity_type))
        calls, answers = self._proxy.take()
        after = await self._shop.records(entity_type)
        touched = {key for key, record in after.items() if _stamp(record) >= began}
        counters = run.counters
        self._console.print(
            f"   {entity_type:6} {run.state.value:16} total {counters.total}  success "
            f"{counters.success}  skipped {counters.skipped}  failed {counters.failed}  "
            f"{_seconds(run):.2f} s  {calls} calls{_refusals(answers)}"
        )
        self._rows.append(Row(step.title, run, calls, answers[429], len(touched)))
        _require(run.failure is None, f"the run failed: {run.failure}")
        failing = step.failing.get(entity_type, 0)
        _require(counters.failed == failing, f"{counters.failed} failed, it must be {failing}")
        _require(not step.pressed or answers[429] > 0, "the API was not pressed: no 429")
        wanted = _wanted(step, now[entity_type], self._known[entity_type], before)
        failed = await self._failed(run)
        _require(
            touched == wanted - failed,
            f"touched though unchanged: {sorted(touched - wanted)[:5]}; "
            f"changed and not touched: {sorted(wanted - failed - touched)[:5]}",
        )
        _compare(now[entity_type], after, failed)

    async def _fields(self, step: Step, entity_type: str) -> dict[str, Any]:
        if not step.replay:
            return dict(step.fields)
        wanted = DeadLetterFilter(status="pending", entity_type=entity_type)
        entries = [letter.id for letter in await self._letters.page(TENANT, wanted, 1000)]
        return {"trigger": "replay", "replay": {"entries": entries, "fromStage": "ingest"}}

    async def _failed(self, run: Run) -> set[str]:
        """Return the target keys of what waits in the DLQ, by its payload."""
        letters = await self._letters.page(
            TENANT, DeadLetterFilter(status="pending", entity_type=run.entity_type), 1000
        )
        ids = [int(letter.source_id) for letter in letters if letter.source_id]
        table, key = {
            "item": ("product_product", "code"), "bp": ("party_party", "code"),
            "order": ("sale_sale", "number"),
        }[run.entity_type]  # fmt: skip
        rows = await self._erp.database.fetch(
            f"select {key} from {table} where id = any($1) and {key} is not null", ids
        )
        return {row[0] for row in rows}

    async def _run(self, entity_type: str, fields: Mapping[str, Any]) -> Run:
        run_id = str(uuid7())
        body: dict[str, Any] = {
            "tenant": TENANT,
            "actor": "realworld",
            "instance": INSTANCE,
            "entityType": entity_type,
        }
        producer = KafkaProducer(self._connection)
        try:
            message = Outbound(
                TRIGGERS, run_id.encode(), encode({**body, **fields}), run_spread(run_id)
            )
            await producer.send([message])
        finally:
            await producer.stop()
        end = time.monotonic() + RUN_LIMIT
        while time.monotonic() < end:
            try:
                run = await Runs(self._product).get(TENANT, run_id)
                if run.state.is_final:
                    return run
            except NotFoundError:
                pass
            await asyncio.sleep(0.1)
        raise Refuted(f"run {run_id} did not end within {RUN_LIMIT:.0f} s")

    async def _delete(self, entity_type: str, keys: list[str]) -> None:
        records = await self._shop.records(entity_type)
        await self._shop.delete(entity_type, [records[key]["id"] for key in keys])


def _wanted(
    step: Step, now: Mapping[str, Any], known: Mapping[str, Any], before: Mapping[str, Any]
) -> set[str]:
    """Return the keys that must be touched: what the ERP's own queries show as changed."""
    if step.moved == "all":
        return set(now)
    return {
        k
        for k, fields in now.items()
        if known.get(k) != fields or (step.replay and k not in before)
    }


def _compare(now: Mapping[str, Any], found: Mapping[str, Any], failed: set[str]) -> None:
    differences = []
    for key in now.keys() - failed:
        record = found.get(key)
        if record is None:
            differences.append(f"{key} is missing")
            continue
        differences += [
            f"{key}: {name} is {record[name]!r}, in the ERP {value!r}"
            for name, value in now[key].items()
            if record[name] != value
        ]
    _require(not differences, f"{len(differences)} differences: {'; '.join(differences[:4])}")


def _refusals(answers: Mapping[int, int]) -> str:
    refused = [f"{count} answered {status}" for status, count in answers.items() if status >= 300]
    return f" ({', '.join(refused)})" if refused else ""


def _stamp(record: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(record["date_updated"] or record["date_created"])


def _seconds(run: Run) -> float:
    assert run.finished_at is not None
    return (run.finished_at - (run.started_at or run.created_at)).total_seconds()


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise Refuted(message)
