"""`mapping-configs/…/dry-run` and `/try-draft`: what a mapping would do; nothing is written."""

from __future__ import annotations

from syncline.actions.trials.draft import DraftTrier, Trial, TrialRequest
from syncline.actions.trials.dry_run import DryRun, DryRunner, DryRunRequest
from syncline_gateway.access.caller import User
from syncline_gateway.api import Api
from syncline_gateway.edits import Name
from syncline_gateway.requests.resource import Resource

router = Resource(prefix="/mapping-configs", tags=["mapping-configs"])


@router.post("/dry-run")
async def dry_run_unsaved_mapping_config(body: DryRunRequest, caller: User, api: Api) -> DryRun:
    """Run up to 20 records through a draft of a new mapping."""
    return await _runner(api).run(caller.tenant, None, body)


@router.post("/{name}/dry-run")
async def dry_run_mapping_config(name: Name, body: DryRunRequest, caller: User, api: Api) -> DryRun:
    """Run up to 20 records of the source through a mapping, a version of it, or a draft."""
    return await _runner(api).run(caller.tenant, name, body)


@router.post("/{name}/try-draft")
async def try_mapping_config_draft(name: Name, body: TrialRequest, caller: User, api: Api) -> Trial:
    """Compare a draft with the active version over stored raw records and dead letters."""
    trier = DraftTrier(api.database, api.keyring, api.settings.kafka())
    return await trier.run(caller.tenant, name, body)


def _runner(api: Api) -> DryRunner:
    return DryRunner(api.database, api.keyring, api.settings.surroundings())
