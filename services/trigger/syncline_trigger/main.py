"""Start the trigger service."""

from __future__ import annotations

from syncline.bootstrap.service import Service, run
from syncline.bootstrap.settings import Settings
from syncline.contracts.topics import TENANT_TRIGGERS, TRIGGERS
from syncline.postgres.configuration.streams import Streams
from syncline.postgres.runs.pauses import RunPauses
from syncline.postgres.runs.queued_runs import QueuedRuns
from syncline.postgres.runs.refused_triggers import RefusedTriggers
from syncline.postgres.runs.runs import Runs
from syncline.runtime.spec import StageSpec
from syncline_trigger.handler import TriggerHandler
from syncline_trigger.rules import TriggerMessage, decode

SPEC = StageSpec("trigger", [TRIGGERS, f"{TENANT_TRIGGERS}*"], decode, names_runs=False)


class Store(Streams, Runs, QueuedRuns, RefusedTriggers, RunPauses):
    """See syncline_trigger.ports."""


def build(service: Service) -> tuple[StageSpec[TriggerMessage], TriggerHandler]:
    store, lanes = Store(service.database), service.settings.kafka_partitions
    return SPEC, TriggerHandler(store, service.commands, service.producer, service.clock, lanes)


def main(settings: Settings) -> None:
    run(build, settings)
