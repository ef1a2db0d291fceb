"""What Execute does with one record, given what the ledger knows."""

from __future__ import annotations

from uuid import UUID, uuid4

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncline.contracts.bundle import BatchPart, Bundle
from syncline.contracts.run_ref import RunRef
from syncline.domain.columns import Columns
from syncline.domain.errors import Category, Failure
from syncline.domain.ledger import Intent, LedgerEntry
from syncline_execute.calls import idempotency_keys
from syncline_execute.rules import (
    Decision,
    Item,
    TargetAnswer,
    Verdict,
    by_decision,
    decide,
    items_of,
    judge,
    rounds,
    waits_in,
)

RUN, OTHER_RUN = "run-1", "run-0"
SAME, OTHER = "a" * 32, "b" * 32


def item(source_id: str = "A1", *, version: int = 10, payload_hash: str = SAME) -> Item:
    return Item(0, 0, source_id, Columns(1, {}), None, b"{}", payload_hash, None, version)


def run() -> RunRef:
    one = str(UUID(int=1))
    return RunRef(one, "t", 1, one, "item", one, one, one, 1)


def entry(
    payload_hash: str | None,
    run_id: str = OTHER_RUN,
    version: int = 5,
    *,
    intent: str | None = None,
    target_id: str | None = "T1",
) -> LedgerEntry:
    return LedgerEntry(
        payload_hash, None, target_id, run_id, version, Intent(intent) if intent else None
    )


def test_fields_of_creations_alone_are_no_part_of_a_hash() -> None:
    def hashes(*on_create: str, **more: object) -> list[str]:
        columns = Columns.of([{"sku": "A1", **more}, {"sku": "A2", "odd": 1, **more}])
        bundle = Bundle(run(), 0, [BatchPart(0, 1, [0, 1])], ["A1", "A2"], columns)
        return [item.payload_hash for item in items_of([bundle], on_create=on_create)]

    assert hashes("status", status="new") == hashes("status", status="old")
    assert hashes("status", status="new") == hashes()
    assert hashes("status", "odd") != hashes("status")
    assert hashes(status="new") != hashes(status="old")


def test_they_are_sent_all_the_same() -> None:
    columns = Columns.of([{"sku": "A1", "status": "new"}])
    bundle = Bundle(run(), 0, [BatchPart(0, 1, [0])], ["A1"], columns)
    (only,) = items_of([bundle], on_create=["status"])
    assert only.payload == b'{"sku":"A1","status":"new"}'


@pytest.mark.parametrize(
    ("known", "smart", "decision"),
    [
        (None, True, Decision.SEND),
        (entry(SAME), True, Decision.UNCHANGED),
        (entry(SAME), False, Decision.SEND),
        (entry(OTHER), True, Decision.SEND),
        (entry(None), True, Decision.SEND),  # it failed last time
        (entry(SAME, RUN), True, Decision.WRITTEN),  # the message came twice
        (entry(SAME, RUN), False, Decision.WRITTEN),
        (entry(OTHER, RUN, version=10), True, Decision.WRITTEN),  # a version is one payload
        (entry(SAME, RUN, version=10, intent=OTHER), True, Decision.WRITTEN),  # a newer one's
        (entry(None, RUN, version=10, intent=OTHER), True, Decision.WRITTEN),
        (entry(SAME, RUN, version=11), True, Decision.WRITTEN),  # published again, same content
        (entry(OTHER, RUN, version=11), True, Decision.SUPERSEDED),
        (entry(SAME, version=11), True, Decision.SUPERSEDED),
        (entry(OTHER, version=11), False, Decision.SUPERSEDED),
        (entry(OTHER, version=10), True, Decision.SEND),
        (entry(OTHER, intent=SAME), True, Decision.PROBE),
        (entry(None, intent=OTHER), True, Decision.PROBE),
        (entry(SAME, intent=OTHER), True, Decision.PROBE),  # the target may hold the other one
        (entry(SAME, intent=OTHER), False, Decision.PROBE),
        (entry(SAME, RUN, intent=OTHER), True, Decision.PROBE),
        (entry(OTHER, version=11, intent=SAME), True, Decision.SUPERSEDED),
    ],
)
def test_one_record(known: LedgerEntry | None, smart: bool, decision: Decision) -> None:
    assert decide(item(), known, RUN, smart_sync=smart) is decision


def test_a_known_target_id_is_given_to_its_item() -> None:
    known, unknown = item("A1"), item("A2")
    grouped = by_decision([known, unknown], {"A1": entry(OTHER)}, RUN, smart_sync=True)
    assert grouped[Decision.SEND] == [known, unknown]
    assert (known.target_id, unknown.target_id) == ("T1", None)


HERE, ELSEWHERE, NOWHERE = TargetAnswer("T1"), TargetAnswer("T9"), TargetAnswer(None)
HOLDS, DIFFERS = TargetAnswer("T1", True), TargetAnswer("T1", False)
AMBIGUOUS, APPLIED, SEND = Verdict.AMBIGUOUS, Verdict.APPLIED, Verdict.SEND


@pytest.mark.parametrize("honours_keys", [False, True])
@pytest.mark.parametrize(
    ("known_id", "intent", "creates", "seen", "verdict"),
    [
        # It was looked for and not there: if it is there now, the lost write made it.
        (None, SAME, True, HERE, APPLIED),
        (None, SAME, True, NOWHERE, SEND),
        (None, OTHER, True, HERE, SEND),  # made with an older payload: update it
        (None, OTHER, True, NOWHERE, SEND),
        (None, OTHER, True, HOLDS, APPLIED),
        # It was there before, or nobody had looked: that it is there tells nothing.
        (None, SAME, False, HERE, None),
        (None, SAME, False, HOLDS, APPLIED),
        (None, SAME, False, DIFFERS, SEND),
        ("T1", SAME, False, HERE, None),
        ("T1", SAME, False, HOLDS, APPLIED),
        ("T1", SAME, False, DIFFERS, SEND),
        ("T1", SAME, False, NOWHERE, SEND),
        ("T1", OTHER, False, HERE, SEND),  # another payload: another update
        ("T1", OTHER, False, HOLDS, APPLIED),
        ("T1", OTHER, False, DIFFERS, SEND),
        # The match key finds another record than the known one.
        ("T1", SAME, False, ELSEWHERE, None),
        ("T1", SAME, False, TargetAnswer("T9", True), SEND),
        ("T1", SAME, False, TargetAnswer("T9", False), SEND),
        ("T1", OTHER, False, ELSEWHERE, SEND),
        # The target cannot be asked.
        ("T1", SAME, False, None, None),
        ("T1", OTHER, False, None, SEND),
        (None, SAME, False, None, None),
        (None, OTHER, False, None, AMBIGUOUS),  # sent again, there might be two
    ],
)
def test_what_a_look_at_the_target_tells_of_a_lost_write(
    known_id: str | None,
    intent: str,
    creates: bool,
    seen: TargetAnswer | None,
    verdict: Verdict | None,
    honours_keys: bool,
) -> None:
    """What cannot be told is sent again under the same key, or waits for a person."""
    told = item()
    told.target_id = known_id
    expected = verdict or (SEND if honours_keys else AMBIGUOUS)
    assert judge(told, Intent(intent, creates=creates), seen, honours_keys=honours_keys) is expected


@given(st.lists(st.sampled_from("abc"), max_size=12))
def test_rounds_hold_a_record_once_and_keep_the_order_of_its_versions(ids: list[str]) -> None:
    items = [item(source_id, version=n) for n, source_id in enumerate(ids)]
    parted = rounds(items)
    assert sorted(i.version for part in parted for i in part) == list(range(len(ids)))
    for part in parted:
        assert len({i.source_id for i in part}) == len(part) > 0
    for source_id in set(ids):
        versions = [i.version for part in parted for i in part if i.source_id == source_id]
        assert versions == sorted(versions)


def failure(retry_after: float | None, **changes: object) -> Failure:
    values = {"category": Category.TRANSIENT, "retry_after": retry_after} | changes
    return Failure(code="rate_limited", message="too many", **values)  # type: ignore[arg-type]


def test_a_short_wait_that_a_target_asks_for_is_waited_the_longest_of_all() -> None:
    assert waits_in({4: failure(1.0), 2: failure(3.0)}) == (3.0, [2, 4])


def test_a_long_wait_is_told_and_waited_elsewhere() -> None:
    assert waits_in({0: failure(1.0), 1: failure(3600.0)}) == (3600.0, [])


def test_what_may_have_been_written_is_not_sent_again_on_the_spot() -> None:
    assert waits_in({0: failure(1.0, ambiguous=True), 1: failure(2.0)}) == (2.0, [1])


@pytest.mark.parametrize(
    "other",
    [
        failure(None),
        failure(0.0),  # no time was named; the usual pauses are longer
        failure(1.0, category=Category.PERMANENT),
    ],
)
def test_other_failures_go_their_usual_way(other: Failure) -> None:
    assert waits_in({0: other}) == (0.0, [])


def test_a_key_stays_what_it_was_in_earlier_releases() -> None:
    one = "0190a000-0000-7000-8000-000000000001"
    run = RunRef(one, "t", 1, one, "item", one, one, one, 1)
    made = msgspec.structs.replace(item(payload_hash="ab" * 16), source_id='é "1"\n')
    known = msgspec.structs.replace(made, entry=entry(SAME, "run-1", 7))

    assert idempotency_keys(run, [made, known]) == [
        "f072b00eadfad99cfd8a2df8735b643c",
        "d0b0e77e1caa4be3dba16810fcd13d1d",
    ]


def test_a_write_that_is_under_way_is_waited_for() -> None:
    known = entry(OTHER)
    known = msgspec.structs.replace(known, intent=Intent(SAME, "owner", under_way=12.0))
    assert decide(item(), known, RUN, smart_sync=True) is Decision.WAIT


def test_a_key_names_one_write() -> None:
    one = str(uuid4())
    run = RunRef(one, "t", 1, one, "item", one, one, one, 1)

    def key(payload_hash: str, before: LedgerEntry | None) -> str:
        made = item(payload_hash=payload_hash)
        made.entry = before
        return idempotency_keys(run, [item(), made])[1]

    first = key(SAME, None)
    second = key(OTHER, entry(SAME, "run-1", 1))
    third = key(SAME, entry(OTHER, "run-2", 2))
    assert len({first, second, third}) == 3  # A, B and A again

    begun = LedgerEntry(None, None, None, None, 0, Intent(SAME))
    assert key(SAME, begun) == first  # a crash between call and acknowledgement
    assert key(SAME, entry(None, "run-2", 2, intent=SAME)) == third  # doubted, redelivered
