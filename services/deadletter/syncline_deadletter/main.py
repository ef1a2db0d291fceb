"""Start the deadletter service."""

from __future__ import annotations

from syncline.bootstrap.service import Service, run
from syncline.bootstrap.settings import Settings
from syncline.contracts.topics import DLQ
from syncline.postgres.letters import Letters
from syncline.runtime.stage import StageOptions, StageSpec
from syncline_deadletter.housekeeping import Housekeeping
from syncline_deadletter.rules import Letter, decode
from syncline_deadletter.stage import DeadletterStage

SPEC = StageSpec("deadletter", [DLQ], decode, StageOptions(max_items=200, queue=400))


def build(service: Service) -> tuple[StageSpec[Letter], DeadletterStage]:
    housekeeping = Housekeeping(service.database, service.settings.retention(), service.clock)
    return SPEC, DeadletterStage(Letters(service.database), housekeeping)


def main(settings: Settings) -> None:
    run(build, settings)
