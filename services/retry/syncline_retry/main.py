"""Start the retry service."""

from __future__ import annotations

from functools import partial

from syncline.bootstrap.service import Service, run
from syncline.bootstrap.settings import Settings
from syncline.contracts.topics import RETRY_TIERS, retry_topic
from syncline.postgres.progress.bundle_park import unpark
from syncline.runtime.spec import StageOptions, StageSpec
from syncline_retry.handler import RetryHandler
from syncline_retry.rules import WaitingMessage, decode

TOPICS = [retry_topic(tier) for tier in RETRY_TIERS]
# No drain for a waiting message: the next member with the partition goes on waiting.
SPEC = StageSpec(
    "retry",
    TOPICS,
    decode,
    StageOptions(max_items=1, queue=8, drain=0.0),
    records=lambda waiting: waiting.onward.records,
)


def build(service: Service) -> tuple[StageSpec[WaitingMessage], RetryHandler]:
    unpark_now = partial(unpark, service.database, service.producer.send)
    return SPEC, RetryHandler(service.commands.is_cancelled, service.clock, unpark_now)


def main(settings: Settings) -> None:
    run(build, settings)
