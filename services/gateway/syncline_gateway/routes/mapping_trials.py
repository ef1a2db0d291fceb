"""`mapping-configs/…/dry-run` and `/try-draft`: what a mapping would do; nothing is written."""

from __future__ import annotations

from syncline.actions.trials.draft import DraftTrier, Trial, TrialRequest
from syncline.actions.trials.dry_run import DryRun, DryRunner, DryRunRequest
from syncline_gateway.access.caller import User
from syncline_gateway.backend import Backend, BackendDep
from syncline_gateway.edits import Name
from syncline_gateway.requests.resource import Resource

router = Resource(prefix="/mapping-configs", tags=["mapping-configs"])


@router.post("/dry-run")
async def dry_run_unsaved(body: DryRunRequest, caller: User, backend: BackendDep) -> DryRun:
    """Run up to 20 records through a draft of a new mapping."""
    return await _runner(backend).run(caller.tenant, None, body)


@router.post("/{name}/dry-run")
async def dry_run(name: Name, body: DryRunRequest, caller: User, backend: BackendDep) -> DryRun:
    """Run up to 20 records of the source through a mapping, a version of it, or a draft."""
    return await _runner(backend).run(caller.tenant, name, body)


@router.post("/{name}/try-draft")
async def try_draft(name: Name, body: TrialRequest, caller: User, backend: BackendDep) -> Trial:
    """Compare a draft with the active version over stored raw records and dead letters."""
    trier = DraftTrier(backend.database, backend.keyring, backend.settings.kafka())
    return await trier.run(caller.tenant, name, body)


def _runner(backend: Backend) -> DryRunner:
    return DryRunner(backend.database, backend.keyring, backend.settings.surroundings())
