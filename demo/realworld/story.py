"""The steps: what happens at the systems, which runs follow, and what must have moved."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

import asyncpg

from demo.realworld.systems import TRYTON, edits, restart_directus
from syncline.postgres.database.database import Database

Source = Mapping[str, Mapping[str, Mapping[str, Any]]]
ALL = ("bp", "item", "order")
WITHOUT_CODE, FRACTIONS = 3, 181
"""Of the seed: products without a code, products with a stock that is no whole number."""
STAMP = "write_date = now() at time zone 'utc'"
TOO_LONG, TOO_BIG, MAIL = 3, 2, 1
SOUND = 60


class Bench(NamedTuple):
    """What steps work with: the ERP's database with a writer's rights, Syncline, the shop."""

    erp: Database
    apply: Callable[[bool], Awaitable[None]]
    delete: Callable[[str, list[str]], Awaitable[None]]


class Step(NamedTuple):
    """One step.

    Attributes:
        before: what happens at the systems.
        types: entity types that are run after it.
        fields: of the trigger.
        replay: dead letters are replayed from their source instead of a run.
        failing: how many records fail, by entity type.
        moved: the shop's records that must be touched, and no other; None: those that the ERP's
            own queries show as changed.
        pressed: the API must have answered 429.
        after: what happens when the runs have ended.
    """

    title: str
    before: Callable[[Bench], Awaitable[object]] | None = None
    types: tuple[str, ...] = ALL
    fields: Mapping[str, Any] = {}
    replay: bool = False
    failing: Mapping[str, int] = {}
    moved: str = "changed"
    pressed: bool = False
    after: Callable[[Bench], Awaitable[object]] | None = None


async def _edit(seed: int) -> object:
    return await asyncio.to_thread(edits, seed)


async def repair_the_seed(bench: Bench) -> None:
    """Correct the mapping; give three products a code, and a partner a name."""
    await bench.apply(True)
    await bench.erp.execute(
        f"update product_product set code = 'NEW-' || id, {STAMP} where code is null"
    )
    await bench.erp.execute(f"update party_party set name = 'Found it', {STAMP} where name is null")


class SlowTransaction:
    """An edit whose transaction began before another's and ends after it."""

    def __init__(self) -> None:
        self._connection: asyncpg.Connection | None = None

    async def begin(self, bench: Bench) -> None:
        """Begin it, let it edit, and let a quicker one pass it."""
        connection = await asyncpg.connect(TRYTON.format(user="acc"))
        self._connection = connection
        await connection.execute("begin")
        await connection.execute(
            f"update product_template set name = 'Came late', {STAMP} where id = 700"
        )
        await bench.erp.execute(
            f"update product_template set name = 'Came early', {STAMP} where id = 701"
        )

    async def end(self, _bench: Bench) -> None:
        """Commit it: its stamp lies behind the cursor by now."""
        assert self._connection is not None
        await self._connection.execute("commit")
        await self._connection.close()


async def break_some(bench: Bench) -> None:
    """Edit 60 products well and five so that the API refuses them; two partners share an e-mail."""
    await bench.erp.execute(
        f"""update product_product set description = 'checked', {STAMP} where id in (
          select id from product_product
          where code is not null and active order by id limit {SOUND})"""
    )
    await bench.erp.execute(
        f"""update product_identifier set code = code || '-0815-4711', {STAMP} where id in (
        select distinct on (product) id from product_identifier where type = 'ean' and product in (
          select id from product_product where active and code is not null and id > 1000)
        order by product, sequence nulls last, id limit {TOO_LONG})"""
    )
    await bench.erp.execute(
        f"""update product_list_price set list_price = list_price + 99999999999, {STAMP}
        where id in (
          select l.id from product_list_price l join product_product p on p.id = l.product
          where p.active and p.code is not null order by l.id desc limit {TOO_BIG})"""
    )
    await bench.erp.execute(
        f"""update party_contact_mechanism set {STAMP}, value = (
          select value from party_contact_mechanism where type = 'email' order by id limit 1)
        where id = (select max(id) from party_contact_mechanism where type = 'email')"""
    )


async def repair_some(bench: Bench) -> None:
    """Take all of it back."""
    await bench.erp.execute(
        f"""update product_identifier set code = replace(code, '-0815-4711', ''), {STAMP}
        where code like '%-0815-4711'"""
    )
    await bench.erp.execute(
        f"""update product_list_price set list_price = list_price - 99999999999, {STAMP}
        where list_price > 99999999999"""
    )
    await bench.erp.execute(
        f"""update party_contact_mechanism set value = 'own@example.com', {STAMP}
        where id = (select max(id) from party_contact_mechanism where type = 'email')"""
    )


async def delete_at_the_shop(bench: Bench) -> None:
    """Somebody deletes two products in the shop; the ERP changes them and another one."""
    rows = await bench.erp.fetch(
        """select id, code from product_product
        where active and code is not null order by id limit 60"""
    )
    edited = [rows[place] for place in (41, 47, 59)]
    await bench.delete("item", [row["code"] for row in edited[:2]])
    await bench.erp.execute(
        f"update product_product set description = 'still sold', {STAMP} where id = any($1)",
        [row["id"] for row in edited],
    )


def steps() -> list[Step]:
    """Return the story."""
    slow = SlowTransaction()
    return [
        Step("first run, stock as it is", failing={"item": WITHOUT_CODE + FRACTIONS, "bp": 1}),
        Step("mapping and ERP corrected, replay", repair_the_seed, ("bp", "item"), replay=True),
        Step("run again"),
        Step("read everything again", fields={"mode": "reset_cursor"}),
        Step("edits of the ERP's users, 1", lambda _: _edit(1)),
        Step("edits of the ERP's users, 2", lambda _: _edit(2)),
        Step("a slow transaction, open", slow.begin, ("item",)),
        Step("the slow transaction, committed", slow.end, ("item",)),
        Step("bad records", break_some, ("bp", "item"),
             failing={"item": TOO_LONG + TOO_BIG, "bp": MAIL}),
        Step("repair, replay", repair_some, ("bp", "item"), replay=True),
        Step("deleted at the target", delete_at_the_shop, ("item",)),
        Step("pressed: 5 calls a second", lambda _: restart_directus(5), ("item",),
             fields={"mode": "force_full", "batchSize": 25}, moved="all", pressed=True,
             after=lambda _: restart_directus()),
    ]  # fmt: skip
