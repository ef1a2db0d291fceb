"""`events`: everything a page follows, over one stream."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import Query
from fastapi.responses import StreamingResponse

from syncline.contracts.events import RunStatus
from syncline.contracts.status import status_of
from syncline.domain.errors import InvalidInputError, NotFoundError, Problem
from syncline.domain.run import FINAL, State
from syncline.postgres.runs.runs import Runs
from syncline_gateway.access.caller import Runner
from syncline_gateway.api import Api
from syncline_gateway.live.hub import COME_BACK, PING, SSE, event, sse_documented
from syncline_gateway.requests.resource import Resource

router = Resource(prefix="/events", tags=["events"])
MOST_TOPICS = 20
PING_EVERY = 5.0
"""Seconds; a page shows the age of what it was last told."""
ACTIVE = tuple(state.value for state in State if state not in FINAL)
SHOWN = 10_000
"""Active runs that a snapshot holds: more than any installation has streams at work."""
_NAMES = ("runs", "dlq", "pipeline")


class RunsSnapshot(msgspec.Struct, frozen=True, rename="camel"):
    """How things stand when a stream begins, and again after something may have been missed."""

    runs: list[RunStatus]


@router.get("", responses=sse_documented(RunStatus))
async def follow_events(
    caller: Runner,
    api: Api,
    topics: Annotated[
        str,
        Query(
            max_length=1000,
            description="Comma-separated: `runs`, `run:<correlation ID>`, `dlq`, `pipeline`.",
        ),
    ],
) -> StreamingResponse:
    """Follow topics: `snapshot` first, then `run`, `dlq`, `pipeline` with each change.

    Every event tells the whole newest state, so after a break a new snapshot is all one needs.
    """
    names = _parsed(topics)
    return StreamingResponse(_following(api, caller.tenant, names), **SSE)


def _parsed(text: str) -> list[str]:
    names = list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    wrong = [name for name in names if not _is_topic(name)]
    if wrong or not 0 < len(names) <= MOST_TOPICS:
        known = ", ".join((*_NAMES, "run:<correlation ID>"))
        message = f"must be 1 to {MOST_TOPICS} of {known}"
        raise InvalidInputError([Problem("query.topics", message)])
    return names


def _is_topic(name: str) -> bool:
    kind, _, run_id = name.partition(":")
    if kind != "run":
        return name in _NAMES
    try:
        return str(UUID(run_id)) == run_id
    except ValueError:  # no UUID, so no run has it; the refusal names it
        return False


async def _following(api: Api, tenant: str, names: list[str]) -> AsyncIterator[bytes]:
    with api.hub.following(tenant, names) as follower:
        while not api.hub.is_closing:
            follower.missed = False
            yield event("snapshot", await _snapshot(api, tenant, names))
            while not follower.missed:
                yield await follower.take(PING_EVERY) or PING
        yield COME_BACK


async def _snapshot(api: Api, tenant: str, names: list[str]) -> RunsSnapshot:
    runs = Runs(api.database)
    found = {}
    if "runs" in names:
        for run in await runs.newest(tenant, limit=SHOWN, states=ACTIVE):
            found[run.id] = status_of(run)
    for name in names:
        run_id = name.partition(":")[2]
        if run_id and run_id not in found:
            try:
                found[run_id] = status_of(await runs.get(tenant, run_id))
            except NotFoundError:  # it may be accepted later
                continue
    return RunsSnapshot(list(found.values()))
