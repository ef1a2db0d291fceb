"""Start the execute service."""

from __future__ import annotations

from random import Random

from syncline.bootstrap.service import Service, run
from syncline.bootstrap.settings import Settings
from syncline.contracts.bundle import Bundle, bundle_in
from syncline.contracts.topics import INPUT_OF, Stage
from syncline.postgres.ledger.row_names import RowNames
from syncline.postgres.ledger.write_ledger import Ledger
from syncline.postgres.progress.failure_budget import FailureBudgets
from syncline.postgres.runs.chains import ParentRuns
from syncline.runtime.spec import StageOptions, StageSpec
from syncline_execute.handler import ExecuteHandler
from syncline_execute.parents import ExecuteRouter
from syncline_execute.row_names import RowNaming
from syncline_execute.targets import Targets
from syncline_execute.writer import Writer

SPEC = StageSpec(
    "execute",
    [INPUT_OF[Stage.EXECUTE]],
    bundle_in,
    StageOptions(together=True, runs=32, queue=256),
    records=len,
)


def build(service: Service) -> tuple[StageSpec[Bundle], ExecuteHandler]:
    return SPEC, ExecuteHandler(
        Targets(service.connections, service.mappings),
        Writer(Ledger(service.database), RowNaming(RowNames(service.database)), service.clock),
        service.commands,
        ExecuteRouter(
            Random(),  # noqa: S311 - jitter
            ParentRuns(service.database),
            service.settings.parent_wait,
            FailureBudgets(service.database),
        ),
        service.clock,
        service.producer,
    )


def main(settings: Settings) -> None:
    run(build, settings)
