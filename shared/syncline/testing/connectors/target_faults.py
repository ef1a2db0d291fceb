"""What targets do that are in trouble: each suite is for those that can be brought into it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import pytest

from syncline.connectors.port import WriteBatch
from syncline.domain.errors import Category, Failure, FailureError
from syncline.testing.connectors.connections import item
from syncline.testing.connectors.targets import Target, as_held, batch_of, held, write

WAIT = 7
"""Seconds that a throttled target asks for."""


async def failures_of(target: Target, batch: WriteBatch) -> Sequence[Failure]:
    """Write a bulk that cannot be written whole; return why, the call's own failure or records'."""
    try:
        result = await target.connector.write(batch)
    except FailureError as error:
        return [error.failure]
    return [*result.failures.values(), *result.stopped.values()]


class LosesAnswers(Target, Protocol):
    """A target on whose way an answer can get lost."""

    async def lose_answer(self) -> None:
        """Let the next write be carried out or not, and cut the line before its answer."""


class LostAnswerSuite:
    """A write whose answer was lost has one effect in the end. Fixture `target`."""

    async def test_a_lost_answer_is_no_success_and_has_one_effect(
        self, target: LosesAnswers
    ) -> None:
        records = [item(n) for n in range(5)]
        batch = batch_of(target, records)
        able = target.connector.capabilities_for(target.options)
        await target.lose_answer()

        failures = await failures_of(target, batch)

        assert failures
        assert Category.PERMANENT not in {f.category for f in failures if not f.ambiguous}
        if not able.idempotent_upsert:
            assert all(failure.ambiguous for failure in failures)
        if able.idempotent_upsert or able.honours_keys:
            assert (await target.connector.write(batch)).failures == {}
            assert await held(target) == as_held(records)
        elif able.lookup:
            there = await held(target)
            found = await target.connector.lookup(batch)
            assert [i is not None for i in found.target_ids] == [r["id"] in there for r in records]
        assert len(await target.rows()) <= len(records)


class Throttles(Target, Protocol):
    """A target that can be asked too often."""

    async def throttle(self) -> None:
        """Refuse the next call for now, with the wish to come back in WAIT seconds."""


class ThrottledSuite:
    """A call that comes too soon changes nothing, and waits as long as it is told."""

    async def test_a_throttled_write_waits_as_long_as_it_is_told(self, target: Throttles) -> None:
        await target.throttle()

        failures = await failures_of(target, batch_of(target, [item(n) for n in range(5)]))

        assert failures
        assert {(f.category, f.ambiguous) for f in failures} == {(Category.TRANSIENT, False)}
        assert {failure.retry_after for failure in failures} == {WAIT}
        assert await target.rows() == []
        assert (await write(target, [item(1)])).failures == {}


class TurnsReadOnly(Target, Protocol):
    """A target that can be closed for writers."""

    async def set_read_only(self, read_only: bool) -> None:
        """Refuse all that changes anything, or take it again."""


class ReadOnlySuite:
    """A target that takes no changes fails the call, and no record."""

    async def test_a_read_only_target_fails_the_call_and_no_record(
        self, target: TurnsReadOnly
    ) -> None:
        await target.set_read_only(True)
        batch = batch_of(target, [item(n) for n in range(25)])

        with pytest.raises(FailureError) as caught:
            await target.connector.write(batch)

        assert caught.value.failure.message
        assert not caught.value.failure.ambiguous
        assert await target.rows() == []
        await target.set_read_only(False)
        assert (await target.connector.write(batch)).failures == {}


class HasLimits(Target, Protocol):
    """A target that takes records and calls up to a size.

    Attributes:
        oversized: changes to a record that make it alone larger than the target takes.
        heavy: the same for a record of which the target takes one in a call, and no ten.
    """

    oversized: dict[str, Any]
    heavy: dict[str, Any]


class SizeLimitSuite:
    """What is too large fails alone, and what is too large together is sent in parts."""

    async def test_a_record_that_is_too_large_fails_alone(self, target: HasLimits) -> None:
        records = [item(n, **(target.oversized if n in (3, 4) else {})) for n in range(9)]

        result = await write(target, records)

        assert sorted(result.failures) == [3, 4]
        assert {f.category for f in result.failures.values()} == {Category.PERMANENT}
        assert len(await target.rows()) == 7

    async def test_records_that_are_too_large_together_are_all_written(
        self, target: HasLimits
    ) -> None:
        records = [item(n, **target.heavy) for n in range(10)]

        assert (await write(target, records)).failures == {}
        assert await held(target) == as_held(records)


class Drops(Target, Protocol):
    """A target that takes what it does not store, and answers that all is well.

    Attributes:
        dropped: changes to a record that it takes and does not hold as they were sent; left out of
            a world whose target does no such thing.
    """

    dropped: dict[str, Any]


class ReadBackSuite:
    """A look-up tells what a target does not hold as it was sent. Fixture `target`."""

    async def test_what_was_kept_differs_in_nothing(self, target: Target) -> None:
        assert target.connector.capabilities_for(target.options).read_back
        records = [item(n) for n in range(5)]
        written = await write(target, records)

        found = await target.connector.lookup(batch_of(target, records, written.target_ids))

        assert found.differs == {n: [] for n in range(5)}
        assert False not in found.holds.values()

    async def test_what_was_dropped_or_changed_is_named(self, target: Drops) -> None:
        if not hasattr(target, "dropped"):
            pytest.skip("this target keeps what it takes")
        records = [item(n, **(target.dropped if n == 2 else {})) for n in range(5)]
        batch = batch_of(target, records)
        written = await target.connector.write(batch)

        found = await target.connector.lookup(batch_of(target, records, written.target_ids))

        assert written.failures == {}
        names = getattr(target, "names", {})
        assert {n: sorted(differs) for n, differs in found.differs.items() if differs} == {
            2: sorted(names.get(name, name) for name in target.dropped)
        }
        assert found.holds.get(2) is not True

    async def test_what_is_sent_next_differs_in_what_has_changed(self, target: Target) -> None:
        written = await write(target, [item(1), item(2)])
        batch = batch_of(target, [item(1, amount=7), item(2)], written.target_ids)

        found = await target.connector.lookup(batch)

        assert found.differs == {0: [getattr(target, "names", {}).get("amount", "amount")], 1: []}
