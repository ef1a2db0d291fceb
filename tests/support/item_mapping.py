"""A mapping of items, and the stages that map by it."""

from __future__ import annotations

from syncline.contracts.run_ref import RunRef
from syncline.contracts.topics import Stage
from syncline.domain.errors import NotFoundError
from syncline.domain.mapping.engine.compiler import CompiledMapping, compile_mapping
from syncline.domain.mapping.validation import parse
from syncline.runtime.clock import Clock
from syncline.runtime.commands.stopped_bundles import RunCommands
from syncline.runtime.mapping_handler import MappingHandler

MAPPING = parse(
    {
        "entityType": "item",
        "extraction": {"table": "items", "idColumn": "id"},
        "normalization": {
            "fields": [
                {"source": "id", "target": "sku", "required": True},
                {"source": "n", "target": "n", "type": "int"},
            ],
        },
        "transformation": {
            "matchKey": "code",
            "fields": [
                {"source": "sku", "target": "code", "required": True},
                {"source": "n", "target": "count"},
            ],
            "exclude": {"field": "n", "op": "eq", "value": 0},
        },
    }
)
_COMPILED = compile_mapping(MAPPING)


class OneMapping:
    """The mapping of every run, or none."""

    def __init__(self) -> None:
        self.mapping: CompiledMapping | None = _COMPILED

    async def of(self, run: RunRef) -> CompiledMapping:
        if self.mapping is None:
            raise NotFoundError("mapping items is gone")
        return self.mapping


def mapping_handler(
    stage: Stage, mappings: OneMapping, commands: RunCommands, clock: Clock
) -> MappingHandler:
    """Return the handler of Normalize or Transform."""
    to, part = {
        Stage.NORMALIZE: (Stage.TRANSFORM, CompiledMapping.normalize),
        Stage.TRANSFORM: (Stage.EXECUTE, CompiledMapping.transform),
    }[stage]
    return MappingHandler(stage, to, part, mappings, commands, clock)
