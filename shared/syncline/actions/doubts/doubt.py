"""Doubts: what is allowed and still probably not meant. A check refuses, a doubt only warns.

A question is a function that takes a `Matter` and asks whoever may know: the documents alone, a
source, a target, the ledger. `review` asks them all.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import TypeAlias

import msgspec

from syncline.connectors.port import Surroundings
from syncline.domain.configuration.comparison import PlanStep
from syncline.domain.configuration.documents import InstanceConfig, Kind, TenantConfiguration
from syncline.domain.errors import Problem
from syncline.domain.mapping.validation import parse
from syncline.domain.mapping.warnings import warnings
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
        store: of the tenant's configuration.
        surroundings: what connectors may reach.
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
            if self.named & set(_parts(instance)):
                yield instance

    def at(self, instance: InstanceConfig, kind: Kind, name: str, problem: Problem) -> Doubt:
        """Place a doubt at its document, or at the named one by which the instance is asked."""
        if (kind, name) in self.named:
            return Doubt(kind, name, problem)
        place = next(part for part in _parts(instance) if part in self.named)
        words = f"instance {instance.name!r} uses {kind.lower()} {name!r}"
        return Doubt(*place, Problem("$", f"{words}: {problem.path}: {problem.message}"))


def _parts(instance: InstanceConfig) -> list[tuple[Kind, str]]:
    parts = [(Kind.INSTANCE, instance.name)]
    parts += [(Kind.MAPPING, name) for name in instance.mappings]
    return [*parts, (Kind.PROFILE, instance.source), (Kind.PROFILE, instance.target)]


Question: TypeAlias = Callable[[Matter], Awaitable[list[Doubt]]]


async def mapping_doubts(matter: Matter) -> list[Doubt]:
    """Say what shows in the named mappings alone."""
    return [
        Doubt(Kind.MAPPING, name, problem)
        for name, mapping in matter.configured.mappings.items()
        if (Kind.MAPPING, name) in matter.named
        for problem in warnings(parse(mapping.document))
    ]
