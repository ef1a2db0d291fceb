"""PostgreSQL does with generated tables and bulks what the model says."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from syncline.testing.connectors.generated_targets import (
    SELLERS,
    UNLUCKY,
    GeneratedTargetSuite,
    Make,
)
from tests.support.postgresql import connector_to, drop_role

_TRIGGER = f"""
create or replace function g() returns trigger language plpgsql as
$$begin if new.n = {UNLUCKY} then raise 'unlucky'; end if; return new; end$$;
create trigger g before insert or update on t for each row execute function g();
"""


class GeneratedPostgresql:
    """PostgreSQL tables of every make, written by a user who owns nothing."""

    binary = "bytea"
    oddities = ("partial", "expression", "deferrable", "keyless", "generated", "insert", "update",
                "temporary")  # fmt: skip
    partitions = True

    def __init__(self, dsn: str, owner: asyncpg.Connection, role: str) -> None:
        self.connector = connector_to(dsn, "sesame", user=role)
        self.owner = owner
        self._role = role

    async def run(self, statement: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in await self.owner.fetch(statement)]

    async def make(self, make: Make) -> None:
        kind, key = "text" if make.is_text else "int", ", ".join(make.key)
        more = ", twice int generated always as (n * 2) stored" if make.odd == "generated" else ""
        more += ", need text not null" if make.demanded else ""
        bad = make.odd in ("partial", "expression", "keyless")
        how = "primary key" if make.primary else "unique"
        end = " deferrable" if make.odd == "deferrable" else ""
        more += "" if bad else f", {how} ({key}){end}"
        parts = " partition by list (seller)" if make.partitioned else ""
        statements = [
            "drop table if exists t",
            f"create table t (id {kind}, seller text, n int check (n < 900), name varchar(10), "
            f"b bytea {more}){parts}",
            f"grant select, insert, update on t to {self._role}",
            "grant temporary on database current to public",
        ]
        if make.partitioned:
            statements += [f"create table t_{s} partition of t for values in ('{s}')"
                           for s in SELLERS]  # fmt: skip
        if make.odd == "partial":
            statements.append(f"create unique index on t ({key}) where n is null")
        if make.odd == "expression":
            statements.append("create unique index on t (lower(seller), (id || ''))")
        if make.odd in ("insert", "update"):
            statements.append(f"revoke {make.odd} on t from {self._role}")
        if make.odd == "temporary":
            statements.append("revoke temporary on database current from public")
        name = await self.owner.fetchval("select quote_ident(current_database())")
        for statement in statements:
            await self.owner.execute(statement.replace("database current", f"database {name}"))
        if make.trigger:
            await self.owner.execute(_TRIGGER)


@pytest.fixture
async def generated(empty_postgres: str) -> AsyncIterator[GeneratedPostgresql]:
    owner = await asyncpg.connect(empty_postgres)
    role = f"writer_{secrets.token_hex(4)}"
    await owner.execute(f"create role {role} login password 'sesame'")
    world = GeneratedPostgresql(empty_postgres, owner, role)
    yield world
    await world.connector.close()
    await drop_role(owner, role)
    await owner.close()


class TestGenerated(GeneratedTargetSuite):
    pass
