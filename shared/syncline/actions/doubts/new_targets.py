"""Doubts about targets that are others than those which were written to so far."""

from __future__ import annotations

from syncline.actions.doubts.doubt import Doubt, Matter
from syncline.connectors.registry import connector_class
from syncline.domain.configuration.documents import InstanceConfig, Kind
from syncline.domain.errors import Problem
from syncline.domain.mapping.validation import parse


async def new_target_doubts(matter: Matter) -> list[Doubt]:
    """Say which streams will write to another system, or table, than their ledgers are about."""
    known = await matter.store.ledger_systems(matter.tenant)
    doubts = []
    for instance in matter.instances():
        for mapping in instance.mappings:
            doubts += _of_stream(matter, instance, mapping, known)
    return doubts


def _of_stream(
    matter: Matter, instance: InstanceConfig, mapping: str, known: dict[tuple[str, str], str]
) -> list[Doubt]:
    profile = matter.configured.profiles.get(instance.target)
    stored = matter.configured.mappings.get(mapping)
    if profile is None or stored is None:
        return []
    document = parse(stored.document, stored=True)
    before = known.get((instance.name, document.entity_type), "")
    target = document.transformation.target
    now = connector_class(profile.connector).system_of(profile.config, target)
    if not before or not now or before == now:
        return []
    words = (
        f"`{instance.name} {document.entity_type}` has written to {before} so far and will write "
        f"to {now}: its next run begins a new ledger, in which no record is known to be there. "
        f"`syncline trigger {instance.name} {document.entity_type} --mode reset_cursor` sends "
        "every record; a run that is under way ends as failed"
    )
    at = (Kind.PROFILE, profile.name)
    if at not in matter.named:
        at = (Kind.MAPPING, mapping)
    return [matter.at(instance, *at, Problem("$", words))]
