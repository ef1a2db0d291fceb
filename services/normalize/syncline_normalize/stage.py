"""Normalize: takes batches from `raw`, gives batches to `canonical`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from syncline.contracts.topics import Stage
from syncline.domain.mapping.engine.compiler import CompiledMapping
from syncline.runtime.mapping.forwarder import Made
from syncline.runtime.mapping.handler import MappingStage


class NormalizeStage(MappingStage):
    """Raw fields to canonical properties."""

    stage = Stage.NORMALIZE
    next = Stage.TRANSFORM

    def map(self, mapping: CompiledMapping, records: Sequence[dict[str, Any]]) -> Made:
        return mapping.normalize(records)
