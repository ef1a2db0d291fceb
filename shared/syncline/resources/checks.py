"""Checks that need more than one document: references, and what the connectors say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from syncline.connectors.port import Connector
from syncline.connectors.registry import connector_class
from syncline.domain.configuration.comparison import kept_secrets
from syncline.domain.configuration.documents import (
    HookConfig,
    InstanceConfig,
    Kind,
    MappingConfig,
    ProfileConfig,
    ScheduleConfig,
    TenantConfiguration,
)
from syncline.domain.errors import InvalidInputError, Problem
from syncline.domain.mapping.document import Mapping
from syncline.domain.mapping.validation import parse
from syncline.domain.naming import meant, shown
from syncline.domain.notification.subscription import SubscriptionConfig
from syncline.domain.validation_errors import below, document_name
from syncline.resources.loader import DocumentSet, Mistake
from syncline.resources.subscriptions import subscription_problems
from syncline.security.hook_signatures import rsa_key
from syncline.telemetry.masking import Secrets

_FIXED = {
    MappingConfig: (Kind.MAPPING, ("entity_type",), "give the mapping another name"),
    ScheduleConfig: (Kind.SCHEDULE, ("instance", "entity_type"), "make another schedule"),
    HookConfig: (Kind.HOOK, ("instance", "entity_type"), "make another hook"),
}
"""What never changes in a document, and what to do instead."""


def check(loaded: DocumentSet, stored: TenantConfiguration) -> list[Mistake]:
    """Return every mistake: those of the files, and those that show against what is stored.

    A value that the files could not say (a secret whose variable is not set) is not missing, too.
    """
    found = list(loaded.mistakes)
    unread = {(mistake.document, mistake.path) for mistake in found}
    for mistake in _Checker(loaded, stored).all():
        if mistake not in found and (mistake.document, mistake.path) not in unread:
            found.append(mistake)
    return found


def profile_problems(
    connector: type[Connector], profile: ProfileConfig, secrets: dict[str, str]
) -> list[Problem]:
    """Return what a connector says of a profile's settings; a secret among them is masked.

    A driver that is not installed is a problem of `$.connector`.
    """
    missing = connector.driver.missing() if connector.driver else None
    known = Secrets()
    known.know(secrets.values())
    found = connector.config_problems(profile.config, secrets)
    own = [Problem("$.connector", missing)] if missing else []
    return own + [Problem(problem.path, known.mask(problem.message)) for problem in found]


class _Checker:
    """Checks what the files would make of the stored configuration."""

    def __init__(self, loaded: DocumentSet, stored: TenantConfiguration) -> None:
        self._loaded = loaded
        self._stored = stored
        self._profiles = stored.profiles | loaded.profiles
        self._mappings = stored.mappings | loaded.mappings
        self._instances = stored.instances | loaded.instances

    def all(self) -> Iterator[Mistake]:
        yield from self._each(Kind.PROFILE, self._profile)
        yield from self._each(Kind.MAPPING, self._fixed)
        for instance in self._instances.values():
            if any(part in self._loaded.locations for part in instance.parts()):
                yield from self._instance(instance)
        yield from self._each(Kind.SCHEDULE, self._of_stream)
        yield from self._each(Kind.HOOK, self._hook)
        yield from self._each(Kind.SUBSCRIPTION, self._subscription)

    def _each(self, kind: Kind, find: Callable[[Any], Iterator[Problem]]) -> Iterator[Mistake]:
        for name, config in self._loaded.of(kind).items():
            for problem in find(config):
                yield self._at(kind, name, problem)

    def _at(self, kind: Kind, name: str, problem: Problem) -> Mistake:
        return self._loaded.locations[kind, name].mistake(problem.path, problem.message)

    def _profile(self, profile: ProfileConfig) -> Iterator[Problem]:
        try:
            secrets, _ = kept_secrets(profile, self._stored.profiles.get(profile.name))
            kind = connector_class(profile.connector)
        except InvalidInputError as error:
            yield from error.problems
            return
        yield from profile_problems(kind, profile, secrets)

    def _fixed(self, config: MappingConfig | ScheduleConfig | HookConfig) -> Iterator[Problem]:
        """Refuse to change what never changes."""
        kind, names, remedy = _FIXED[type(config)]
        before = self._stored.get(kind, config.name) or config
        for name in names:
            if getattr(before, name) != getattr(config, name):
                message = f"cannot change from {getattr(before, name)!r}: {remedy}"
                yield Problem(f"$.{document_name(name)}", message)

    def _of_stream(self, config: ScheduleConfig | HookConfig) -> Iterator[Problem]:
        """Refuse what would start runs of an instance or an entity type that is not there."""
        yield from self._fixed(config)
        instance = self._instances.get(config.instance)
        if instance is None:
            if not self._is_broken(Kind.INSTANCE, config.instance):
                yield Problem("$.instance", _none("instance", config.instance, self._instances))
            return
        known = {self._mappings[n].entity_type for n in instance.mappings if n in self._mappings}
        if config.entity_type not in known:
            has = ", ".join(sorted(known)) or "none"
            message = f"instance {instance.name!r} has no {config.entity_type!r}; it has: {has}"
            yield Problem("$.entityType", message)

    def _hook(self, hook: HookConfig) -> Iterator[Problem]:
        yield from self._of_stream(hook)
        if hook.signature.public_key is not None:
            try:
                rsa_key(hook.signature.public_key)
            except InvalidInputError as error:
                yield from below("$.signature", error.problems)

    def _subscription(self, config: SubscriptionConfig) -> Iterator[Problem]:
        yield from subscription_problems(config, self._stored.subscriptions.get(config.name))
        for place, name in enumerate(config.instances):
            if name not in self._instances and not self._is_broken(Kind.INSTANCE, name):
                message = _none("instance", name, self._instances)
                yield Problem(f"$.instances[{place}]", message)

    def _instance(self, instance: InstanceConfig) -> Iterator[Mistake]:
        for find in (self._references, self._directions, self._doubles, self._order):
            for problem in find(instance):
                yield self._of_instance(instance, problem)
        for name in instance.mappings:
            if name in self._mappings:
                yield from self._mapping(instance, name)

    def _of_instance(self, instance: InstanceConfig, problem: Problem) -> Mistake:
        """Blame the instance, or the file that breaks an instance which is stored already."""
        locations = self._loaded.locations
        at = next(locations[part] for part in instance.parts() if part in locations)
        if (Kind.INSTANCE, instance.name) in locations:
            return at.mistake(problem.path, problem.message)
        return at.mistake("$", f"instance {instance.name!r} uses it: {problem.message}")

    def _references(self, instance: InstanceConfig) -> Iterator[Problem]:
        for side in ("source", "target"):
            name = getattr(instance, side)
            if name not in self._profiles and not self._is_broken(Kind.PROFILE, name):
                yield Problem(f"$.{side}", _none("profile", name, self._profiles))
        for name in instance.mappings:
            if name not in self._mappings and not self._is_broken(Kind.MAPPING, name):
                yield Problem("$.mappings", _none("mapping", name, self._mappings))

    def _order(self, instance: InstanceConfig) -> Iterator[Problem]:
        known = {self._mappings[n].entity_type for n in instance.mappings if n in self._mappings}
        if len(known) < len(instance.mappings):
            return  # a mapping is named that is not there, which counts first
        for place, entity_type in enumerate(instance.order):
            if entity_type not in known:
                message = f"is none of its entity types: {', '.join(sorted(known)) or 'none'}"
                yield Problem(f"$.order[{place}]", f"{entity_type!r} {message}")

    def _is_broken(self, kind: Kind, name: str) -> bool:
        """Tell whether the document is there and has mistakes of its own."""
        return any(m.document == f"{kind} {name}" for m in self._loaded.mistakes)

    def _directions(self, instance: InstanceConfig) -> Iterator[Problem]:
        for side in ("source", "target"):
            kind = self._connector(getattr(instance, side))
            if kind is not None and not getattr(kind.capabilities, side):
                name = self._profiles[getattr(instance, side)].connector
                yield Problem(f"$.{side}", f"the connector {name!r} cannot be a {side}")

    def _doubles(self, instance: InstanceConfig) -> Iterator[Problem]:
        """Refuse two mappings for one entity type."""
        taken: dict[str, str] = {}
        for name in filter(self._mappings.__contains__, instance.mappings):
            entity_type = self._mappings[name].entity_type
            if entity_type in taken:
                both = f"{taken[entity_type]!r} and {name!r}"
                yield Problem("$.mappings", f"{both} are both for entity type {entity_type!r}")
            taken[entity_type] = name

    def _mapping(self, instance: InstanceConfig, name: str) -> Iterator[Mistake]:
        is_stored = (Kind.MAPPING, name) not in self._loaded.locations
        mapping = parse(self._mappings[name].document, stored=is_stored)
        for problem in self._connectors_words(instance, mapping):
            if (Kind.MAPPING, name) in self._loaded.locations:
                yield self._at(Kind.MAPPING, name, problem)
            else:
                told = Problem("$", f"mapping {name!r}: {problem.path}: {problem.message}")
                yield self._of_instance(instance, told)

    def _connectors_words(self, instance: InstanceConfig, mapping: Mapping) -> Iterator[Problem]:
        source, target = self._connector(instance.source), self._connector(instance.target)
        if source is not None:
            yield from source.extraction_problems(mapping.extraction)
        if target is not None:
            found = target.target_problems(mapping.transformation.target)
            yield from found
            yield from _key_problems(target, mapping)
            if not found:
                yield from _on_create_problems(target, mapping)
            yield from _verify_problems(target, mapping)

    def _connector(self, profile: str) -> type[Connector] | None:
        try:
            return connector_class(self._profiles[profile].connector)
        except (KeyError, InvalidInputError):
            return None  # said already


def _key_problems(target: type[Connector], mapping: Mapping) -> Iterator[Problem]:
    """Refuse a match key of several paths where the target cannot find a record by it."""
    if len(mapping.transformation.match_key) > 1 and not target.capabilities.composite_key:
        message = "this target finds a record by one path alone; lists are for SQL targets"
        yield Problem("$.transformation.matchKey", message)


def _on_create_problems(target: type[Connector], mapping: Mapping) -> Iterator[Problem]:
    """Name what of `onCreate` does not go with the target block."""
    part = mapping.transformation
    message = target.on_create_problem(part.target, part.on_create)
    if message is not None:
        yield Problem("$.transformation.onCreate", message)


def _verify_problems(target: type[Connector], mapping: Mapping) -> Iterator[Problem]:
    """Refuse `verify` where the target cannot tell what it holds."""
    if mapping.transformation.verify and not target.capabilities.read_back:
        message = f"the connector {target.title} cannot look up what it wrote: leave it out"
        yield Problem("$.transformation.verify", message)


def _none(kind: str, name: str, known: Iterable[str]) -> str:
    return f"there is no {kind} {shown(name)}{meant(name, known, 3)}"
