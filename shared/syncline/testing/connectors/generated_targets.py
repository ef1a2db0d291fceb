"""Tables of every make and random bulks, against a model that says what must become of each record.

The model knows nothing of SQL: a table is rows by their key, a bulk is what `docs/connectors` says
of it. A target may have the table in whatever way it likes, as long as it does what the model says.
"""

from __future__ import annotations

from base64 import b64encode
from random import Random
from typing import Any, Protocol

import msgspec
import pytest

from syncline.connectors.port import ConnectorError, WriteBatch
from syncline.connectors.sql.match_keys import to_target_id
from syncline.testing.connectors.bulks import bulk
from syncline.testing.connectors.composite_keys import SqlWorld

COLUMNS = ("id", "seller", "n", "name", "b")
SELLERS = ("a", "b", "c")
NOWHERE = "z"
"""A seller that a partitioned table has no place for."""
UNLUCKY = 13
"""What a trigger refuses."""
SEEDS = (0, 2, 7, 19, 28, 31, 49, 55)
"""Each has found a fault once; `range(60)` takes a minute and a half."""
RIGHTS = ("insert", "update", "temporary")
"""What the user may lack."""


class Make(msgspec.Struct, frozen=True):
    """How a table is made.

    Attributes:
        key: its key; `id` is a whole number or, with `is_text`, a text.
        odd: what makes it impossible to write: how its key is made, a right that is lacking, a
            generated column that is mapped; with the code that tells of it.
    """

    key: tuple[str, ...]
    is_text: bool = False
    primary: bool = True
    trigger: bool = False
    partitioned: bool = False
    demanded: bool = False
    odd: str | None = None

    @property
    def code(self) -> str:
        if self.odd in RIGHTS:
            return "not_permitted"
        return "generated_column" if self.odd == "generated" else "no_unique_key"


class GeneratedWorld(SqlWorld, Protocol):
    """A database that can make such tables, each called `t`.

    Attributes:
        oddities: what of `Make.odd` it has.
        partitions: it has partitioned tables.
    """

    oddities: tuple[str, ...]
    partitions: bool

    async def make(self, make: Make) -> None:
        """Make the table anew."""


class Model:
    """What a table must hold, and what must become of a bulk."""

    def __init__(self, make: Make) -> None:
        self.make = make
        self.rows: dict[tuple[Any, ...], dict[str, Any]] = {}

    def write(self, batch: WriteBatch, records: list[dict[str, Any]]) -> set[int]:
        """Take a bulk; returns the places that must fail."""
        failed, older, left = self.sent(batch, records)
        known = {n: self._row_of(batch.target_ids[n]) for n in left
                 if batch.target_ids[n] not in (None, self._said(records[n]))}  # fmt: skip
        moving = [n for n in left if known.get(n) in self.rows]
        moved: set[int] = set()
        while able := [n for n in moving if self._moves(known[n] or (), records[n])]:
            moved |= {*able}  # a key that is free only after another move is taken then
            moving = [n for n in moving if n not in able]
        failed |= {*moving}
        stuck = {batch.target_ids[n] for n in moving}
        for n in left:
            if n not in moved and n not in failed and not self._upserts(records[n], stuck):
                failed.add(n)
        return failed | {n for n, last in older.items() if last in failed}

    def reaches(self, batch: WriteBatch, records: list[dict[str, Any]]) -> bool:
        """Tell whether any record is good enough for the database to look at the user's rights."""
        sent = [records[n] for n in self.sent(batch, records)[2]]
        return any(self._fits(r | {"n": r["n"] if r.get("n") == "many" else 1}, new=False)
                   for r in sent)  # fmt: skip

    def sent(
        self, batch: WriteBatch, records: list[dict[str, Any]]
    ) -> tuple[set[int], dict[int, int], list[int]]:
        """Tell which records fail before any is sent, which are older versions, and the rest."""
        failed = {n for n, record in enumerate(records) if not self._is_whole(record)}
        keys = {n: self._key(r) for n, r in enumerate(records) if n not in failed}
        older: dict[int, int] = {}
        for key in set(keys.values()):
            group = [n for n in keys if keys[n] == key]
            mine = [n for n in group if batch.target_ids[n] == self._said(records[n])]
            source = batch.source_ids[(mine or group)[0]]
            own = [n for n in group if batch.source_ids[n] == source]
            failed |= set(group) - set(own)
            older |= dict.fromkeys(own[:-1], own[-1])
        return failed, older, [n for n in keys if n not in failed and n not in older]

    def _upserts(self, record: dict[str, Any], stuck: set[str | None]) -> bool:
        key = self._key(record)
        if self._said(record) in stuck or not self._fits(record, new=key not in self.rows):
            return False
        self.rows.setdefault(key, {}).update(self._values(record))
        return True

    def _moves(self, old: tuple[Any, ...], record: dict[str, Any]) -> bool:
        new = self._key(record)
        if (new in self.rows and new != old) or not self._fits(record, new=False):
            return False
        self.rows[new] = self.rows.pop(old) | self._values(record)
        return True

    def _is_whole(self, record: dict[str, Any]) -> bool:
        known = record.keys() <= {*COLUMNS}
        keyed = all(record.get(name) is not None for name in self.make.key)
        return known and keyed and record.get("b") != "!"

    def _key(self, record: dict[str, Any]) -> tuple[Any, ...]:
        return tuple(self._part(name, record[name]) for name in self.make.key)

    def _part(self, name: str, value: Any) -> Any:
        if name == "seller" or self.make.is_text:
            return str(value)
        return int(value) if str(value).isdigit() else value

    def _said(self, record: dict[str, Any]) -> str:
        return to_target_id([str(record[name]) for name in self.make.key])

    def _row_of(self, target_id: str | None) -> tuple[Any, ...] | None:
        if target_id is None:
            return None
        try:
            parts = [target_id] if len(self.make.key) == 1 else msgspec.json.decode(target_id)
        except msgspec.DecodeError:
            return None
        return tuple(self._part(n, p) for n, p in zip(self.make.key, parts, strict=True))

    def _fits(self, record: dict[str, Any], *, new: bool) -> bool:
        n, name = record.get("n"), record.get("name")
        id_ = record.get("id")
        return (
            (n is None or (isinstance(n, int) and n < 900 and not self._is_unlucky(n)))
            and len(name or "") <= 10
            and (self.make.is_text or id_ is None or str(id_).isdigit())
            and not (self.make.partitioned and record.get("seller") == NOWHERE)
            and not (self.make.demanded and new)
        )

    def _is_unlucky(self, n: int) -> bool:
        return self.make.trigger and n == UNLUCKY

    def _values(self, record: dict[str, Any]) -> dict[str, Any]:
        return {name: self._part(name, value) if name == "id" else value
                for name, value in record.items()}  # fmt: skip


class Generator:
    """Makes tables and bulks from a seed."""

    def __init__(self, seed: int, oddities: tuple[str, ...], *, partitions: bool) -> None:
        self.random = Random(seed)
        self._oddities = oddities
        self._partitions = partitions

    def make(self) -> Make:
        some = self.random
        key = some.choice([("id",), ("id", "seller"), ("seller", "id")])
        partitioned = self._partitions and len(key) > 1 and some.random() < 0.4
        odd = some.choice(self._oddities) if some.random() < 0.25 else None
        if partitioned and odd in ("partial", "deferrable", "expression"):
            odd = None
        return Make(
            key, some.random() < 0.4, some.random() < 0.6, some.random() < 0.3, partitioned,
            not partitioned and odd is None and some.random() < 0.2, odd,
        )  # fmt: skip

    def bulk(self, model: Model) -> tuple[WriteBatch, list[dict[str, Any]]]:
        """Make a bulk; some records have a row that is known, some by a key they had before."""
        count = self.random.choice([1, 2, 5, 12])
        records = [self._record(model.make) for _ in range(count)]
        free = [to_target_id([str(part) for part in key]) for key in model.rows]
        self.random.shuffle(free)
        known = [self._known(free) for _ in records]
        sources = [f"s{self.random.randrange(8) if self.random.random() < 0.3 else n + 10}"
                   for n in range(count)]  # fmt: skip
        return bulk("t", records, *model.make.key, source_ids=sources, target_ids=known), records

    def _known(self, free: list[str]) -> str | None:
        if free and self.random.random() < 0.3:
            return free.pop()
        return "nothing" if self.random.random() < 0.1 else None

    def _record(self, make: Make) -> dict[str, Any]:
        some = self.random
        id_: Any = some.randrange(8)
        if some.random() < 0.2:
            id_ = f"0{id_}"
        elif some.random() < 0.05:
            id_ = some.choice([None, "x"])
        sellers = (*SELLERS, NOWHERE) if make.partitioned else SELLERS
        record = {
            "b": some.choice(["", "AQID", None, b64encode(b"\\\n\0").decode()]),
            "id": id_, "n": some.choice([None, 1, 7, UNLUCKY, 500]),
            "name": some.choice([None, "", "näme", "tab\t\\N", "'); --"]),
            "seller": some.choice(sellers),
        }  # fmt: skip
        if some.random() < 0.15:
            wrong: list[dict[str, Any]] = [
                {"n": 950}, {"n": "many"}, {"name": "x" * 11}, {"b": "!"}, {"nope": 1},
                {"seller": None},
            ]  # fmt: skip
            record |= some.choice(wrong)
        if some.random() < 0.2:
            del record[some.choice(["n", "name", "b"])]
        if make.odd == "generated":
            record["twice"] = 2
        return dict(sorted(record.items()))


class GeneratedTargetSuite:
    """Subclasses give a fixture `generated`."""

    @pytest.mark.parametrize("seed", SEEDS)
    async def test_every_record_becomes_what_the_model_says(
        self, generated: GeneratedWorld, seed: int
    ) -> None:
        source = Generator(seed, generated.oddities, partitions=generated.partitions)
        for _ in range(8):
            make = source.make()
            await generated.make(make)
            model = Model(make)
            for _ in range(4):
                await self._holds(generated, model, source)

    async def _holds(self, world: GeneratedWorld, model: Model, source: Generator) -> None:
        batch, records = source.bulk(model)
        told = (model.make, records, batch.source_ids, batch.target_ids, sorted(model.rows))
        if model.make.odd in RIGHTS and not model.reaches(batch, records):
            return
        if model.make.odd is not None:
            with pytest.raises(ConnectorError) as caught:
                await world.connector.write(batch)
            assert caught.value.failure.code == model.make.code, told
            assert await world.run("select * from t") == []
            return
        result = await world.connector.write(batch)

        failed = model.write(batch, records)
        assert set(result.failures) == failed, (told, result.failures)
        rows = await world.run("select id, seller, n, name, b from t")
        held = {self._comparable(model.make, row) for row in rows}
        assert held == {self._expected(row) for row in model.rows.values()}, told
        assert len(rows) == len(model.rows)

    def _comparable(self, make: Make, row: tuple[Any, ...]) -> tuple[Any, ...]:
        return (*row[:4], None if row[4] is None else b64encode(row[4]).decode())

    def _expected(self, row: dict[str, Any]) -> tuple[Any, ...]:
        return tuple(row.get(name) for name in COLUMNS)
