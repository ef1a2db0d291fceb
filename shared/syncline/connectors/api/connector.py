"""The base of connectors to one vendor's API: the HTTP connector, told in the vendor's words."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, ClassVar

from syncline.connectors import port, settings
from syncline.connectors.api.entities import (
    ENTITY,
    Entity,
    EntityTarget,
    addition_problems,
    entity_problem,
    sources,
    targets,
    with_additions,
    with_bulk_size,
)
from syncline.connectors.errors import refusal
from syncline.connectors.http import HttpConnector
from syncline.connectors.http.settings.extraction import extraction_problems
from syncline.connectors.http.settings.fields import Whole
from syncline.connectors.http.settings.profile import MEGABYTE, SECRETS, HttpSettings, Timeouts
from syncline.domain.errors import Problem
from syncline.domain.mapping.extraction import Extraction


class ApiSettings(settings.ConnectorSettings):
    """A profile of a vendor's API, in the vendor's words, with what all have in common."""

    timeouts: Timeouts = settings.advanced(Timeouts(), "Time-outs")
    max_answer_bytes: Whole = settings.advanced(
        32 * MEGABYTE, "Largest answer in bytes", ge=1000, le=1000 * MEGABYTE
    )
    ca_file: str | None = settings.advanced(None, "Own CA")
    """Path of a file, where the issuer is not generally known. Certificates are always verified."""

    def http(self) -> dict[str, Any]:
        """Return it as a profile of the HTTP connector; a subclass adds address and login."""
        return {
            "timeouts": self.timeouts,
            "maxAnswerBytes": self.max_answer_bytes,
            "caFile": self.ca_file,
        }


class ApiConnector(HttpConnector):
    """One vendor's API: its profile and its entity types are data, its traps are overridden calls.

    Attributes:
        profile_settings: a subclass of ApiSettings.
        secret_names: secret of a login of the HTTP connector -> its name in this one's profiles.
        entities: name -> how it is read and written.
        extraction_options: what a mapping may say in `extraction.options`.
    """

    profile_settings: ClassVar[type[settings.ConnectorSettings]] = ApiSettings
    target_settings: ClassVar[type[settings.ConnectorSettings]] = EntityTarget
    secret_names: ClassVar[Mapping[str, str]] = {}
    entities: ClassVar[Mapping[str, Entity]] = {}
    extraction_options: ClassVar[frozenset[str]] = frozenset({ENTITY})

    @classmethod
    def settings_of(cls, config: Mapping[str, object]) -> HttpSettings:
        """Return a profile as one of the HTTP connector. Raises ConnectorError on a mistake."""
        own = settings.read_profile(cls.profile_settings, config)
        if not isinstance(own, ApiSettings):
            raise TypeError(f"{cls.profile_settings} is no ApiSettings")
        return settings.read_profile(HttpSettings, own.http())

    @classmethod
    def secrets_of(cls, secrets: Mapping[str, str]) -> Mapping[str, str]:
        """Return a profile's secrets by the names that its login knows."""
        names = {own: name for name, own in cls.secret_names.items()}
        return {names.get(own, own): value for own, value in secrets.items()}

    @classmethod
    def config_problems(
        cls, config: Mapping[str, object], secrets: Mapping[str, str]
    ) -> list[Problem]:
        """Name every mistake of a profile's settings."""
        found = settings.problems(cls.profile_settings, config, "$.config")
        found += settings.problems(cls.profile_secrets, secrets, "$.secrets", "secret")
        if found:
            return found
        wanted = SECRETS.get(cls.settings_of(config).auth.type)
        own = cls.secret_names.get(wanted, wanted) if wanted else None
        if own and not secrets.get(own):
            return [Problem(f"$.secrets.{own}", "is required")]
        return [
            Problem(f"$.secrets.{name}", "must be ASCII text on one line")
            for name, value in sorted(secrets.items())
            if not value.isascii() or any(c in value for c in "\r\n\0")
        ]

    @classmethod
    def extraction_problems(cls, extraction: Extraction) -> list[Problem]:
        """Name every mistake of a mapping's extraction block."""
        name, ready = extraction.options.get(ENTITY), sources(cls.entities)
        problem = entity_problem(name, ready, "$.extraction.options")
        if problem is not None:
            return [problem]
        entity, block = cls.entities[str(name)], ready[str(name)]
        known = cls.extraction_options
        found = list(addition_problems(str(name), entity, block, extraction, known))
        return found or extraction_problems(cls.source_block(extraction))

    @classmethod
    def target_problems(cls, target: Mapping[str, object]) -> list[Problem]:
        """Name every mistake of a mapping's target block."""
        problem = entity_problem(target.get(ENTITY), targets(cls.entities), settings.TARGET)
        found = super().target_problems(target)
        return found if problem is None else [problem, *found][:1]

    @classmethod
    def source_block(cls, extraction: Extraction) -> Extraction:
        """Return the ready extraction of an entity type, with what the mapping adds."""
        name, ready = extraction.options.get(ENTITY), sources(cls.entities)
        problem = entity_problem(name, ready, "$.extraction.options")
        if problem is not None:
            raise refusal("invalid_mapping", f"{problem.path}: {problem.message}")
        return with_additions(ready[str(name)], extraction)

    @classmethod
    def target_block(cls, options: Mapping[str, object]) -> Mapping[str, object]:
        """Return the ready target block of an entity type, with what the mapping adds."""
        problem = entity_problem(options.get(ENTITY), targets(cls.entities), settings.TARGET)
        if problem is not None:
            raise refusal("invalid_mapping", f"{problem.path}: {problem.message}")
        given = settings.read(cls.target_settings, options, settings.TARGET)
        block = deepcopy(targets(cls.entities)[str(options[ENTITY])])
        return with_bulk_size(block, given) if isinstance(given, EntityTarget) else block

    async def lookup(self, batch: port.WriteBatch) -> port.LookupResult:
        """Find records by match key."""
        self._check_match_key(batch)
        return await super().lookup(batch)

    async def write(self, batch: port.WriteBatch) -> port.WriteResult:
        """Create or update records."""
        self._check_match_key(batch)
        return await super().write(batch)

    def _check_match_key(self, batch: port.WriteBatch) -> None:
        name = str(batch.options.get(ENTITY))
        wanted = self.entities[name].match_key if name in self.entities else ""
        if wanted and batch.match_key != (wanted,):
            message = f"`transformation.matchKey` must be `{wanted}` for {name}"
            raise refusal("invalid_mapping", message)
