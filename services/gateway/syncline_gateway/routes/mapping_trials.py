"""`mapping-configs/…/dry-run` and `/try-draft`: what a mapping would do; nothing is written."""

from __future__ import annotations

from typing import Any, TypeVar

from fastapi import APIRouter, Request

from syncline.actions.trials.draft import DraftTrier, Trial, TrialRequest
from syncline.actions.trials.dry_run import DryRun, DryRunner, DryRunRequest
from syncline.domain.conversion import converted
from syncline_gateway.access.caller import User
from syncline_gateway.edits import Name
from syncline_gateway.parts import Needs, Parts
from syncline_gateway.requests.answers import answer, returns
from syncline_gateway.requests.bodies import accepts, json_of

router = APIRouter(prefix="/mapping-configs", tags=["mapping-configs"])
T = TypeVar("T")


@router.post("/dry-run", responses=returns(DryRun), openapi_extra=accepts(DryRunRequest))
async def dry_run_unsaved(request: Request, caller: User, parts: Needs) -> Any:  # noqa: ANN401
    """Run up to 20 records through a draft of a new mapping."""
    asked = converted(await json_of(request), DryRunRequest)
    return answer(await _runner(parts).run(caller.tenant, None, asked))


@router.post("/{name}/dry-run", responses=returns(DryRun), openapi_extra=accepts(DryRunRequest))
async def dry_run(name: Name, request: Request, caller: User, parts: Needs) -> Any:  # noqa: ANN401
    """Run up to 20 records of the source through a mapping, a version of it, or a draft."""
    asked = converted(await json_of(request), DryRunRequest)
    return answer(await _runner(parts).run(caller.tenant, name, asked))


@router.post("/{name}/try-draft", responses=returns(Trial), openapi_extra=accepts(TrialRequest))
async def try_draft(name: Name, request: Request, caller: User, parts: Needs) -> Any:  # noqa: ANN401
    """Compare a draft with the active version over stored raw records and dead letters."""
    asked = converted(await json_of(request), TrialRequest)
    trier = DraftTrier(parts.database, parts.keyring, parts.settings.kafka())
    return answer(await trier.run(caller.tenant, name, asked))


def _runner(parts: Parts) -> DryRunner:
    return DryRunner(parts.database, parts.keyring, parts.settings.surroundings())
