"""Doubts about records written before: a new mapping version reaches only what is read again."""

from __future__ import annotations

from syncline.actions.doubts.doubt import Doubt, Matter
from syncline.domain.configuration.comparison import PlanStep
from syncline.domain.configuration.documents import Kind
from syncline.domain.errors import Problem
from syncline.domain.mapping.validation import parse

MOST = 1_000_000
"""Records that are counted; above that it is said that there are more."""
_MAKES = ("$.normalization.", "$.transformation.")
_SENDS = ("$.transformation.smartSync", "$.transformation.matchKey")


async def old_form_doubts(matter: Matter) -> list[Doubt]:
    """Say how many records keep the form that an older version gave them, and the remedy."""
    doubts = []
    for step in matter.steps:
        if step.kind is Kind.MAPPING and (step.kind, step.name) in matter.named and _remakes(step):
            doubts += await _of_mapping(matter, step.name)
    return doubts


def _remakes(step: PlanStep) -> bool:
    """Tell whether a new version may make another payload of the same source row."""
    return step.action == "changed" and any(
        difference.path.startswith(_MAKES) and not difference.path.startswith(_SENDS)
        for difference in step.differences
    )


async def _of_mapping(matter: Matter, name: str) -> list[Doubt]:
    mapping = parse(matter.configured.mappings[name].document, stored=True)
    if mapping.extraction.cursor_column is None:
        return []  # each run reads everything
    count = await matter.store.written_by(matter.tenant, name, MOST)
    if not count:
        return []
    commands = " or ".join(
        f"`syncline trigger {instance.name} {mapping.entity_type} --mode reset_cursor`"
        for instance in matter.configured.instances.values()
        if name in instance.mappings
    )
    number = f"{count:,}" if count <= MOST else f"more than {MOST:,}"
    words = f"{number} records keep their old form until they change at the source"
    remedy = f"run with mode reset_cursor to bring them up to date: {commands}"
    return [Doubt(Kind.MAPPING, name, Problem("$", f"{words}; {remedy}"))]
