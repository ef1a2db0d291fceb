"""Looking up what was written, where the mapping says `verify`.

A target may answer that all is well and store something else: a price that it does not understand
as nothing, a field that it does not know not at all.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import structlog

from syncline.connectors.port import ConnectorError, LookupResult, WriteResult
from syncline.contracts.run_ref import RunRef
from syncline.domain.breaker import is_counted
from syncline.domain.errors import Category, Failure, FailureError
from syncline.runtime.clock import Clock
from syncline.runtime.failure.failure_router import failure_of_bug
from syncline_execute.calls import BROKE, waits_instead, write_batch
from syncline_execute.rules import Item
from syncline_execute.targets import Target

log = structlog.get_logger()
NOT_FOUND = Failure(
    Category.PERMANENT,
    "not_kept",
    "the target took the record, and does not find it by its match key afterwards: it may have "
    "changed or dropped the key",
)


async def read_back(
    run: RunRef, target: Target, items: Sequence[Item], answer: WriteResult, clock: Clock
) -> None:
    """Note in a call's answer which records the target does not hold as they were sent.

    It is one look-up for the call, or as many as the target's look-ups are smaller; another one
    where something seems wrong that a target may only show later. A record that cannot be looked up
    was written and is in doubt.
    """
    if not target.transformation.verify:
        return
    settled = {*answer.failures, *answer.stopped, *answer.existing, *answer.unkept}
    written = [place for place in range(len(items)) if place not in settled]
    wrong = await _wrong(run, target, items, answer, written)
    if wrong and target.capabilities.visible_after:
        await clock.sleep(target.capabilities.visible_after)
        wrong = await _wrong(run, target, items, answer, list(wrong))
    answer.unkept |= wrong


async def _wrong(
    run: RunRef, target: Target, items: Sequence[Item], answer: WriteResult, places: Sequence[int]
) -> dict[int, Failure]:
    """Look up records of a call; return place -> why one is not as it was sent."""
    size = max(target.capabilities.lookup_size, 1)
    wrong: dict[int, Failure] = {}
    for start in range(0, len(places), size):
        part = places[start : start + size]
        batch = write_batch(run, target, [items[place] for place in part])
        batch.target_ids = [answer.target_ids[p] or items[p].target_id for p in part]
        try:
            found = await target.connector.lookup(batch)
        except FailureError as error:
            await _put_in_doubt(target, answer, part, error)
        except Exception as error:
            log.exception("connector_broke")
            answer.failures |= dict.fromkeys(part, failure_of_bug(BROKE, error, ambiguous=True))
        else:
            target.limiter.breaker.answered()
            told = ((place, _why(target, found, n)) for n, place in enumerate(part))
            wrong |= {place: why for place, why in told if why is not None}
    return wrong


async def _put_in_doubt(
    target: Target, answer: WriteResult, places: Sequence[int], error: FailureError
) -> None:
    failure = error.failure
    if is_counted(failure):
        failure = await waits_instead(target.limiter.breaker, failure) or failure
    elif failure.retry_after and failure.category is not Category.PERMANENT:
        await target.limiter.pause.hold_off(failure.retry_after, failure.message)
    doubtful = dict.fromkeys(places, msgspec.structs.replace(failure, ambiguous=True))
    if isinstance(error, ConnectorError) and failure.category is Category.PERMANENT:
        answer.stopped |= doubtful
    else:
        answer.failures |= doubtful


def _why(target: Target, found: LookupResult, place: int) -> Failure | None:
    if place in found.failures:
        return found.failures[place]
    if found.target_ids[place] is None:
        return NOT_FOUND
    return difference(target, found.differs.get(place))


def difference(target: Target, differs: Sequence[str] | None) -> Failure | None:
    """Say what of a record the mapping wants verified and the target does not hold as sent."""
    wanted = target.transformation.verify
    if differs is None:
        words = "the target took the record, and does not show what it holds of it"
        return Failure(Category.PERMANENT, "not_kept", words) if wanted else None
    lost = list(differs) if wanted is True else [path for path in differs if _covers(wanted, path)]
    if not lost:
        return None
    shown = ", ".join(lost[:10]) + (f" and {len(lost) - 10} more" if len(lost) > 10 else "")
    words = f"the target took the record, and does not hold as it was sent: {shown}"
    return Failure(
        Category.PERMANENT, "not_kept", f"{words}; correct the value or the mapping", field=lost[0]
    )


def _covers(wanted: bool | Sequence[str], path: str) -> bool:
    """Tell whether a path lies at, below or above one that is to be verified."""
    return not isinstance(wanted, bool) and any(
        _is_within(path, each) or _is_within(each, path) for each in wanted
    )


def _is_within(path: str, whole: str) -> bool:
    return path == whole or path.startswith((f"{whole}.", f"{whole}["))
