"""Start the normalize service."""

from __future__ import annotations

from random import Random
from typing import Any

from syncline.bootstrap.service import Service, run
from syncline.bootstrap.settings import Settings
from syncline.contracts.decoding import decode_batch
from syncline.contracts.messages import Batch
from syncline.contracts.sending import records_in
from syncline.contracts.topics import INPUT_OF, Stage
from syncline.runtime.failure.failure_router import FailureRouter
from syncline.runtime.loop.stage_loop import StageSpec
from syncline_normalize.stage import NormalizeStage

Records = Batch[dict[str, Any]]
SPEC = StageSpec(
    "normalize", [INPUT_OF[Stage.NORMALIZE]], decode_batch(Records), records=records_in
)


def build(service: Service) -> tuple[StageSpec[Records], NormalizeStage]:
    router = FailureRouter(Stage.NORMALIZE, Random())  # noqa: S311 - jitter
    return SPEC, NormalizeStage(service.mappings, service.control, router, service.clock)


def main(settings: Settings) -> None:
    run(build, settings)
