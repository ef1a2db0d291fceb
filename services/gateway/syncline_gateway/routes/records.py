"""`records`: one source ID over all runs, and its passport in one of them.

The source ID is a query parameter, not a part of the path: it may hold slashes and dots.
"""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import APIRouter, Query

from syncline.actions.passports.passport import Passports
from syncline.actions.passports.steps import Passport
from syncline.postgres.configuration.pinned import Configuration
from syncline.postgres.runs.record_history import RecordHistory, RecordInRun, Views, run_place_of
from syncline.postgres.runs.search import checked_id
from syncline_gateway.access.caller import Runner
from syncline_gateway.parts import Needs
from syncline_gateway.requests.answers import answer, returns
from syncline_gateway.requests.paging import Paged, identity, moment, number

router = APIRouter(prefix="/records", tags=["records"])
SourceId = Annotated[str, Query(alias="sourceId", description="Compared exactly.")]


@router.get("", responses=returns(RecordHistory))
async def history(
    source_id: SourceId,
    caller: Runner,
    parts: Needs,
    paging: Paged,
) -> Any:  # noqa: ANN401
    """Say what became of a source ID in its runs, the newest first, and what its targets have."""
    checked_id(source_id, "query.sourceId")
    after = paging.key(moment, identity, number)
    found = await Views(parts.database).record(caller.tenant, source_id, paging.limit + 1, after)
    page = paging.page(found.runs, _place)
    return answer(msgspec.structs.replace(found, runs=page.items, next=page.next))


def _place(run: RecordInRun) -> tuple[str, str, str]:
    at, run_id, batch = run_place_of(run)
    return at.isoformat(), run_id, str(batch)


@router.get("/passport", responses=returns(Passport))
async def passport(
    source_id: SourceId,
    caller: Runner,
    parts: Needs,
    run: Annotated[
        UUID | None, Query(description="Correlation ID; the newest run that has the record.")
    ] = None,
) -> Any:  # noqa: ANN401
    """Show a record in one run: each stage's input and output, attempts, and its target ID.

    Payloads are read back from the stage topics, which keep them for some days.
    """
    checked_id(source_id, "query.sourceId")
    passports = Passports(
        parts.database, parts.settings.kafka(), Configuration(parts.database, parts.keyring)
    )
    run_id = None if run is None else str(run)
    return answer(await passports.of(caller.tenant, source_id, run_id, parts.clock.now()))
