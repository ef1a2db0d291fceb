"""Start the notifier service."""

from __future__ import annotations

from syncline.bootstrap.notifications import senders_of
from syncline.bootstrap.service import Service, run
from syncline.bootstrap.settings import Settings
from syncline.contracts.topics import STATUS
from syncline.postgres.notifications.alert_states import Alerting
from syncline.postgres.notifications.deliveries import Deliveries
from syncline.runtime.spec import StageOptions, StageSpec
from syncline_notifier.deliveries import DeliverySender
from syncline_notifier.handler import NotifierHandler
from syncline_notifier.rules import RunEnd, decode

SPEC: StageSpec[RunEnd | None] = StageSpec(
    "notifier", [STATUS], decode, StageOptions(max_items=500, queue=1000)
)


def build(service: Service) -> tuple[StageSpec[RunEnd | None], NotifierHandler]:
    settings, clock = service.settings, service.clock
    deliveries = Deliveries(service.database, settings.keyring())
    sender = DeliverySender(deliveries, senders_of(settings, clock), clock)
    alerting = Alerting(service.database, settings.pace())
    return SPEC, NotifierHandler(alerting, sender, settings.dlq_alert_at, clock)


def main(settings: Settings) -> None:
    run(build, settings)
