"""Chains: which run begins one, and what follows a run of it."""

from __future__ import annotations

import pytest

from syncline.domain.chain import (
    PARENT_MISSING,
    begins_chain,
    next_run_id,
    next_trigger,
    parent_did_not_come,
    types_before,
    waits_for_parent,
    why_chain_ended,
)
from syncline.domain.errors import Category, Failure, InvalidInputError
from syncline.domain.run import Mode, Run, State
from syncline.domain.trigger import parse_trigger
from tests.support.memory_runs import a_run

ORDER = ["item", "variant", "stock"]
NO = Failure(Category.PERMANENT, PARENT_MISSING, "no item 17")


def run(state: State, entity_type: str = "item") -> Run:
    found = a_run()
    found.state, found.entity_type, found.mode = state, entity_type, Mode.FORCE_FULL
    found.chain, found.chain_order = found.id, ORDER
    return found


@pytest.mark.parametrize(
    ("entity_type", "fields", "begins"),
    [
        ("item", {}, True),
        ("item", {"mode": "force_full", "maxEntities": 5}, True),
        ("item", {"sourceIds": "A"}, False),
        ("stock", {}, False),
    ],
)
def test_a_whole_run_of_the_first_entity_type_begins_a_chain(
    entity_type: str, fields: dict[str, object], begins: bool
) -> None:
    request = parse_trigger({"instance": "shop", **fields})
    assert begins_chain(request, entity_type, ORDER) is begins
    assert not begins_chain(request, entity_type, [])


@pytest.mark.parametrize("state", list(State))
def test_the_next_follows_a_run_that_ended_well(state: State) -> None:
    ended = run(state)
    trigger = next_trigger(ended)
    if state in (State.SUCCEEDED, State.PARTIAL_SUCCESS):
        assert trigger is not None
        request = parse_trigger(trigger)
        assert (request.entity_type, request.mode, request.after) == (
            "variant", Mode.FORCE_FULL, ended.id,
        )  # fmt: skip
        assert why_chain_ended(ended) is None
    else:
        assert trigger is None
        why = f"variant and stock did not run, because the run of item ended {state.label}"
        assert why_chain_ended(ended) == (why if state.is_final else None)


def test_nothing_follows_the_last_and_one_name_is_given_to_what_follows() -> None:
    assert next_trigger(run(State.SUCCEEDED, "stock")) is None
    assert why_chain_ended(run(State.FAILED, "stock")) is None
    assert next_run_id(run(State.SUCCEEDED).id) == next_run_id(run(State.FAILED).id)


def test_a_request_of_before_keeps_its_fingerprint() -> None:
    """A repeated trigger is the same request to the release before, too."""
    plain = parse_trigger({"instance": "shop", "entityType": "item"})
    assert plain.fingerprint() == "f7c8fc68-67a1-d3c2-c435-34e8510b4828"
    run_id = next_run_id("x")
    after = parse_trigger({"instance": "shop", "entityType": "item", "after": run_id})
    assert after.fingerprint() != plain.fingerprint()


@pytest.mark.parametrize("fields", [{"after": "x"}, {"sourceIds": "A"}, {"entityType": None}])
def test_what_follows_names_a_run_and_is_whole(fields: dict[str, object]) -> None:
    whole = {"instance": "shop", "entityType": "item", "after": next_run_id("x")}
    with pytest.raises(InvalidInputError, match="after"):
        parse_trigger(whole | fields)


def test_waits_grow_and_end() -> None:
    assert types_before("stock", ORDER) == ["item", "variant"]
    assert types_before("order", ORDER) == ()
    waits = [waits_for_parent(NO, waited).retry_after for waited in (0, 1, 10, 100, 800)]
    assert waits == [2.0, 2.0, 5.0, 50.0, 60.0]
    assert waits_for_parent(NO, 1).category is Category.TRANSIENT
    given_up = parent_did_not_come(NO, ["item", "variant"], 900)
    assert (given_up.category, given_up.code) == (Category.PERMANENT, PARENT_MISSING)
    assert given_up.message == (
        "its parent is not at the target 15 min after it was read; sync item and variant, "
        "then replay it: no item 17"
    )
