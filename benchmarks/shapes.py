"""Two more shapes of records beside the items: orders with nested lines, and long documents.

Their first load is measured, and every value at the target compared. The data is made by a seed.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from random import Random

import msgspec

from benchmarks.checks import begin_anew
from benchmarks.place import Place
from benchmarks.workloads import OURS, Result, measure_run

SEED = 20260101
WORDS = (
    "steel", "bolt", "nut", "washer", "bearing", "seal", "pump", "valve", "gasket", "filter",
    "motor", "belt", "cable", "relay", "sensor", "bracket", "hinge", "lamp", "fuse", "switch",
    "hose", "clamp", "çelik", "Größe", "ürün", "日本", "Ångström", "señal", "½″", "torque", "must",
)  # fmt: skip
_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def orders(count: int) -> Iterator[Sequence[object]]:
    """Yield orders of 2 to 6 kB with 1 to 20 lines, in the order of the table's columns."""
    random = Random(SEED)
    terms, notes = _sentences(random, 24, 2_000), _sentences(random, 7, 20_000)
    for number in range(1, count + 1):
        ordered = _BEGIN + timedelta(seconds=number)
        billing = {
            "street": f"{random.choice(WORDS)} street {random.randrange(400)}",
            "city": random.choice(WORDS),
            "country": random.choice(("DE", "TR", "US", "JP")),
            "fax": None,
        }
        lines = [_line(random, n, ordered, notes) for n in range(1, random.randint(1, 20) + 1)]
        yield (
            f"ORD-{number:07d}", f"C{random.randrange(20_000):05d}", ordered.isoformat(),
            random.choice(("EUR", "TRY", "USD")), " ".join(random.choices(terms, k=11)),
            json.dumps(billing, ensure_ascii=False), json.dumps(lines, ensure_ascii=False),
        )  # fmt: skip


def _line(random: Random, number: int, ordered: datetime, notes: Sequence[str]) -> object:
    due = ordered + timedelta(days=random.randint(1, 90))
    return {
        "no": number,
        "sku": f"ITM-{random.randrange(10_000_000):07d}",
        "name": f" {random.choice(notes)[:30]}",
        "quantity": random.randint(1, 5_000) / 4,
        "price": random.randint(1, 10_000_000) / 10_000,
        "taxed": random.choice("YN"),
        "delivery": {"date": f"{due:%Y-%m-%d}", "store": f"W{random.randrange(40):02d}"},
        "note": random.choice(notes),
    }


def documents(count: int) -> Iterator[Sequence[object]]:
    """Yield documents of 20 kB, in the order of the table's columns."""
    random = Random(SEED)
    sentences = _sentences(random, 12, 50_000)
    for number in range(1, count + 1):
        yield (
            f"DOC-{number:07d}", f" {random.choice(sentences)}", random.randrange(200),
            random.choice(("de", "en", "tr")), (_BEGIN + timedelta(seconds=number)).isoformat(),
            f"{random.randrange(1, 1_000_000) / 1000:.3f}",
            *(" ".join(random.choices(sentences, k=66)) for _ in range(4)),
        )  # fmt: skip


def _sentences(random: Random, words: int, count: int) -> list[str]:
    return [" ".join(random.choices(WORDS, k=words)) for _ in range(count)]


class Shape(msgspec.Struct, frozen=True):
    """One shape of records.

    Attributes:
        rows_each: how many rows of the item data set stand for one record of this shape.
        source: select list of a record's values as they have to arrive.
        target: select list of the same values at the target.
    """

    rows_each: int
    table: str
    records: Callable[[int], Iterator[Sequence[object]]]
    source: str
    target: str


_LINES = """(select jsonb_agg(jsonb_build_object('position', l->'no',
'item', jsonb_build_object('code', l->'sku', 'name', btrim(l->>'name')), 'quantity', l->'quantity',
'price', round((l->>'price')::numeric, 2)::text, 'taxed', l->>'taxed' = 'Y',
'due', l#>'{delivery,date}', 'store', l#>'{delivery,store}', 'note', l->'note') order by n)
from jsonb_array_elements(lines) with ordinality each(l, n))"""
_BILLING = """jsonb_build_object('street', billing->'street', 'place',
jsonb_build_object('city', billing->'city', 'country', billing->'country'))"""
_ORDER = "number, customer, extract(epoch from ordered_at), currency, terms"
_DOCUMENT = """code, btrim(title), category, language, extract(epoch from revised_at), weight,
description, specification, safety, notes"""
SHAPES: Mapping[str, Shape] = {
    "orders": Shape(
        2, "sales_order", orders, f"{_ORDER}, {_BILLING}, {_LINES}", f"{_ORDER}, billing, lines"
    ),
    "documents": Shape(4, "document", documents, _DOCUMENT, _DOCUMENT),
}
_CHECKSUM = """select count(*) || ' records, sum '
|| coalesce(sum(hashtextextended(row({values})::text, 0)::numeric), 0) from {table}"""


async def shape_round(place: Place, name: str) -> Result:
    """Measure the first load of a shape. Its data is made the first time."""
    shape = SHAPES[name]
    count = place.rows // shape.rows_each
    if place.psql("src", "-c", f"select exists(select from erp.{shape.table})") == "f":
        _fill(place, shape, count)
    begin_anew(place)
    result = await measure_run(place, OURS, f"first load of {name}", name, count)
    result.wrong = result.wrong or difference(place, shape)
    return result


def difference(place: Place, shape: Shape) -> str:
    """Say how source and target differ; "" when they hold the same."""
    source = _CHECKSUM.format(values=shape.source, table=f"erp.{shape.table}")
    target = _CHECKSUM.format(values=shape.target, table=f"public.{shape.table}")
    wanted, found = place.psql("src", "-c", source), place.psql("tgt", "-c", target)
    return "" if wanted == found else f"the source holds {wanted}; the target {found}"


def _fill(place: Place, shape: Shape, count: int) -> None:
    file = place.state / f"{shape.table}.csv"
    with file.open("w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerows(shape.records(count))
    table = f"erp.{shape.table}"
    place.psql("src", "-c", rf"\copy {table} from '{file}' csv", "-c", f"vacuum analyze {table}")
    file.unlink()
