"""What must hold of a pipeline when all has come to its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from syncline.contracts.events import DeadLetter
from syncline.domain.run import PENDING, Outcome, State
from tests.support.simulation.pipeline import Pipeline

Slot = tuple[str, int, int]
"""Run, batch, place in it."""


def broken(pipeline: Pipeline) -> list[str]:
    """Return what does not hold, in words."""
    return [
        *_outcomes(pipeline),
        *_dead_letters(pipeline),
        *_target(pipeline),
        *_ledger(pipeline),
    ]


def _slots(pipeline: Pipeline) -> Iterator[tuple[Slot, str, str]]:
    """Return every slot with its source ID and its outcome."""
    for run_id in pipeline.sources:
        for number, (ids, codes) in pipeline.runs._kept[run_id].batches.items():
            for slot, (source_id, code) in enumerate(zip(ids, codes, strict=True)):
                yield (run_id, number, slot), source_id, code


def _outcomes(pipeline: Pipeline) -> Iterator[str]:
    found = Counter((slot[0], source_id) for slot, source_id, _ in _slots(pipeline))
    for run_id, rows in pipeline.sources.items():
        run = pipeline.runs.run(run_id)
        if run.counters.in_flight or not run.state.is_final:
            yield f"run {run_id} is {run.state} with {run.counters.in_flight} in flight"
        least = 0 if run.state is State.CANCELLED else 1
        for source_id, _ in rows:
            if not least <= found[run_id, source_id] <= 1:
                yield f"{source_id} has {found[run_id, source_id]} slots in run {run_id}"
    yield from (f"{at} has no outcome" for at, _, code in _slots(pipeline) if code == PENDING)


def _dead_letters(pipeline: Pipeline) -> Iterator[str]:
    kept = pipeline.dead_letters._kept.values()
    of_slot = Counter(
        (d.correlation_id, d.batch, d.slot) for d in kept if isinstance(d, DeadLetter)
    )
    if of_slot.total() != len(kept):
        yield "messages are in the DLQ that no stage could read"
    for at, source_id, code in _slots(pipeline):
        if of_slot[at] != (code == Outcome.FAILED.value):
            yield f"{source_id} at {at} ended {code!r} and has {of_slot[at]} dead letters"


def _target(pipeline: Pipeline) -> Iterator[str]:
    rows = Counter(code for code, _ in pipeline.target.rows.values())
    yield from (f"{code} is {count} rows" for code, count in rows.items() if count > 1)
    age = pipeline.age_of
    for code, numbers in pipeline.target.written.items():
        ages = [age(number) for number in numbers]
        if ages != sorted(set(ages)):
            yield f"{code} was written as {numbers}: twice, or an older one over a newer one"
    holds = dict(pipeline.target.rows.values())
    for (run_id, *_), source_id, code in _slots(pipeline):
        number = dict(pipeline.sources[run_id])[source_id]["n"]
        held = holds.get(source_id)
        if code == Outcome.SUCCESS.value and (held is None or age(held) < age(number)):
            yield f"{source_id} ended as success of {number}, and the target has {held}"


def _ledger(pipeline: Pipeline) -> Iterator[str]:
    holds = dict(pipeline.target.rows.values())
    for (_, source_id), row in pipeline.ledger._rows.items():
        if row.payload_hash is None or row.run_id is None or row.intent is not None:
            continue
        number = dict(pipeline.sources[row.run_id])[source_id]["n"]
        if holds.get(source_id) != number:
            yield f"the ledger has {source_id} as {number}, the target as {holds.get(source_id)}"
