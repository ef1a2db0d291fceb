"""What people configure, as it is written: profiles, mappings, instances, schedules.

Pure: comparing what is wanted with what is stored, and the rule that guards stored secrets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeAlias

import msgspec

from syncline.domain.errors import InvalidInputError, Problem
from syncline.domain.retry import RetryPolicy

MASK = "***"
"""Stands for a stored secret; given back unchanged, it keeps what is stored."""
_ADDRESS = re.compile(r"host|url|server|address|endpoint|port|proxy|dsn|tls|ssl|verify", re.I)


class Kind(StrEnum):
    """What a document configures."""

    PROFILE = "Profile"
    MAPPING = "Mapping"
    INSTANCE = "Instance"
    SCHEDULE = "Schedule"


class ProfileConfig(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A connection profile as it is written.

    Attributes:
        secrets: values by name; `MASK` keeps the stored value. Never shown.
        secret_sources: where each secret came from, `{"fromEnv": NAME}` or `{"fromFile": path}`.
    """

    name: str
    connector: str
    config: dict[str, Any] = {}
    secrets: dict[str, str] = {}
    secret_sources: dict[str, dict[str, str]] = {}
    active: bool = True
    max_concurrent: int = 10
    rate: float | None = None
    retry: RetryPolicy = RetryPolicy()

    def __repr__(self) -> str:
        return f"ProfileConfig({self.name!r}, {self.connector!r})"


class MappingConfig(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A mapping as it is written; `document` is spec section 6, with `entityType`."""

    name: str
    document: dict[str, Any]

    @property
    def entity_type(self) -> str:
        return str(self.document.get("entityType", "")).strip().lower()


class InstanceConfig(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An instance as it is written; profiles and mappings by their names."""

    name: str
    source: str
    target: str
    mappings: tuple[str, ...] = ()
    enabled: bool = True


class ScheduleConfig(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A schedule as it is written; its instance and entity type never change."""

    name: str
    instance: str
    entity_type: str
    cron: str
    timezone: str = "UTC"
    enabled: bool = True


Config: TypeAlias = ProfileConfig | MappingConfig | InstanceConfig | ScheduleConfig


class TenantConfiguration(msgspec.Struct, frozen=True):
    """A tenant's configuration, wanted or stored, by name."""

    profiles: dict[str, ProfileConfig] = {}
    mappings: dict[str, MappingConfig] = {}
    instances: dict[str, InstanceConfig] = {}
    schedules: dict[str, ScheduleConfig] = {}

    def items(self) -> Iterator[tuple[Kind, Config]]:
        """Yield everything, each kind after those it builds on."""
        yield from ((Kind.PROFILE, p) for p in self.profiles.values())
        yield from ((Kind.MAPPING, m) for m in self.mappings.values())
        yield from ((Kind.INSTANCE, i) for i in self.instances.values())
        yield from ((Kind.SCHEDULE, s) for s in self.schedules.values())

    def get(self, kind: Kind, name: str) -> Config | None:
        by_kind: dict[Kind, Mapping[str, Config]] = {
            Kind.PROFILE: self.profiles,
            Kind.MAPPING: self.mappings,
            Kind.INSTANCE: self.instances,
            Kind.SCHEDULE: self.schedules,
        }
        return by_kind[kind].get(name)


class Difference(msgspec.Struct, frozen=True, rename="camel"):
    """One value that differs; of secrets only that they do. `None`: it is not there."""

    path: str
    old: Any
    new: Any


class PlanStep(msgspec.Struct, frozen=True, rename="camel"):
    """What becomes of one document: `created`, `changed`, `unchanged` or `deleted`."""

    action: str
    kind: Kind
    name: str
    differences: tuple[Difference, ...] = ()


def compare(wanted: TenantConfiguration, stored: TenantConfiguration) -> list[PlanStep]:
    """Say what storing `wanted` would do; what it does not name is left alone."""
    return [_step(kind, config, stored.get(kind, config.name)) for kind, config in wanted.items()]


def version_step(name: str, before: dict[str, Any], after: dict[str, Any]) -> PlanStep:
    """Say what making another version of a mapping the active one changes."""
    wanted, stored = (MappingConfig(name=name, document=d) for d in (after, before))
    return _step(Kind.MAPPING, wanted, stored)


def _step(kind: Kind, wanted: Config, stored: Config | None) -> PlanStep:
    if stored is None:
        return PlanStep("created", kind, wanted.name)
    differences = tuple(_differences(wanted, stored))
    return PlanStep("changed" if differences else "unchanged", kind, wanted.name, differences)


def _differences(wanted: Config, stored: Config) -> Iterator[Difference]:
    new, old = flatten(_plain(wanted)), flatten(_plain(stored))
    for path in sorted(new.keys() | old.keys()):
        if not _same(new.get(path), old.get(path)):
            yield Difference(path, old.get(path), new.get(path))
    if isinstance(wanted, ProfileConfig) and isinstance(stored, ProfileConfig):
        yield from _secret_differences(wanted, stored)


def _secret_differences(wanted: ProfileConfig, stored: ProfileConfig) -> Iterator[Difference]:
    for name in sorted(wanted.secrets.keys() | stored.secrets.keys()):
        given, kept = wanted.secrets.get(name), stored.secrets.get(name)
        if given == MASK:
            continue
        if given != kept:
            shown = [None if value is None else MASK for value in (kept, given)]
            yield Difference(f"$.secrets.{name}", *shown)
        new, old = wanted.secret_sources.get(name), stored.secret_sources.get(name)
        if new != old and given is not None:
            yield Difference(f"$.secrets.{name}", old, new)


def _same(one: object, other: object) -> bool:
    return isinstance(one, bool) == isinstance(other, bool) and one == other


def _plain(config: Config) -> Any:  # noqa: ANN401 - plain JSON values
    if isinstance(config, MappingConfig):
        return config.document
    plain = msgspec.to_builtins(config, builtin_types=(Decimal,))
    return {n: v for n, v in plain.items() if n not in ("secrets", "secretSources")}


def flatten(value: Any, path: str = "$") -> dict[str, Any]:  # noqa: ANN401 - plain JSON values
    """Return the leaves of a JSON value by their paths; numbers by value, nulls left out."""
    if isinstance(value, Mapping) and value:
        return {k: v for n, c in value.items() for k, v in flatten(c, f"{path}.{n}").items()}
    if isinstance(value, list | tuple) and value:
        return {k: v for n, c in enumerate(value) for k, v in flatten(c, f"{path}[{n}]").items()}
    if value is None or (isinstance(value, Mapping | list | tuple) and not value):
        return {}
    if isinstance(value, float):
        return {path: Decimal(repr(value))}
    return {path: value}


def moved_addresses(wanted: ProfileConfig, stored: ProfileConfig) -> list[str]:
    """Name the settings that would send kept secrets elsewhere than they were given for.

    Who may edit a profile but not read its secrets could otherwise point it at a server of his
    own and collect them.
    """
    if MASK not in wanted.secrets.values():
        return []
    if wanted.connector != stored.connector:
        return ["$.connector"]
    new, old = flatten(wanted.config, "$.config"), flatten(stored.config, "$.config")
    changed = {path for path in new.keys() | old.keys() if not _same(new.get(path), old.get(path))}
    return sorted(path for path in changed if _ADDRESS.search(path))


def kept_secrets(
    config: ProfileConfig, stored: ProfileConfig | None
) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """Return the secrets to store and where they came from, masks replaced by what is stored.

    Raises:
        InvalidInputError: a mask has nothing to keep, or its secret would go to another address.
    """
    before = stored or ProfileConfig(name=config.name, connector=config.connector)
    masked = [name for name, value in config.secrets.items() if value == MASK]
    problems = [
        Problem(f"$.secrets.{name}", f"there is no stored secret that `{MASK}` could keep")
        for name in masked
        if name not in before.secrets
    ]
    if stored is not None:
        problems += [
            Problem(path, "an address changed: give the secrets again instead of keeping them")
            for path in moved_addresses(config, stored)
        ]
    if problems:
        raise InvalidInputError(problems)
    secrets = config.secrets | {name: before.secrets[name] for name in masked}
    old_sources = {n: before.secret_sources[n] for n in masked if n in before.secret_sources}
    return secrets, config.secret_sources | old_sources
