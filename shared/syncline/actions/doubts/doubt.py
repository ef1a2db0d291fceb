"""Doubts: what is allowed and still probably not meant. A check refuses, a doubt only warns."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import TypeAlias

import msgspec

from syncline.connectors.port import Surroundings
from syncline.domain.configuration.comparison import PlanStep
from syncline.domain.configuration.documents import InstanceConfig, Kind, TenantConfiguration
from syncline.domain.errors import Problem
from syncline.domain.mapping.validation import parse, warnings
from syncline.postgres.configuration.changes import ConfigurationStore


class Doubt(msgspec.Struct, frozen=True):
    """A warning about one document; `problem.path` is a location in it."""

    kind: Kind
    name: str
    problem: Problem


class Matter(msgspec.Struct, frozen=True):
    """The documents that doubts are looked for in, and what they are compared with.

    Attributes:
        named: the documents that somebody stores, by kind and name: doubts stand at these.
        configured: everything as it is once they are stored, secrets decrypted.
        steps: what storing them changes.
    """

    tenant: str
    named: frozenset[tuple[Kind, str]]
    configured: TenantConfiguration
    steps: Sequence[PlanStep]
    store: ConfigurationStore
    surroundings: Surroundings

    def instances(self) -> Iterator[InstanceConfig]:
        """Yield the instances that are named, or made of something that is."""
        for instance in self.configured.instances.values():
            if self.named & set(instance.parts()):
                yield instance

    def at(self, instance: InstanceConfig, kind: Kind, name: str, problem: Problem) -> Doubt:
        """Place a doubt at its document, or at the named one by which the instance is asked."""
        if (kind, name) in self.named:
            return Doubt(kind, name, problem)
        place = next(part for part in instance.parts() if part in self.named)
        words = f"instance {instance.name!r} uses {kind.lower()} {name!r}"
        return Doubt(*place, Problem("$", f"{words}: {problem.path}: {problem.message}"))


Question: TypeAlias = Callable[[Matter], Awaitable[list[Doubt]]]


async def answers(
    questions: Sequence[Callable[[], Awaitable[list[Doubt]]]], at_once: int
) -> list[Doubt]:
    """Ask so many questions side by side; return the doubts of all, in the questions' order."""
    room = asyncio.Semaphore(at_once)

    async def ask(question: Callable[[], Awaitable[list[Doubt]]]) -> list[Doubt]:
        async with room:
            return await question()

    async with asyncio.TaskGroup() as group:
        asked = [group.create_task(ask(question)) for question in questions]
    return [doubt for task in asked for doubt in task.result()]


async def mapping_doubts(matter: Matter) -> list[Doubt]:
    """Say what shows in the named mappings alone."""
    return [
        Doubt(Kind.MAPPING, name, problem)
        for name, mapping in matter.configured.mappings.items()
        if (Kind.MAPPING, name) in matter.named
        for problem in warnings(parse(mapping.document))
    ]


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
