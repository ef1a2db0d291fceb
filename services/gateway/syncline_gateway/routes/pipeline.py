"""`pipeline`: how every service stands, and how that was in the last hour."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import msgspec
from fastapi import Query

from syncline.domain.run import FINAL, State
from syncline.postgres.monitoring.service_status import ServiceStatusStore, StageHistory
from syncline.postgres.runs.run_list import RunFilter, RunList, RunView
from syncline_gateway.access.caller import Runner
from syncline_gateway.api import Api
from syncline_gateway.live.service_status import StatusReport, read_status_report
from syncline_gateway.requests.resource import Resource

router = Resource(prefix="/pipeline", tags=["pipeline"])
ACTIVE = tuple(state.value for state in State if state not in FINAL)
SHOWN = 20
"""Active runs, and runs that failed of late."""
FAILED_WITHIN = timedelta(days=1)


class PipelineHealth(StatusReport, frozen=True, rename="camel"):
    """The pipeline now.

    Attributes:
        active_runs: the newest; of this tenant, as all runs here.
        failed_runs: runs of the last day that ended Failed or Partial Success, newest first.
    """

    active_runs: list[RunView]
    failed_runs: list[RunView]


class PipelineHistory(msgspec.Struct, frozen=True, rename="camel"):
    """The last minutes in steps, `at` Unix seconds without a gap.

    Lists run in parallel to `at`; null: the monitor did not look.
    """

    step_seconds: int
    at: list[int]
    stages: list[StageHistory]


@router.get("/health")
async def get_pipeline_health(caller: Runner, api: Api) -> PipelineHealth:
    """Say how every service stands, which runs are active and which failed of late."""
    now = api.clock.now()
    report = await read_status_report(api.installation, now)
    runs = RunList(api.database)
    failed = RunFilter(states=("failed", "partial_success"), since=now - FAILED_WITHIN)
    return PipelineHealth(
        **msgspec.structs.asdict(report),
        active_runs=await runs.page(caller.tenant, RunFilter(states=ACTIVE), SHOWN),
        failed_runs=await runs.page(caller.tenant, failed, SHOWN),
    )


@router.get("/history")
async def get_pipeline_history(
    _caller: Runner,
    api: Api,
    minutes: Annotated[int, Query(ge=1, le=60, description="How far back.")] = 30,
) -> PipelineHistory:
    """Return what waited at each stage and what passed it, in steps of ten seconds."""
    steps, stages = await ServiceStatusStore(api.installation).history(
        api.clock.now(), timedelta(minutes=minutes)
    )
    return PipelineHistory(10, steps, stages)
