"""`search`: what an ID or a name means."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from syncline.postgres.runs.search import SearchResult, search_all
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
        Query(
            description="A correlation ID or its first 6 digits, a source ID or its first 3 "
            "characters, a target ID, or a part of the name of what is configured."
        ),
    ],
) -> SearchResult:
    """Find runs, records, targets and dead letters by ID, and configuration by name."""
    return await search_all(api.database, caller.tenant, q)
