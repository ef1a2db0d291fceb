"""Start the trigger service."""

from __future__ import annotations

from syncline.bootstrap.service import Service, run
from syncline.bootstrap.settings import Settings
from syncline.contracts.topics import TRIGGERS
from syncline.postgres.runs.pauses import RunPauses
from syncline.postgres.runs.runs import Runs
from syncline.runtime.loop.stage_loop import StageSpec
from syncline_trigger.commands import Wishing
from syncline_trigger.rules import Asked, decode
from syncline_trigger.stage import TriggerStage

SPEC = StageSpec("trigger", [TRIGGERS], decode)


def build(service: Service) -> tuple[StageSpec[Asked], TriggerStage]:
    return SPEC, TriggerStage(
        service.database,
        Wishing(Runs(service.database), RunPauses(service.database), service.control),
        service.producer,
        service.clock,
        service.settings.kafka_partitions,
    )


def main(settings: Settings) -> None:
    run(build, settings)
