"""The normalize service: raw fields to canonical properties, from `raw` to `canonical`."""

from __future__ import annotations

from syncline.bootstrap.service import Service, run
from syncline.bootstrap.settings import Settings
from syncline.contracts.bundle import Bundle
from syncline.contracts.topics import Stage
from syncline.domain.mapping.engine.compiler import CompiledMapping
from syncline.runtime.mapping_handler import MappingHandler, mapping_spec
from syncline.runtime.spec import StageSpec

SPEC = mapping_spec(Stage.NORMALIZE)


def build(service: Service) -> tuple[StageSpec[Bundle], MappingHandler]:
    return SPEC, MappingHandler(
        Stage.NORMALIZE,
        Stage.TRANSFORM,
        CompiledMapping.normalize,
        service.mappings,
        service.commands,
        service.clock,
    )


def main(settings: Settings) -> None:
    run(build, settings)
