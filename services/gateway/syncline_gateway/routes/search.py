"""`search`: what an ID names."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from syncline.postgres.runs.search import SearchResult, search_ids
from syncline_gateway.access.caller import Runner
from syncline_gateway.api import Api
from syncline_gateway.requests.resource import Resource

router = Resource(prefix="/search", tags=["search"])


@router.get("")
async def search(
    caller: Runner,
    api: Api,
    q: Annotated[
        str,
        Query(description="A correlation ID or its first 6 digits, a source ID, or a target ID."),
    ],
) -> SearchResult:
    """Find runs, records, targets and dead letters by their IDs."""
    return await search_ids(api.database, caller.tenant, q)
