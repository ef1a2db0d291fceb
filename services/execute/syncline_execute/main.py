"""Start the execute service."""

from __future__ import annotations

from random import Random

import msgspec

from syncline.bootstrap.service import Service, run
from syncline.bootstrap.settings import Settings
from syncline.contracts.decoding import decode_batch
from syncline.contracts.messages import Batch
from syncline.contracts.sending import records_in
from syncline.contracts.topics import INPUT_OF, Stage
from syncline.postgres.ledger.row_names import RowNames
from syncline.postgres.ledger.write_ledger import Ledger
from syncline.runtime.failure.failure_router import FailureRouter
from syncline.runtime.loop.stage_loop import StageSpec
from syncline_execute.row_names import Naming
from syncline_execute.stage import ExecuteStage
from syncline_execute.targets import Targets
from syncline_execute.work import Halts
from syncline_execute.writer import Writer

Payloads = Batch[msgspec.Raw]
SPEC = StageSpec("execute", [INPUT_OF[Stage.EXECUTE]], decode_batch(Payloads), records=records_in)


def build(service: Service) -> tuple[StageSpec[Payloads], ExecuteStage]:
    halts = Halts()
    return SPEC, ExecuteStage(
        Targets(service.connections, service.mappings),
        Writer(Ledger(service.database), halts, Naming(RowNames(service.database))),
        service.control,
        FailureRouter(Stage.EXECUTE, Random()),  # noqa: S311 - jitter
        service.clock,
        halts,
    )


def main(settings: Settings) -> None:
    run(build, settings)
