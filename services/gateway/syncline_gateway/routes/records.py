"""`records`: one source ID over all runs, and its passport in one of them.

The source ID is a query parameter, not a part of the path: it may hold slashes and dots.
"""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from syncline.actions.passport import Passports
from syncline.actions.passport_steps import Passport
from syncline.postgres.configuration import Configuration
from syncline.postgres.searching import checked_id
from syncline.postgres.views import RecordHistory, Views
from syncline_gateway.access import Runner
from syncline_gateway.answers import answer, returns
from syncline_gateway.parts import Needs

router = APIRouter(prefix="/records", tags=["records"])
SourceId = Annotated[str, Query(alias="sourceId", description="Compared exactly.")]


@router.get("", responses=returns(RecordHistory))
async def history(
    source_id: SourceId,
    caller: Runner,
    parts: Needs,
    limit: Annotated[int, Query(ge=1, le=100, description="Most runs.")] = 25,
) -> Any:  # noqa: ANN401
    """Say what became of a source ID in its newest runs, and what its targets have of it."""
    checked_id(source_id, "query.sourceId")
    return answer(await Views(parts.database).record(caller.tenant, source_id, limit))


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
