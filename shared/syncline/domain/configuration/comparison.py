"""Compares documents with what is stored: what `apply` would do, which secrets stay."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal

import msgspec

from syncline.domain.configuration.documents import (
    MASK,
    Config,
    Kind,
    MappingConfig,
    ProfileConfig,
    TenantConfiguration,
)
from syncline.domain.document_fields import plain
from syncline.domain.errors import InvalidInputError, Problem
from syncline.domain.record import JsonObject
from syncline.domain.secret_holder import SecretHolder


class Difference(msgspec.Struct, frozen=True, rename="camel"):
    """One value that differs, `None` where it is missing; values of secrets are not shown."""

    path: str
    old: object
    new: object


class PlanStep(msgspec.Struct, frozen=True, rename="camel"):
    """What happens to one document: `created`, `changed`, `unchanged` or `deleted`."""

    action: str
    kind: Kind
    name: str
    differences: tuple[Difference, ...] = ()


def compare(wanted: TenantConfiguration, stored: TenantConfiguration) -> list[PlanStep]:
    """Return what storing `wanted` would do; objects that it does not name stay as they are."""
    return [step_of(kind, config, stored.get(kind, config.name)) for kind, config in wanted.items()]


def version_step(name: str, before: JsonObject, after: JsonObject) -> PlanStep:
    """Return what changes if another version of a mapping becomes active."""
    wanted, stored = (MappingConfig(name=name, document=d) for d in (after, before))
    return step_of(Kind.MAPPING, wanted, stored)


def step_of(kind: Kind, wanted: Config, stored: Config | None) -> PlanStep:
    """Return what storing one object would do."""
    if stored is None:
        return PlanStep("created", kind, wanted.name)
    differences = tuple(_differences(wanted, stored))
    return PlanStep("changed" if differences else "unchanged", kind, wanted.name, differences)


def _differences(wanted: Config, stored: Config) -> Iterator[Difference]:
    new, old = flatten(_plain(wanted)), flatten(_plain(stored))
    for path in sorted(new.keys() | old.keys()):
        if not is_same(new.get(path), old.get(path)):
            yield Difference(path, old.get(path), new.get(path))
    if isinstance(wanted, SecretHolder) and isinstance(stored, SecretHolder):
        yield from _secret_differences(wanted, stored)


def _secret_differences(wanted: SecretHolder, stored: SecretHolder) -> Iterator[Difference]:
    for name in sorted(wanted.secrets.keys() | stored.secrets.keys()):
        given, kept = wanted.secrets.get(name), stored.secrets.get(name)
        if given == MASK or (given is None and name in wanted.made_secrets):
            continue
        if given != kept:
            shown = [None if value is None else MASK for value in (kept, given)]
            yield Difference(f"$.secrets.{name}", *shown)
        new, old = wanted.secret_sources.get(name), stored.secret_sources.get(name)
        if new != old and given is not None:
            yield Difference(f"$.secrets.{name}", old, new)


def is_same(one: object, other: object) -> bool:
    """Tell whether two plain values are equal; `true` is not 1."""
    return isinstance(one, bool) == isinstance(other, bool) and one == other


def _plain(config: Config) -> JsonObject:
    if isinstance(config, MappingConfig):
        return config.document
    return {n: v for n, v in plain(config).items() if n not in ("secrets", "secretSources")}


def flatten(value: object, path: str = "$") -> JsonObject:
    """Return the leaves of a JSON value by path, without nulls; equal numbers are one value."""
    if isinstance(value, Mapping) and value:
        return {k: v for n, c in value.items() for k, v in flatten(c, f"{path}.{n}").items()}
    if isinstance(value, list | tuple) and value:
        return {k: v for n, c in enumerate(value) for k, v in flatten(c, f"{path}[{n}]").items()}
    if value is None or (isinstance(value, Mapping | list | tuple) and not value):
        return {}
    if isinstance(value, float):
        return {path: Decimal(repr(value))}
    return {path: value}


_ADDRESS = re.compile(
    r"host|url|server|address|endpoint|port|proxy|dsn|shop|tls|ssl|verify|cafile|\.auth$", re.I
)
"""In the name of a setting that says where secrets are sent, or how safely they get there. A test
asks for each setting of each connector which of both it is."""


def addresses_of(config: Mapping[str, object]) -> dict[str, object]:
    """Return the settings of a profile that say where it leads, by path."""
    return {path: v for path, v in flatten(config, "$").items() if _ADDRESS.search(path)}


def moved_addresses(wanted: ProfileConfig, stored: ProfileConfig) -> list[str]:
    """Return the changed settings that would send stored secrets to another address.

    A person may edit a profile without being able to read its secrets, and must not get them so.
    """
    if MASK not in wanted.secrets.values():
        return []
    if wanted.connector != stored.connector:
        return ["$.connector"]
    new, old = flatten(wanted.config, "$.config"), flatten(stored.config, "$.config")
    addresses = sorted(path for path in new.keys() | old.keys() if _ADDRESS.search(path))
    return [path for path in addresses if not is_same(new.get(path), old.get(path))]


def kept_secrets(
    config: SecretHolder, stored: SecretHolder | None
) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """Return the secrets to store and their origins; stored secrets replace masks.

    Raises InvalidInputError where there is no stored one, or it would go to another address.
    """
    before = stored or SecretHolder()
    masked = [name for name, value in config.secrets.items() if value == MASK]
    problems = [
        Problem(f"$.secrets.{name}", f"there is no stored secret that `{MASK}` could keep")
        for name in masked
        if name not in before.secrets
    ]
    if isinstance(config, ProfileConfig) and isinstance(stored, ProfileConfig):
        problems += [
            Problem(path, "an address changed: give the secrets again instead of keeping them")
            for path in moved_addresses(config, stored)
        ]
    if problems:
        raise InvalidInputError(problems)
    made = [n for n in config.made_secrets if n in before.secrets and n not in config.secrets]
    secrets = config.secrets | {name: before.secrets[name] for name in masked + made}
    old_sources = {n: before.secret_sources[n] for n in masked if n in before.secret_sources}
    return secrets, config.secret_sources | old_sources
