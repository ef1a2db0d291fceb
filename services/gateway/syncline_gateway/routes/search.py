"""`search`: what an ID names."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from syncline.postgres.runs.search import Search, SearchResult
from syncline_gateway.access.caller import Runner
from syncline_gateway.parts import Needs
from syncline_gateway.requests.answers import answer, returns

router = APIRouter(prefix="/search", tags=["search"])


@router.get("", responses=returns(SearchResult))
async def find(
    caller: Runner,
    parts: Needs,
    q: Annotated[
        str,
        Query(description="A correlation ID or its first 6 digits, a source ID, or a target ID."),
    ],
) -> Any:  # noqa: ANN401
    """Find runs, records, targets and dead letters by their IDs."""
    return answer(await Search(parts.database).find(caller.tenant, q))
