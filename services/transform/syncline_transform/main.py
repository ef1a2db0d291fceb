"""Start the transform service."""

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
from syncline_transform.stage import TransformStage

Records = Batch[dict[str, Any]]
SPEC = StageSpec(
    "transform", [INPUT_OF[Stage.TRANSFORM]], decode_batch(Records), records=records_in
)


def build(service: Service) -> tuple[StageSpec[Records], TransformStage]:
    router = FailureRouter(Stage.TRANSFORM, Random())  # noqa: S311 - jitter
    return SPEC, TransformStage(service.mappings, service.control, router, service.clock)


def main(settings: Settings) -> None:
    run(build, settings)
