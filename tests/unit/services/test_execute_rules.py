"""What Execute does with one record, given what the ledger knows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncline.domain.errors import Category, Failure
from syncline.domain.ledger import Entry
from syncline_execute.rules import Decision, Item, busy, by_decision, decide, rounds, was_applied

RUN, OTHER_RUN = "run-1", "run-0"
SAME, OTHER = "a" * 32, "b" * 32


def item(source_id: str = "A1", *, version: int = 10, payload_hash: str = SAME) -> Item:
    return Item(0, 0, source_id, b"{}", payload_hash, None, version)


def entry(
    payload_hash: str | None,
    run_id: str = OTHER_RUN,
    version: int = 5,
    *,
    intent: str | None = None,
    target_id: str | None = "T1",
) -> Entry:
    return Entry(payload_hash, None, target_id, run_id, version, intent)


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
def test_one_record(known: Entry | None, smart: bool, decision: Decision) -> None:
    assert decide(item(), known, RUN, smart_sync=smart) is decision


def test_a_known_target_id_is_given_to_its_item() -> None:
    known, unknown = item("A1"), item("A2")
    grouped = by_decision([known, unknown], {"A1": entry(OTHER)}, RUN, smart_sync=True)
    assert grouped[Decision.SEND] == [known, unknown]
    assert (known.target_id, unknown.target_id) == ("T1", None)


@pytest.mark.parametrize(
    ("known", "found", "applied"),
    [
        (entry(None, intent=SAME, target_id=None), "T1", True),  # it was created after all
        (entry(None, intent=SAME, target_id=None), None, False),
        (entry(None, intent=OTHER, target_id=None), "T1", False),  # another payload
        (entry(OTHER, intent=SAME, target_id="T1"), "T1", False),  # an update cannot be told
    ],
)
def test_what_a_probe_shows(known: Entry, found: str | None, applied: bool) -> None:
    assert was_applied(item(), known, found) is applied


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
    assert busy({4: failure(1.0), 2: failure(3.0)}) == (3.0, [2, 4])


@pytest.mark.parametrize(
    "other",
    [
        failure(None),
        failure(0.0),  # no time was named; the usual pauses are longer
        failure(10.5),
        failure(1.0, ambiguous=True),
        failure(1.0, category=Category.PERMANENT),
    ],
)
def test_other_failures_go_their_usual_way(other: Failure) -> None:
    assert busy({0: other}) == (0.0, [])
