"""Start the finalize service."""

from __future__ import annotations

from syncline.bootstrap.service import Service, run
from syncline.bootstrap.settings import Settings
from syncline.contracts.messages import Report
from syncline.contracts.sending import records_in
from syncline.contracts.topics import OUTCOMES
from syncline.postgres.progress.outcomes import Outcomes
from syncline.postgres.progress.stalled_runs import StalledRuns
from syncline.runtime.loop.stage_loop import StageOptions, StageSpec
from syncline_finalize.rules import decode
from syncline_finalize.stage import FinalizeStage

SPEC = StageSpec(
    "finalize",
    [OUTCOMES],
    decode,
    StageOptions(max_items=256, queue=512),
    records=records_in,
    settles=True,
)


def build(service: Service) -> tuple[StageSpec[Report], FinalizeStage]:
    return SPEC, FinalizeStage(
        Outcomes(service.database),
        StalledRuns(service.database),
        service.producer,
        service.clock,
        service.settings.stalled_after,
        lambda: service.control.cancelled,
    )


def main(settings: Settings) -> None:
    run(build, settings)
