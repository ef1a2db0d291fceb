"""The documents that people write: profiles, mappings, instances, schedules, hooks, subscriptions.

These classes are the only description of the documents: they check files and requests, the
published JSON Schemas are made of them, and stored configuration is read into them. The rules of a
mapping are in `domain.mapping.document`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Annotated, TypeAlias

import msgspec
from pydantic import AfterValidator, Field

from syncline.domain.document_fields import (
    CONFIG,
    EntityType,
    Number,
    Part,
    Settings,
    Switch,
    Text,
    Whole,
    checked_by,
)
from syncline.domain.failure_budget import FailureBudget
from syncline.domain.hook.signature import HookSignature, signature_problems
from syncline.domain.hook.source_ids import checked_path
from syncline.domain.naming import NAME
from syncline.domain.notification.subscription import SubscriptionConfig
from syncline.domain.record import JsonObject
from syncline.domain.retry import RetryPolicy
from syncline.domain.schedule.cron import parse_cron, parse_zone
from syncline.domain.secret_holder import SecretHolder
from syncline.domain.validation_errors import refused_as_part

MASK = "***"
"""In place of a stored secret; sent back, it keeps the stored one."""


_RETRY = RetryPolicy()


class Kind(StrEnum):
    """What a document configures."""

    PROFILE = "Profile"
    MAPPING = "Mapping"
    INSTANCE = "Instance"
    SCHEDULE = "Schedule"
    HOOK = "Hook"
    SUBSCRIPTION = "Subscription"


@dataclass(frozen=True, kw_only=True)
class Named:
    """The fields of every document."""

    __pydantic_config__ = CONFIG

    name: Annotated[
        str,
        Field(
            pattern=NAME,
            description="Unique in its kind: letters, digits, space, `.`, `_`, `-`; at most 100.",
        ),
    ]


@dataclass(frozen=True, kw_only=True)
class ProfileSettings(Named):
    """A connection profile without its secrets: how to reach one system."""

    connector: Annotated[Text, Field(description="Connector type, such as `postgresql`.")]
    config: Annotated[Settings, Field(description="The connector's settings, without secrets.")] = (
        field(default_factory=dict)
    )
    active: Annotated[Switch, Field(description="Whether instances may use it.")] = True
    max_concurrent: Annotated[
        Whole, Field(ge=1, le=100, description="Calls in flight, over all processes and runs.")
    ] = 10
    rate: Annotated[
        Number | None, Field(gt=0, le=100_000, description="Calls per second; none: no limit.")
    ] = None
    retry: Annotated[RetryPolicy, Field(description="How failures are tried again.")] = _RETRY

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, {self.connector!r})"


@dataclass(frozen=True, kw_only=True, repr=False)
class ProfileConfig(ProfileSettings, SecretHolder):
    """A connection profile with its secrets."""


@dataclass(frozen=True, kw_only=True)
class MappingConfig(Named):
    """A mapping; `document` is a `domain.mapping.document.Mapping` as it is written."""

    document: JsonObject

    @property
    def entity_type(self) -> str:
        return str(self.document.get("entityType", "")).strip().lower()


def checked_order(order: tuple[str, ...]) -> tuple[str, ...]:
    """Return an instance's order. Raises ValueError."""
    if len(order) == 1:
        raise ValueError("must name two entity types or more, or be left out")
    if len(set(order)) < len(order):
        raise ValueError("names an entity type twice")
    return order


@dataclass(frozen=True, kw_only=True)
class InstanceConfig(Named):
    """An instance: a source profile, a target profile, and a mapping for each entity type."""

    source: Annotated[Text, Field(description="Name of the source's profile.")]
    target: Annotated[Text, Field(description="Name of the target's profile.")]
    mappings: Annotated[
        tuple[str, ...],
        AfterValidator(lambda names: tuple(sorted(names))),
        Field(description="Names of mappings, one for each entity type."),
    ] = ()
    enabled: Annotated[Switch, Field(description="Whether it may run.")] = True
    order: Annotated[
        tuple[EntityType, ...],
        AfterValidator(checked_order),
        Field(
            description="Entity types whose whole runs follow one another, parents first. A run "
            "of the first begins a chain."
        ),
    ] = ()
    failure_budget: Annotated[
        FailureBudget | None,
        AfterValidator(lambda budget: None if budget == FailureBudget() else budget),
        Field(description="How many records of a run may fail until it waits for a person."),
    ] = None

    def parts(self) -> list[Name]:
        """Return the instance, its profiles and its mappings."""
        mappings = [(Kind.MAPPING, name) for name in self.mappings]
        profiles = [(Kind.PROFILE, self.source), (Kind.PROFILE, self.target)]
        return [(Kind.INSTANCE, self.name), *mappings, *profiles]


@dataclass(frozen=True, kw_only=True)
class ScheduleConfig(Named):
    """A schedule: when an instance syncs one of its entity types by itself."""

    instance: Annotated[Text, Field(description="Name of the instance; it never changes.")]
    entity_type: Annotated[EntityType, Field(description="Such as `item`; it never changes.")]
    cron: Annotated[
        Text,
        refused_as_part(lambda cron: parse_cron(cron, "$").text),
        Field(description="Minute, hour, day of month, month, day of week: `0 5 * * MON-FRI`."),
    ]
    timezone: Annotated[
        str,
        refused_as_part(lambda name: parse_zone(name, "$").key),
        Field(description="IANA time zone, such as `Europe/Berlin`."),
    ] = "UTC"
    enabled: Annotated[Switch, Field(description="Whether it fires.")] = True


@dataclass(frozen=True, kw_only=True)
class HookConfig(Named):
    """A hook: where a system tells which records of an instance have changed, so that they sync."""

    instance: Annotated[Text, Field(description="Name of the instance; it never changes.")]
    entity_type: Annotated[EntityType, Field(description="Such as `item`; it never changes.")]
    source_ids: Annotated[
        Text,
        AfterValidator(checked_path),
        Field(description="Path to the source IDs in what is received: `id`, `lines[].sku`."),
    ]
    signature: Annotated[
        Part[HookSignature],
        checked_by(signature_problems),
        Field(description="How the sender signs. Its secret is given apart from this document."),
    ]
    enabled: Annotated[
        Switch,
        Field(description="Whether runs come of what it receives, which is taken anyhow."),
    ] = True


Name: TypeAlias = tuple[Kind, str]
Config: TypeAlias = (
    ProfileConfig
    | MappingConfig
    | InstanceConfig
    | ScheduleConfig
    | HookConfig
    | SubscriptionConfig
)


class TenantConfiguration(msgspec.Struct, frozen=True):
    """A tenant's configuration, wanted or stored, by name."""

    profiles: dict[str, ProfileConfig] = {}
    mappings: dict[str, MappingConfig] = {}
    instances: dict[str, InstanceConfig] = {}
    schedules: dict[str, ScheduleConfig] = {}
    hooks: dict[str, HookConfig] = {}
    subscriptions: dict[str, SubscriptionConfig] = {}

    def of(self, kind: Kind) -> JsonObject:
        """Return the objects of a kind, by name."""
        found: JsonObject = getattr(self, f"{kind.lower()}s")
        return found

    def items(self) -> Iterator[tuple[Kind, Config]]:
        """Yield all objects, each kind after those that it uses."""
        for kind in Kind:
            yield from ((kind, config) for config in self.of(kind).values())

    def get(self, kind: Kind, name: str) -> Config | None:
        return self.of(kind).get(name)

    def __or__(self, other: TenantConfiguration) -> TenantConfiguration:
        """Return both together; the other's objects replace those of the same name."""
        return TenantConfiguration(*(self.of(kind) | other.of(kind) for kind in Kind))

    def without(self, names: Collection[Name]) -> TenantConfiguration:
        """Return it without some of its objects."""
        return TenantConfiguration(
            *(
                {n: config for n, config in self.of(kind).items() if (kind, n) not in names}
                for kind in Kind
            )
        )


@dataclass(frozen=True, kw_only=True, repr=False)
class Profile(ProfileSettings):
    """One system's address, credentials and limits; its secrets are decrypted: never show them."""

    id: str
    tenant: str
    secrets: dict[str, str]
    changed_at: datetime


class InstanceStatus(StrEnum):
    """Whether an instance may run."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    DEPENDENCY_INACTIVE = "dependency_inactive"


def status_of(
    *, enabled: bool, inactive_profiles: Sequence[str]
) -> tuple[InstanceStatus, str | None]:
    """Return an instance's status, and the cause where it cannot run."""
    if not enabled:
        return InstanceStatus.INACTIVE, "it was deactivated"
    if inactive_profiles:
        named = " and ".join(repr(name) for name in dict.fromkeys(inactive_profiles))
        verb = "are" if len(set(inactive_profiles)) > 1 else "is"
        return InstanceStatus.DEPENDENCY_INACTIVE, f"profile {named} {verb} Inactive"
    return InstanceStatus.ACTIVE, None
