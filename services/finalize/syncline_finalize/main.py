"""Start the finalize service."""

from __future__ import annotations

from syncline.bootstrap.service import Service, run
from syncline.bootstrap.settings import Settings
from syncline.contracts.messages import Report, records_in
from syncline.contracts.timings import decode_report
from syncline.contracts.topics import OUTCOMES
from syncline.postgres.progress.outcomes import Outcomes
from syncline.postgres.progress.stalled_runs import StalledRuns
from syncline.runtime.spec import StageOptions, StageSpec
from syncline_finalize.handler import FinalizeHandler

SPEC = StageSpec(
    "finalize",
    [OUTCOMES],
    decode_report,
    StageOptions(max_items=256, queue=512),
    records=records_in,
    settles=True,
)


def build(service: Service) -> tuple[StageSpec[Report], FinalizeHandler]:
    return SPEC, FinalizeHandler(
        Outcomes(service.database),
        StalledRuns(service.database),
        service.producer,
        service.clock,
        service.settings.stalled_after,
        lambda: service.commands.cancelled,
    )


def main(settings: Settings) -> None:
    run(build, settings)
