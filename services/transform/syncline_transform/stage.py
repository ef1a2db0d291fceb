"""Transform: takes batches from `canonical`, gives batches to `payload`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from syncline.contracts.topics import Stage
from syncline.domain.mapping.engine.compiler import CompiledMapping
from syncline.runtime.mapping.forwarder import Made
from syncline.runtime.mapping.handler import MappingStage


class TransformStage(MappingStage):
    """Canonical properties to the target's payload."""

    stage = Stage.TRANSFORM
    next = Stage.EXECUTE

    def map(self, mapping: CompiledMapping, records: Sequence[dict[str, Any]]) -> Made:
        return mapping.transform(records)
