"""Makes the demo's ERP: a database with SAP Business One's own tables, names and ugliness.

Seeded, so that every demo has the same rows: Y/N flags, dates and times of day in two columns,
NULLs, many rows on one timestamp, padded text, names that are not ASCII.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from random import Random

from syncline.postgres.database.database import open_database

SEED = 20_260_101
ITEMS, PARTNERS, ORDERS = 20_000, 2_000, 5_000
CANCELLED_ORDERS = ORDERS // 50

SCHEMA = """
create schema if not exists sbo;
create table if not exists sbo."OITM" (
  "ItemCode" varchar(50) primary key, "ItemName" varchar(200), "FrgnName" varchar(200),
  "ItmsGrpCod" smallint, "CodeBars" varchar(254), "SellItem" char(1), "InvntItem" char(1),
  "validFor" char(1), "OnHand" numeric(19, 6), "AvgPrice" numeric(19, 6), "SalUnitMsr" varchar(100),
  "VatGourpSa" varchar(8), "UserText" text, "CreateDate" timestamp, "UpdateDate" timestamp,
  "UpdateTS" int);
create index if not exists "OITM_UpdateDate" on sbo."OITM" ("UpdateDate", "ItemCode");
create table if not exists sbo."OCRD" (
  "CardCode" varchar(15) primary key, "CardName" varchar(100), "CardType" char(1),
  "GroupCode" smallint, "Phone1" varchar(20), "E_Mail" varchar(100), "Balance" numeric(19, 6),
  "Currency" varchar(3), "frozenFor" char(1), "MailCity" varchar(100), "MailCountr" varchar(3),
  "UpdateDate" timestamp, "UpdateTS" int);
create table if not exists sbo."ORDR" (
  "DocEntry" int primary key, "DocNum" int, "CardCode" varchar(15), "DocDate" char(8),
  "DocTime" smallint, "DocDueDate" timestamp, "DocTotal" numeric(19, 6), "DocCur" varchar(3),
  "CANCELED" char(1), "DocStatus" char(1), "Comments" varchar(254), "UpdateDate" timestamp,
  "UpdateTS" int);
create table if not exists sbo."RDR1" (
  "DocEntry" int, "LineNum" int, "ItemCode" varchar(50), "Dscription" varchar(200),
  "Quantity" numeric(19, 6), "Price" numeric(19, 6), "LineTotal" numeric(19, 6),
  "WhsCode" varchar(8), primary key ("DocEntry", "LineNum"));
"""

_NOUNS = [
    "Schraube",
    "Mutter",
    "Gewindestange",
    "Dübel",
    "Vis à bois",
    "Écrou",
    "Tornillo",
    "Śruba",
    "Винт",
    "ねじ",
    "Clé plate",
    "Bohrer",
    "Washer",
    "Hex bolt",
    "Anchor",
    "Spring pin",
]
_CITIES = ["Zürich", "Łódź", "São Paulo", "Köln", "Malmö", "東京", "Reykjavík", "Graz", None]
_FIRST_DAY = dt.datetime(2025, 1, 1)  # noqa: DTZ001 - SAP Business One keeps times without a zone


def _changed(random: Random) -> tuple[dt.datetime, int]:
    """A day without time, and the time of day as the number HHMMSS in a column of its own."""
    day = _FIRST_DAY + dt.timedelta(days=random.randrange(300))
    return day, random.randrange(24) * 10000 + random.randrange(60) * 100 + random.randrange(60)


def items(count: int = ITEMS) -> Iterator[tuple[object, ...]]:
    """Yield rows of OITM."""
    random = Random(SEED)
    for n in range(count):
        day, time = _changed(random)
        name = f"{random.choice(_NOUNS)} M{random.randrange(3, 24)}x{random.randrange(10, 200)}"
        yield (
            f"A{n:05d}",
            name + " " * random.randrange(4),
            None if n % 3 else f"{name} (EN)",
            100 + random.randrange(12),
            None if n % 7 == 0 else f"40{random.randrange(10**11):011d}",
            "Y" if random.random() < 0.9 else "N",
            "Y",
            random.choice("YYYYYYYYYN"),
            random.randrange(10_000),
            _money(random, 1, 90_000),
            random.choice(["Stk", "pcs ", None]),
            random.choice(["A1", "A2", None]),
            None if n % 5 else f"Zeile 1\nline 2 \N{EN DASH} {n}",
            day,
            day,
            time,
        )


def partners() -> Iterator[tuple[object, ...]]:
    """Yield rows of OCRD."""
    random = Random(SEED + 1)
    for n in range(PARTNERS):
        day, time = _changed(random)
        city = random.choice(_CITIES)
        yield (
            f"C{n:05d}",
            f"{random.choice(_NOUNS)} & Söhne {n}  ",
            random.choice("CCCCS"),
            random.randrange(100, 105),
            f"+41 44 {random.randrange(10**6):06d}",
            None if n % 11 == 0 else f"kontakt{n}@example.com",
            _money(random, -5_000_00, 90_000_00),
            random.choice(["CHF", "EUR", "##"]),
            "N" if n % 40 else "Y",
            city,
            random.choice(["CH", "DE", "PL", None]),
            day,
            time,
        )


def orders() -> Iterator[tuple[object, ...]]:
    """Yield rows of ORDR."""
    random = Random(SEED + 2)
    for n in range(1, ORDERS + 1):
        day, time = _changed(random)
        yield (
            n,
            70_000 + n,
            f"C{random.randrange(PARTNERS):05d}",
            day.strftime("%Y%m%d"),
            time // 100,
            day + dt.timedelta(days=14),
            _money(random, 1_000, 5_000_000),
            random.choice(["CHF", "EUR"]),
            "N" if n % 50 else "Y",
            random.choice("OOC"),
            None if n % 4 else "Bitte anrufen ",
            day,
            time,
        )


def lines() -> Iterator[tuple[object, ...]]:
    """Yield rows of RDR1: one to five an order."""
    random = Random(SEED + 3)
    for n in range(1, ORDERS + 1):
        for line in range(random.randrange(1, 6)):
            quantity, price = random.randrange(1, 50), _money(random, 10, 90_000)
            yield (
                n,
                line,
                f"A{random.randrange(ITEMS):05d}",
                random.choice(_NOUNS),
                quantity,
                price,
                quantity * price,
                random.choice(["01", "02"]),
            )


def _money(random: Random, low: int, high: int) -> Decimal:
    return Decimal(random.randrange(low, high)) / 100


TABLES = {"OITM": items, "OCRD": partners, "ORDR": orders, "RDR1": lines}


async def build(dsn: str) -> None:
    """Make the ERP's tables anew and fill them."""
    async with open_database(dsn, size=1) as database, database.transaction() as connection:
        await connection.execute("drop schema if exists sbo cascade")
        await connection.execute(SCHEMA)
        for table, rows in TABLES.items():
            await connection.copy_records_to_table(table, schema_name="sbo", records=rows())
        await connection.execute("analyze")
