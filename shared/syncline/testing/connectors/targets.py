"""What every connector that is a target has to do."""

from __future__ import annotations

from asyncio import TaskGroup
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any, Protocol

import pytest

from syncline.connectors.port import ConnectorError, WriteBatch, WriteResult
from syncline.contracts.messages import encode
from syncline.domain.errors import Category, FailureError
from syncline.testing.connectors.bulks import columns_of, lines_of
from syncline.testing.connectors.connections import (
    CONTROLS,
    COUNTS,
    EXACT,
    ODD_TEXTS,
    World,
    item,
    said,
)


class Target(World, Protocol):
    """A system that takes records of `id`, `name`, `amount` and `count`.

    Attributes:
        options: the mapping's target block; `elsewhere` is that of something that is not there,
            called `nothing_there`.
        refused: changes to a record that make the target refuse it.
        keeps_one: a later version of a record replaces the earlier one.
        deletes: records can be deleted.
        cannot_hold: names of CONTROLS and ODD_TEXTS that the target must refuse.
        names: optional; how the target calls `id`, `name`, `amount` and `count`, where it has names
            of its own. `rows` gives them back as the suites call them.
    """

    options: dict[str, Any]
    elsewhere: dict[str, Any]
    refused: dict[str, Any]
    keeps_one: bool
    deletes: bool
    cannot_hold: frozenset[str]

    async def rows(self) -> list[dict[str, Any]]:
        """Return what the target holds."""


def batch_of(
    target: Target, records: Sequence[dict[str, Any]], target_ids: Sequence[str | None] = ()
) -> WriteBatch:
    names: Mapping[str, str] = getattr(target, "names", {})
    renamed = [{names.get(name, name): v for name, v in record.items()} for record in records]
    payloads = [encode(dict(sorted(record.items()))) for record in renamed]
    columns = columns_of(payloads)
    return WriteBatch(
        tenant="default",
        entity_type="item",
        correlation_id="019a0000-0000-7000-8000-000000000001",
        source_ids=[str(record.get("id")) for record in records],
        payloads=payloads,
        target_ids=list(target_ids) or [None] * len(records),
        keys=[blake2b(payload, digest_size=16).hexdigest() for payload in payloads],
        match_key=(names.get("id", "id"),),
        options=target.options,
        fields=tuple(names.get(name, name) for name in ("id", "name", "amount", "count")),
        columns=columns,
        lines=lines_of(columns),
    )


async def write(target: Target, records: Sequence[dict[str, Any]]) -> WriteResult:
    result = await target.connector.write(batch_of(target, records))
    assert len(result.target_ids) == len(records)
    return result


async def held(target: Target) -> dict[str, dict[str, str]]:
    """Return the target's records by ID, values as text."""
    return {
        said(row["id"]): {name: said(value) for name, value in row.items()}
        for row in await target.rows()
    }


def as_held(records: Sequence[dict[str, Any]]) -> dict[str, dict[str, str]]:
    return {r["id"]: {name: said(value) for name, value in r.items()} for r in records}


class TargetSuite:
    """Subclasses give a fixture `target` beside that of ConnectorSuite."""

    async def test_records_are_created_with_a_result_for_each(self, target: Target) -> None:
        records = [item(n) for n in range(25)]

        result = await write(target, records)

        assert result.failures == {}
        assert await held(target) == as_held(records)
        assert len(await target.rows()) == 25

    async def test_its_fields_are_told_where_it_knows_them(self, target: Target) -> None:
        await write(target, [item(1)])
        fields = await target.connector.describe_target(target.options)
        assert fields is None or {"id", "name", "amount"} <= {field.name for field in fields}

    async def test_an_empty_bulk_changes_nothing(self, target: Target) -> None:
        assert (await write(target, [])).failures == {}

    async def test_records_are_updated(self, target: Target) -> None:
        if not target.keeps_one:
            pytest.skip("this target keeps every version")
        first = await write(target, [item(n) for n in range(5)])
        changed = [item(n, name="new", amount=None) for n in range(2, 7)]

        known = [*first.target_ids[2:], None, None]
        result = await target.connector.write(batch_of(target, changed, known))

        assert result.failures == {}
        assert await held(target) == as_held([item(0), item(1), *changed])
        assert len(await target.rows()) == 7

    async def test_the_same_bulk_again_has_no_second_effect(self, target: Target) -> None:
        if not target.connector.capabilities_for(target.options).idempotent_upsert:
            pytest.skip("this target needs an intent")
        records = [item(n) for n in range(10)]
        await write(target, records[:6])

        again = await write(target, records[3:])
        await write(target, records[::-1])

        assert again.failures == {}
        assert await held(target) == as_held(records)
        assert len(await target.rows()) == 10

    async def test_of_two_versions_in_a_bulk_the_later_one_stays(self, target: Target) -> None:
        if not target.keeps_one:
            pytest.skip("this target keeps every version")
        if target.connector.capabilities_for(target.options).bulk_size == 1:
            pytest.skip("a bulk of this target is one record")
        result = await write(target, [item(1, name="old"), item(2), item(1, name="new")])

        assert result.failures == {}
        assert await held(target) == as_held([item(1, name="new"), item(2)])

    @pytest.mark.parametrize("bad", [(0,), (24,), (11, 12), tuple(range(25))])
    async def test_bad_records_fail_alone(self, target: Target, bad: tuple[int, ...]) -> None:
        records = [item(n, **(target.refused if n in bad else {})) for n in range(25)]

        result = await write(target, records)

        assert sorted(result.failures) == list(bad)
        assert {f.category for f in result.failures.values()} == {Category.PERMANENT}
        assert all(f.message and f.code for f in result.failures.values())
        assert await held(target) == as_held([r for n, r in enumerate(records) if n not in bad])

    async def test_a_mended_record_is_taken_after_its_failure(self, target: Target) -> None:
        await write(target, [item(1), item(2, **target.refused)])

        assert (await write(target, [item(2)])).failures == {}
        assert await held(target) == as_held([item(1), item(2)])

    async def test_an_unknown_field_fails_its_records_alone(self, target: Target) -> None:
        result = await write(target, [item(1), item(2, no_such_field=1), item(3)])

        if result.failures:  # an open target may take what it does not know
            assert list(result.failures) == [1]
            assert "no_such_field" in result.failures[1].message
            assert set(await held(target)) == {"0001", "0003"}

    async def test_records_may_leave_fields_out(self, target: Target) -> None:
        short = {"id": "0002", "name": "only a name"}

        result = await write(target, [item(1), short, item(3)])

        assert result.failures == {}
        rows = await held(target)
        assert rows["0001"] == as_held([item(1)])["0001"]
        assert {k: v for k, v in rows["0002"].items() if v} == short

    async def test_written_numbers_keep_all_their_digits(self, target: Target) -> None:
        records = [item(n, amount=amount) for n, amount in enumerate(EXACT.values())]
        records += [item(100 + n, count=count) for n, count in enumerate(COUNTS)]

        assert (await write(target, records)).failures == {}
        assert await held(target) == as_held(records)

    async def test_texts_are_written_as_they_are_or_fail_alone(self, target: Target) -> None:
        texts = ODD_TEXTS | CONTROLS
        records = [item(n, name=text) for n, text in enumerate(texts.values())]

        result = await write(target, records)

        assert {list(texts)[place] for place in result.failures} == target.cannot_hold
        assert await held(target) == as_held(
            [record for n, record in enumerate(records) if n not in result.failures]
        )

    async def test_writes_at_the_same_time_do_not_disturb_each_other(self, target: Target) -> None:
        async with TaskGroup() as group:
            for start in range(0, 200, 20):
                group.create_task(write(target, [item(start + n) for n in range(20)]))

        assert await held(target) == as_held([item(n) for n in range(200)])
        assert len(await target.rows()) == 200

    async def test_records_are_looked_up_by_their_match_key(self, target: Target) -> None:
        if not target.connector.capabilities_for(target.options).lookup:
            pytest.skip("this target cannot be asked")
        written = await write(target, [item(1), item(2)])

        found = await target.connector.lookup(batch_of(target, [item(2), item(9), item(1)]))

        assert found.target_ids == [written.target_ids[1], None, written.target_ids[0]]

    async def test_deleting_twice_is_allowed(self, target: Target) -> None:
        if not target.deletes:
            result = await target.connector.delete(["0001", "0002"], target.options)
            assert {f.category for f in result.failures.values()} == {Category.PERMANENT}
            assert sorted(result.failures) == [0, 1]
            return
        written = await write(target, [item(1), item(2), item(3)])
        gone = [i or "" for i in written.target_ids[:2]]

        assert (await target.connector.delete(gone, target.options)).failures == {}
        assert (await target.connector.delete(gone, target.options)).failures == {}
        assert await held(target) == as_held([item(3)])

    async def test_a_target_that_is_not_there_is_named(self, target: Target) -> None:
        batch = batch_of(target, [item(1)])
        batch.options = target.elsewhere

        with pytest.raises(ConnectorError, match="nothing_there") as caught:
            await target.connector.write(batch)
        assert caught.value.failure.category is Category.PERMANENT

    async def test_a_broken_target_fails_as_the_port_says(self, target: Target) -> None:
        """A refused login is a person's to mend: it is not tried again for hours."""
        for connector, part in target.broken():
            with pytest.raises(ConnectorError if part == "login" else FailureError):
                await connector.write(batch_of(target, [item(1)]))
            await connector.close()

    async def test_a_bulk_of_the_largest_size_is_written(self, target: Target) -> None:
        size = target.connector.capabilities_for(target.options).bulk_size

        assert (await write(target, [item(n, count=1) for n in range(size)])).failures == {}
        assert len(await target.rows()) == size
