"""Start the deadletter service."""

from __future__ import annotations

from uuid import uuid4

from syncline.bootstrap.service import Service, run
from syncline.bootstrap.settings import Settings
from syncline.contracts.topics import DLQ
from syncline.postgres.dead_letters.store import DeadLetterStore
from syncline.postgres.operations.steps import OperationSteps
from syncline.postgres.runs.runs import Runs
from syncline.runtime.spec import StageOptions, StageSpec
from syncline_deadletter.handler import DeadletterHandler
from syncline_deadletter.housekeeping import Housekeeping
from syncline_deadletter.operations import OperationWorker
from syncline_deadletter.rules import DlqMessage, decode

SPEC = StageSpec("deadletter", [DLQ], decode, StageOptions(max_items=200, queue=400))


def build(service: Service) -> tuple[StageSpec[DlqMessage], DeadletterHandler]:
    housekeeping = Housekeeping(service.database, service.settings.retention(), service.clock)
    operating = OperationWorker(
        OperationSteps(service.database, str(uuid4())),
        Runs(service.database),
        service.producer,
        service.clock,
    )

    async def operate() -> None:
        """Work off operations, after renewing fingerprints of an older release."""
        await housekeeping.renew_patterns()
        await operating.run()

    side_tasks = {"housekeeping": housekeeping.run, "operating": operate}
    return SPEC, DeadletterHandler(DeadLetterStore(service.database), side_tasks)


def main(settings: Settings) -> None:
    run(build, settings)
