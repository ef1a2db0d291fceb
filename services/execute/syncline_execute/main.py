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
from syncline.postgres.ledger import Ledger
from syncline.postgres.row_names import RowNames
from syncline.runtime.failures import FailureRouter
from syncline.runtime.stage import StageSpec
from syncline_execute.naming import Naming
from syncline_execute.stage import ExecuteStage
from syncline_execute.targets import Targets
from syncline_execute.work import Halts
from syncline_execute.writing import Writer

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
