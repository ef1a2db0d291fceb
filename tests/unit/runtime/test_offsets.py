"""The ledger never commits past a message that is not finished."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from syncline.runtime.loop.offset_ledger import OffsetLedger


def ledger_of(*offsets: int) -> OffsetLedger:
    ledger = OffsetLedger()
    for offset in offsets:
        ledger.began(offset)
    return ledger


def test_ledger_commits_nothing_before_the_head_is_done() -> None:
    ledger = ledger_of(5, 6, 7)
    ledger.done(6)
    ledger.done(7)

    assert ledger.to_commit() is None
    assert ledger.in_flight == 3


def test_ledger_commits_up_to_the_first_gap() -> None:
    ledger = ledger_of(5, 6, 7, 8)
    for offset in (6, 5, 8):
        ledger.done(offset)

    assert ledger.to_commit() == 7


def test_ledger_steps_over_offsets_the_broker_no_longer_has() -> None:
    ledger = ledger_of(5, 9)
    ledger.done(5)
    assert ledger.to_commit() == 6
    ledger.done(9)
    assert ledger.to_commit() == 10


def test_ledger_commits_each_head_once() -> None:
    ledger = ledger_of(0)
    ledger.done(0)
    ledger.committed(1)

    assert ledger.to_commit() is None


@given(st.data())
def test_ledger_commits_exactly_the_finished_head(data: st.DataObject) -> None:
    gaps = data.draw(st.lists(st.integers(1, 3), min_size=1, max_size=40))
    offsets = [sum(gaps[: n + 1]) for n in range(len(gaps))]
    order = data.draw(st.permutations(offsets))
    ledger, begun, done, last = OffsetLedger(), 0, set[int](), None
    for offset in order:
        while begun < len(offsets) and offsets[begun] <= offset:
            ledger.began(offsets[begun])
            begun += 1
        ledger.done(offset)
        done.add(offset)
        head = ledger.to_commit()
        finished = [o for n, o in enumerate(offsets) if set(offsets[: n + 1]) <= done]
        assert (head or last) == (finished[-1] + 1 if finished else None)
        if head is not None:
            assert last is None or head > last
            ledger.committed(head)
            last = head
    assert last == offsets[-1] + 1
    assert ledger.in_flight == 0
