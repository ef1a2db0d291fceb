"""Every type of PostgreSQL keeps its meaning from a table of PostgreSQL to a table like it."""

from __future__ import annotations

import csv
import math
import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from syncline.connectors.file import FileConnector
from syncline.connectors.port import ExtractRequest, Surroundings, WriteBatch
from syncline.connectors.postgresql import PostgresqlConnector
from syncline.connectors.sqlite import SqliteConnector
from syncline.contracts.messages import decoder_of, encode
from syncline.domain.mapping.extraction import Extraction
from syncline.testing.connectors.bulks import columns_of, lines_of

SAMPLES: dict[str, list[str]] = {
    "bool": ["true", "false"],
    "int2": ["-32768", "32767"],
    "int4": ["-2147483648", "0"],
    "int8": ["-9223372036854775808", "9223372036854775807"],
    "numeric": ["1.10", "-0.000000000000000001", "12345678901234567890.12", "NaN", "Infinity",
                "-Infinity"],
    "float4": ["19.99", "0.1", "1e38", "1.1754944e-38", "NaN", "Infinity", "-Infinity"],
    "float8": ["0.1", "1e308", "5e-324", "NaN", "Infinity", "-Infinity"],
    "money": ["1234.50", "-0.01"],
    "text": ["", " a\tb\n\\", "null", "NULL", "{}"],
    "varchar": ["", "x"],
    "bpchar": ["x", "x  "],
    "char": ["x", "\\"],
    "name": ["x"],
    "bytea": ["", "\\x00ff5c", "\\x616263"],
    "date": ["2026-01-31", "infinity", "-infinity", "0044-03-15 BC", "12026-01-31", "9999-12-31"],
    "timestamp": ["2026-01-31 10:00:00.123456", "infinity", "-infinity", "0044-03-15 10:00:00 BC",
                  "12026-01-31 10:00:00"],
    "timestamptz": ["2026-01-31 10:00:00.1+02", "infinity", "-infinity", "0044-03-15 10:00+00 BC",
                    "12026-01-31 10:00:00+00"],
    "time": ["10:00:00.123456", "24:00"],
    "timetz": ["10:00:00+02", "24:00-08"],
    "interval": ["1 year -2 mons 3 days 04:05:06.7", "-1 day", "00:00:00"],
    "bit": ["101"],
    "varbit": ["", "10101"],
    "inet": ["10.0.0.1", "10.0.0.0/8", "::1"],
    "cidr": ["10.0.0.0/8"],
    "macaddr": ["08:00:2b:01:02:03"],
    "macaddr8": ["08:00:2b:01:02:03:04:05"],
    "uuid": ["6f1c0000-0000-4000-8000-00000000abcd"],
    "json": ['{"a":[1,1.10,null,"x"]}', "1.50", '"text"', "[]"],
    "jsonb": ['{"a": [1, 1.10, null, "x"]}', "1.50", '"text"', "[]", '"\\""'],
    "jsonpath": ["$.a[*]"],
    "xml": ["<a>1</a>"],
    "point": ["(1,2.5)"],
    "lseg": ["[(0,0),(1,1)]"],
    "line": ["{1,2,3}"],
    "box": ["(1,1),(0,0)"],
    "path": ["[(0,0),(1,1)]", "((0,0),(1,1))"],
    "polygon": ["((0,0),(1,1),(1,0))"],
    "circle": ["<(1,2),3>"],
    "tsvector": ["'a':1 'b''c':2"],
    "tsquery": ["'a' & 'b'"],
    "pg_lsn": ["16/B374D848"],
    "txid_snapshot": ["10:20:10,14"],
    "pg_snapshot": ["10:20:10,14"],
    "oid": ["42"],
    "xid": ["42"],
    "xid8": ["42"],
    "cid": ["42"],
    "tid": ["(1,2)"],
    "regclass": ["pg_class"],
    "regtype": ["integer"],
    "regproc": ["now"],
    "regprocedure": ["now()"],
    "regoper": ["||/"],
    "regoperator": ["+(integer,integer)"],
    "regnamespace": ["pg_catalog"],
    "regrole": ["pg_monitor"],
    "regcollation": ['"C"'],
    "regconfig": ["simple"],
    "regdictionary": ["simple"],
    "regdatabase": ["template1"],
    "refcursor": ["x"],
    "int4range": ["[1,5)", "empty", "[1,)", "(,)"],
    "int8range": ["[1,5)"],
    "numrange": ["[1.10,2.50]", "[1,NaN]"],
    "daterange": ["[2026-01-31,infinity)", "[,infinity]"],
    "tsrange": ['["2026-01-31 10:00:00",infinity)'],
    "tstzrange": ['["2026-01-31 10:00:00+00",)'],
    "int4multirange": ["{[1,5),[7,9)}", "{}"],
    "int8multirange": ["{[1,5)}"],
    "nummultirange": ["{[1.1,2.2]}"],
    "datemultirange": ["{[2026-01-31,infinity)}"],
    "tsmultirange": ['{["2026-01-31 10:00:00",infinity)}'],
    "tstzmultirange": ['{["2026-01-31 10:00:00+00",)}'],
    "mood": ["sad", 'gl"ad', "null"],
    "positive": ["3"],
    "pair": ['(1,"a,""b\\\\")', "(,)", '(2,"")'],
    "nest": ['("(1,x)","{1,2}","\\\\x00ff",infinity)'],
    "spread": ["[a,b)"],
    "hstore": ['"a"=>"1", "b"=>NULL'],
    "citext": ["ABC"],
    "ltree": ["a.b"],
    "cube": ["(1, 2),(3, 4)"],
    "vector": ["[1,2.5]"],
}  # fmt: skip
"""Values of each type, as PostgreSQL's text."""
INTERNAL = {
    "aclitem", "gtsvector", "pg_node_tree", "pg_ndistinct", "pg_dependencies", "pg_mcv_list",
    "pg_brin_bloom_summary", "pg_brin_minmax_multi_summary",
    "int2vector", "oidvector",
}  # fmt: skip
"""Types that only the catalogs of PostgreSQL itself have."""
MADE = """
create type mood as enum ('sad', 'gl"ad', 'null');
create domain positive as int check (value > 0);
create type pair as (n int, t text);
create type nest as (p pair, a int[], b bytea, d date);
create type spread as range (subtype = text, multirange_type_name = spreads);
"""


FLOATS = ("real", "float8")
OWN = ("mood", "positive", "pair", "nest", "spread")
EXTENSIONS = ("hstore", "citext", "ltree", "cube", "vector")


@pytest.fixture
async def db(db: asyncpg.Connection) -> asyncpg.Connection:
    await db.execute(MADE)
    return db


async def types_of(db: asyncpg.Connection) -> list[str]:
    rows = await db.fetch(
        """select typname from pg_type where typtype in ('b', 'r', 'm', 'e', 'd')
        and typnamespace = 'pg_catalog'::regnamespace and typname not like '\\_%' order by 1"""
    )
    return [row[0] for row in rows]


async def carried(connector: PostgresqlConnector, source: str, target: str) -> list[str]:
    """Carry a table's rows into another as a run does, and return why some failed."""
    pages = [
        p async for p in connector.extract(ExtractRequest(Extraction(id_column="id", table=source)))
    ]
    assert [page.bad for page in pages] == [{} for _ in pages]
    records = [
        decoder_of(dict[str, Any]).decode(encode(r)) for p in pages for r in p.records.records()
    ]
    payloads = [encode(dict(sorted(record.items()))) for record in records]
    ids = [str(n) for n in range(len(records))]
    unknown: list[str | None] = [None] * len(records)
    columns = columns_of(payloads)
    batch = WriteBatch(
        "t",
        "item",
        "r",
        ids,
        payloads,
        unknown,
        ids,
        ("id",),
        {"table": target},
        ("id", "v"),
        columns=columns,
        lines=lines_of(columns),
    )
    result = await connector.write(batch)
    return [f"{records[n]['v']!r}: {failure.message}" for n, failure in result.failures.items()]


async def extensions(db: asyncpg.Connection) -> list[str]:
    """Create the extensions that this server has."""
    rows = await db.fetch(
        "select name from pg_available_extensions where name = any($1)", EXTENSIONS
    )
    for row in rows:
        await db.execute(f"create extension {row[0]}")
    return [row[0] for row in rows]


async def has_xml(db: asyncpg.Connection) -> bool:
    try:
        await db.execute("select '<a/>'::xml")
    except asyncpg.FeatureNotSupportedError:
        return False
    return True


def quoted(name: str) -> str:
    return f'"{name}"'


async def test_every_type_has_samples(db: asyncpg.Connection) -> None:
    assert [name for name in await types_of(db) if name not in SAMPLES.keys() | INTERNAL] == []


async def test_every_type_arrives_as_it_was(
    connector: PostgresqlConnector, db: asyncpg.Connection
) -> None:
    known = {*await types_of(db), *OWN, *await extensions(db)}
    known -= set() if await has_xml(db) else {"xml"}
    kinds: list[str] = []
    wrong: dict[str, Any] = {}
    for name, values in SAMPLES.items():
        if name not in known:
            continue
        for kind, texts in (
            (quoted(name), [*values, None]),
            (f"{quoted(name)}[]", [values[:1] * 2, [], None, [None, *values]]),
        ):
            source, target = f"s{len(kinds)}", f"u{len(kinds)}"
            kinds.append(kind)
            await db.execute(
                f"create table {source} (id int primary key, v {kind}); "
                f"create table {target} (like {source} including all)"
            )
            for n, text in enumerate(texts):
                cast = f"$2::text[]::{kind}" if kind.endswith("[]") else f"$2::text::{kind}"
                await db.execute(f"insert into {source} values ($1, {cast})", n, text)
            failures = await carried(connector, source, target)
            same = await db.fetch(
                f"select s.v::text, u.v::text from {source} s left join {target} u using (id) "
                "where s.v::text is distinct from u.v::text or u.id is null"
            )
            if failures or same:
                wrong[kind] = failures[:2], [tuple(row) for row in same][:3]

    assert wrong == {}


ELSEWHERE: list[tuple[str, str, Any, Any, str]] = [
    ("bytea", "\\x00ff5c", "AP9c", b"\x00\xff\x5c", "AP9c"),
    ("bytea", "", "", b"", ""),
    ("real", "19.99", Decimal("19.99"), 19.99, "19.99"),
    ("real", "0.1", Decimal("0.1"), 0.1, "0.1"),
    ("float8", "Infinity", "Infinity", math.inf, "Infinity"),
    ("float8", "-Infinity", "-Infinity", -math.inf, "-Infinity"),
    ("numeric", "NaN", "NaN", "NaN", "NaN"),
    ("numeric", "1.10", Decimal("1.10"), "1.10", "1.10"),
    ("date", "infinity", "infinity", "infinity", "infinity"),
    ("timestamptz", "-infinity", "-infinity", "-infinity", "-infinity"),
    ("timestamptz", "2026-01-31 10:00+02", "2026-01-31T08:00:00Z", "2026-01-31T08:00:00Z",
     "2026-01-31T08:00:00Z"),
    ("date", "0044-03-15 BC", "0044-03-15 BC", "0044-03-15 BC", "0044-03-15 BC"),
    ("mood", "sad", "sad", "sad", "sad"),
    ("int[]", "{1,null,3}", [1, None, 3], "[1,null,3]", "[1,null,3]"),
    ("date[]", "{infinity}", ["infinity"], '["infinity"]', '["infinity"]'),
    ("bytea[]", '{"\\\\x00ff"}', ["AP8="], '["AP8="]', '["AP8="]'),
    ("int4range", "[1,5)", "[1,5)", "[1,5)", "[1,5)"),
    ("daterange", "[2026-01-31,infinity)", "[2026-01-31,infinity)", "[2026-01-31,infinity)",
     "[2026-01-31,infinity)"),
    ("jsonb", '{"a": 1.10}', {"a": Decimal("1.10")}, '{"a":1.10}', '{"a":1.10}'),
    ("pair", "(1,x)", {"n": 1, "t": "x"}, '{"n":1,"t":"x"}', '{"n":1,"t":"x"}'),
    ("money", "1234.50", Decimal("1234.50"), "1234.50", "1234.50"),
    ("interval", "1 month", "1 mon", "1 mon", "1 mon"),
    ("bool", "true", True, "true", "true"),
]  # fmt: skip
"""A type, a value of it, and what it is as JSON, in SQLite, and in a CSV file."""


async def test_values_keep_their_meaning_in_json_sqlite_and_csv(
    connector: PostgresqlConnector, db: asyncpg.Connection, tmp_path: Path
) -> None:
    columns = [f"c{n}" for n in range(len(ELSEWHERE))]
    given = ", ".join(
        f"$q${text}$q$::{kind} as {name}"
        for name, (kind, text, *_) in zip(columns, ELSEWHERE, strict=True)
    )
    await db.execute(f"create table s as select 1 as id, {given}")
    (page,) = [
        p async for p in connector.extract(ExtractRequest(Extraction(id_column="id", table="s")))
    ]
    payload = encode(page.records.records()[0])
    record = decoder_of(dict[str, Any]).decode(payload)
    del record["id"]
    assert record == dict(zip(columns, [e[2] for e in ELSEWHERE], strict=True))

    declared = ", ".join(
        f"{name} {'blob' if kind == 'bytea' else 'real' if kind in FLOATS else 'text'}"
        for name, (kind, *_) in zip(columns, ELSEWHERE, strict=True)
    )
    surroundings = Surroundings(folders=(str(tmp_path),))
    with closing(sqlite3.connect(tmp_path / "t.db", isolation_level=None)) as database:
        database.execute(f"create table t (id integer primary key, {declared})")
        sqlite = SqliteConnector({"file": str(tmp_path / "t.db")}, {}, surroundings)
        files = FileConnector({"folder": str(tmp_path)}, {}, surroundings)
        for target, options in (
            (sqlite, {"table": "t"}),
            (files, {"path": "t-{correlationId}.csv"}),
        ):
            batch = WriteBatch(
                "t", "item", "r", ["1"], [payload], [None], ["1"], ("id",), options,
                ("id", *columns),
            )  # fmt: skip
            assert (await target.write(batch)).failures == {}
        (row,) = database.execute(f"select {', '.join(columns)} from t").fetchall()
    assert list(row) == [e[3] for e in ELSEWHERE]
    with (tmp_path / "t-r.csv").open(newline="") as file:
        (line,) = list(csv.DictReader(file))
    assert [line[name] for name in columns] == [e[4] for e in ELSEWHERE]
