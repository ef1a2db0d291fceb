"""Start the trigger service."""

from __future__ import annotations

from syncline.bootstrap.service import Service, run
from syncline.bootstrap.settings import Settings
from syncline.contracts.topics import TRIGGERS
from syncline.postgres.runs.pauses import RunPauses
from syncline.postgres.runs.runs import Runs
from syncline.runtime.spec import StageSpec
from syncline_trigger.commands import CommandReconciler
from syncline_trigger.handler import TriggerHandler
from syncline_trigger.rules import Asked, decode

SPEC = StageSpec("trigger", [TRIGGERS], decode)


def build(service: Service) -> tuple[StageSpec[Asked], TriggerHandler]:
    return SPEC, TriggerHandler(
        service.database,
        CommandReconciler(Runs(service.database), RunPauses(service.database), service.commands),
        service.producer,
        service.clock,
        service.settings.kafka_partitions,
    )


def main(settings: Settings) -> None:
    run(build, settings)
