"""PostgreSQL as a target: lines of JSON mean the same to COPY as columns of values."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Any

import asyncpg
import msgspec
import pytest

from syncline.connectors.port import WriteBatch
from syncline.connectors.postgresql.connector import PostgresqlConnector
from syncline.connectors.postgresql.target.direct_copy import LEAST
from syncline.connectors.postgresql.target.staging_table import csv_of
from syncline.testing.connectors.bulks import bulk

TABLE = "(id int primary key, t text, c char(40), n numeric, i int8, b bool, at timestamptz)"
PIECES = [
    '"', "\\", ",", "'", "null", "\\N", "\\.", "true", "{", "[", "ä", "😀", "\u2028", "\x7f", " ",
    "a", "1", "\n", "\t", "\r", "\x01", "\x02", "\b",
]  # fmt: skip
PLAIN = 17
"""So many of them need no escape of their own."""


def records(random: Random, pieces: list[str], count: int) -> list[dict[str, Any]]:
    def text(most: int) -> str:
        return "".join(random.choices(pieces, k=random.randint(0, most)))

    number = Decimal("-0.50"), Decimal("1E+5"), 10**30, 0, None
    return [
        {
            "id": n,
            "t": random.choice([None, "", text(6), text(6), 5, True]),
            "c": text(6),
            "n": random.choice(number),
            "i": random.choice([None, -(2**63), 2**63 - 1]),
            "b": random.choice([True, False, None]),
            "at": random.choice([None, "2026-01-01T00:00:00.000001+02:00"]),
        }
        for n in range(count)
    ]


@pytest.mark.parametrize("count", [40, LEAST])
@pytest.mark.parametrize("pieces", [PIECES[:PLAIN], PIECES], ids=["plain", "any"])
async def test_lines_and_columns_write_the_same_rows(
    connector: PostgresqlConnector, db: asyncpg.Connection, pieces: list[str], count: int
) -> None:
    for table in "ab":
        await db.execute(f"create table {table} {TABLE}")
    for seed in range(5):
        some = records(Random(seed), pieces, count)
        await db.execute("truncate a, b")
        for table in "ab":
            batch: WriteBatch = bulk(table, some)
            assert batch.lines is not None
            assert csv_of(batch.lines) or pieces is PIECES
            lines = batch.lines if table == "a" else None
            batch = msgspec.structs.replace(batch, lines=lines, new=True)
            assert (await connector.write(batch)).failures == {}
        written = [await db.fetch(f"select x::text from {table} x order by id") for table in "ab"]
        assert len(written[0]) == count
        assert written[0] == written[1]
        texts = {row["id"]: row["t"] for row in await db.fetch("select id, t from a")}
        for record in some:
            if isinstance(record["t"], str):
                assert texts[record["id"]] == record["t"]


@pytest.mark.parametrize(
    ("text", "is_taken"),
    [(rb'"a"', True), (rb'"\""', True), (rb'"\\"', True), (rb'"\\n"', True), (rb'"\\\""', True),
     (rb'"\n"', False), (rb'"\\\n"', False), (rb'"\u0000"', False), (rb'"\"\t"', False)],
)  # fmt: skip
def test_only_escapes_that_csv_has_are_taken(text: bytes, is_taken: bool) -> None:
    assert (csv_of(text + b"\n") is not None) is is_taken
