"""`records`: one source ID over all runs, and its passport in one of them.

The source ID is a query parameter, not a part of the path: it may hold slashes and dots.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import Query
from pydantic import Field

from syncline.actions.passports.passport import Passports
from syncline.actions.passports.steps import Passport
from syncline.domain.record import MAX_SOURCE_ID_LENGTH
from syncline.postgres.configuration.profiles import Configuration
from syncline.postgres.dead_letters.erasure import Erasure, erase_record
from syncline.postgres.runs.record_history import (
    RecordHistory,
    RecordInRun,
    read_record_history,
    run_position_of,
)
from syncline.postgres.runs.search import checked_id
from syncline_gateway.access.caller import Eraser, Runner
from syncline_gateway.api import Api
from syncline_gateway.requests.parameters import Id, Paged, identity, moment, number
from syncline_gateway.requests.resource import Body, Resource

router = Resource(prefix="/records", tags=["records"])
SourceId = Annotated[str, Query(alias="sourceId", description="Compared exactly.")]


@router.get("")
async def get_record_history(
    source_id: SourceId, caller: Runner, api: Api, paging: Paged
) -> RecordHistory:
    """Say what became of a source ID in its runs, the newest first, and what its targets have."""
    checked_id(source_id, "query.sourceId")
    after = paging.key(moment, identity, number)
    found = await read_record_history(api.database, caller.tenant, source_id, paging.limit, after)
    page = paging.page(found.runs, _place)
    return msgspec.structs.replace(found, runs=page.items, next=page.next)


def _place(run: RecordInRun) -> tuple[str, str, str]:
    at, run_id, batch = run_position_of(run)
    return at.isoformat(), run_id, str(batch)


@router.get("/passport")
async def get_record_passport(
    source_id: SourceId,
    caller: Runner,
    api: Api,
    run: Annotated[
        Id | None, Query(description="Correlation ID; the newest run that has the record.")
    ] = None,
) -> Passport:
    """Show a record in one run: each stage's input and output, attempts, and its target ID.

    Payloads are read back from the stage topics, which keep them for some days. Who may not see
    payloads gets them without text (`hidden`); the others' looks are audited.
    """
    checked_id(source_id, "query.sourceId")
    passports = Passports(
        api.database, api.settings.kafka(), Configuration(api.database, api.keyring)
    )
    return await passports.of(caller.tenant, source_id, run, api.clock.now(), caller.viewer)


class ErasedRecord(Body):
    """Whose payloads are to be erased."""

    instance: Annotated[str, Field(max_length=200)]
    source_id: Annotated[str, Field(min_length=1, max_length=MAX_SOURCE_ID_LENGTH)]


@router.post("/erase")
async def erase_record_payloads(body: ErasedRecord, caller: Eraser, api: Api) -> Erasure:
    """Erase what is stored of a record's contents: payloads, edits and errors of dead letters.

    Those dead letters cannot be replayed then. What topics hold is removed when it is too old.
    """
    for name, text in (("instance", body.instance), ("sourceId", body.source_id)):
        checked_id(text, f"$.{name}")
    wanted = (caller.tenant, body.instance, body.source_id)
    return await erase_record(api.database, *wanted, caller.actor)
