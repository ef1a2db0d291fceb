"""Chains: the runs of an instance's entity types, one after the other, in the instance's order.

A whole run of the first entity type begins a chain. When a run of it has ended well, the run of the
next entity type follows, whose ID is made of its own: however often it is asked for, it is one run.
The reasons: docs/decisions/0083-entity-types-in-order.md. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID, uuid5

from syncline.domain.errors import Category, Failure
from syncline.domain.record import JsonObject
from syncline.domain.run import Overlap, Run, State
from syncline.domain.trigger import TriggerRequest

GOES_ON = frozenset({State.SUCCEEDED, State.PARTIAL_SUCCESS})
"""Ends of a run behind which the next entity type has its turn."""
TRIGGER = "chain"
"""What asks for a run that follows another one."""
PARENT_MISSING = "parent_missing"
"""Code of a failure: the target does not have yet what the record belongs to."""
SHORTEST_WAIT, LONGEST_WAIT = 2.0, 60.0
"""Seconds between two attempts at a record that waits for its parent."""
_NAMESPACE = UUID("5b0cf0a2-6c1b-5b3e-9a53-6f4a0f9a7d11")


def begins_chain(request: TriggerRequest, entity_type: str, order: Sequence[str]) -> bool:
    """Tell whether a request is for a whole run of an instance's first entity type."""
    is_whole = not request.source_ids and request.replay is None and request.after is None
    return is_whole and len(order) > 1 and entity_type == order[0]


def next_entity_type(run: Run) -> str | None:
    """Return the entity type whose turn comes after a run's; None: it is the last, or alone."""
    later = types_after(run.entity_type, run.chain_order or ())
    return later[0] if later else None


def types_after(entity_type: str, order: Sequence[str]) -> Sequence[str]:
    """Return what comes after an entity type in an order."""
    return order[order.index(entity_type) + 1 :] if entity_type in order else ()


def types_before(entity_type: str, order: Sequence[str]) -> Sequence[str]:
    """Return what comes before an entity type in an order: what its records may belong to."""
    return order[: order.index(entity_type)] if entity_type in order else ()


def next_run_id(run_id: str) -> str:
    """Return the correlation ID of the run that follows a run in its chain."""
    return str(uuid5(_NAMESPACE, run_id))


def next_trigger(run: Run) -> JsonObject | None:
    """Return the trigger of the run that follows a run; None while, or because, none does."""
    entity_type = next_entity_type(run)
    if entity_type is None or run.state not in GOES_ON:
        return None
    return {
        "instance": run.instance,
        "entityType": entity_type,
        "mode": run.mode.value,
        "maxEntities": run.max_entities,
        "batchSize": run.batch_size,
        "onOverlap": Overlap.QUEUE.value,
        "tenant": run.tenant,
        "actor": run.actor,
        "trigger": TRIGGER,
        "after": run.id,
    }


def why_chain_ended(run: Run) -> str | None:
    """Say why nothing follows a run, although the order has more; None where that is not so."""
    later = types_after(run.entity_type, run.chain_order or ())
    if not later or not run.state.is_final or run.state in GOES_ON:
        return None
    what = " and ".join(later)
    return f"{what} did not run, because the run of {run.entity_type} ended {run.state.label}"


def waits_for_parent(failure: Failure, waited: float) -> Failure:
    """Return the failure of a record that is tried again, `waited` seconds after it was read."""
    delay = min(max(waited / 2, SHORTEST_WAIT), LONGEST_WAIT)
    message = f"waits for its parent at the target: {failure.message}"
    return Failure(
        Category.TRANSIENT, PARENT_MISSING, message, failure.detail, failure.field, delay
    )


def parent_did_not_come(failure: Failure, parents: Sequence[str], waited: float) -> Failure:
    """Return the failure of a record that waits no longer.

    Args:
        parents: the entity types that come before the record's; none where it has no place in the
            order of its instance, so that nothing was waited for.
        waited: seconds since it was read.
    """
    if parents:
        why = (
            f"its parent is not at the target {waited / 60:.0f} min after it was read; sync "
            f"{' and '.join(parents)}, then replay it"
        )
    else:
        why = "its parent is not at the target: sync that first, then replay it"
    message = f"{why}: {failure.message}"
    return Failure(Category.PERMANENT, PARENT_MISSING, message, failure.detail, failure.field)
