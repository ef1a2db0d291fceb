"""Files into wanted configuration, with every mistake of every file and the line it stands in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from pydantic import BaseModel, ValidationError

from syncline.domain.configuration.documents import (
    MASK,
    Config,
    InstanceConfig,
    Kind,
    MappingConfig,
    ProfileConfig,
    ScheduleConfig,
    TenantConfiguration,
)
from syncline.domain.errors import InvalidInputError
from syncline.domain.mapping.validation import parse
from syncline.domain.naming import meant, shown
from syncline.domain.retry import RetryPolicy
from syncline.domain.schedule.preview import parse_cadence
from syncline.domain.validation_errors import problems_of
from syncline.resources.documents import (
    Document,
    FromEnv,
    FromFile,
    InstanceDocument,
    ProfileDocument,
    ScheduleDocument,
)
from syncline.resources.files import parse_json, texts
from syncline.resources.mistakes import DocumentLocation, InvalidFilesError, Mistake
from syncline.resources.yaml_core import ParsedDocument, YamlError, read_all

_M = TypeVar("_M", bound=BaseModel)
_OWN = ("apiVersion", "kind", "name")


class DocumentSet(msgspec.Struct):
    """What the files hold, as far as it could be read."""

    profiles: dict[str, ProfileConfig] = {}
    mappings: dict[str, MappingConfig] = {}
    instances: dict[str, InstanceConfig] = {}
    schedules: dict[str, ScheduleConfig] = {}
    sources: dict[tuple[Kind, str], DocumentLocation] = {}
    mistakes: list[Mistake] = []

    @property
    def wanted(self) -> TenantConfiguration:
        return TenantConfiguration(self.profiles, self.mappings, self.instances, self.schedules)


def load(paths: Sequence[str], environ: Mapping[str, str]) -> DocumentSet:
    """Read files and folders of files; `-` is standard input.

    Args:
        environ: where secrets by reference are looked up.

    Raises:
        InvalidFilesError: there is nothing to read. Mistakes inside are in the answer.
    """
    loaded = DocumentSet()
    for file, text in texts(paths):
        try:
            documents = parse_json(text) if file.endswith(".json") else read_all(text)
        except YamlError as error:
            loaded.mistakes.append(Mistake(file, error.line, "the file", "$", str(error)))
            continue
        for number, located in enumerate(documents, 1):
            _Reader(loaded, file, number, located, environ).read()
    if not loaded.sources and not loaded.mistakes:
        raise InvalidFilesError(
            [Mistake(", ".join(paths), None, "the files", "$", "hold no document")]
        )
    return loaded


def load_document(kind: Kind, body: Mapping[str, Any]) -> DocumentSet:
    """Read one document that came by itself, not in a file; mistakes are in the answer.

    References to secrets find nothing: who sends it must not learn what stands in files here.
    """
    loaded = DocumentSet()
    located = ParsedDocument(dict(body) | {"kind": kind.value}, {})
    _Reader(loaded, "the request", 1, located, {}).read()
    return loaded


class _Reader:
    """Reads one document into `loaded`."""

    def __init__(
        self,
        loaded: DocumentSet,
        file: str,
        number: int,
        located: ParsedDocument,
        environ: Mapping[str, str],
    ) -> None:
        self._loaded = loaded
        self._located = located
        self._environ = environ
        self._body = located.value if isinstance(located.value, dict) else {}
        self._kind = self._body.get("kind")
        name = self._body.get("name")
        titled = isinstance(self._kind, str) and isinstance(name, str)
        title = f"{self._kind} {name}" if titled else f"document {number}"
        self._source = DocumentLocation(file, title, located.lines)

    def read(self) -> None:
        known = {kind.value: kind for kind in Kind}
        if not isinstance(self._located.value, dict):
            self._mistake("$", f"must be an object, not {shown(self._located.value)}")
            return
        if not isinstance(self._kind, str) or self._kind not in known:
            names = ", ".join(known)
            said = f"must be one of {names}, not {shown(self._kind)}{meant(self._kind, known)}"
            self._mistake("$.kind", said if self._kind else f"is required: one of {names}")
            return
        kind = known[self._kind]
        config = {
            Kind.PROFILE: self._profile,
            Kind.MAPPING: self._mapping,
            Kind.INSTANCE: self._instance,
            Kind.SCHEDULE: self._schedule,
        }[kind]()
        if config is not None:
            self._keep(kind, config)

    def _mistake(self, path: str, message: str) -> None:
        self._loaded.mistakes.append(self._source.mistake(path, message))

    def _keep(self, kind: Kind, config: Config) -> None:
        other = self._loaded.sources.get((kind, config.name))
        if other is not None:
            place = f"{other.file}:{other.lines.get('$')}"
            self._mistake("$.name", f"stands in {place} already")
            return
        self._loaded.sources[kind, config.name] = self._source
        by_kind: dict[Kind, dict[str, Any]] = {
            Kind.PROFILE: self._loaded.profiles,
            Kind.MAPPING: self._loaded.mappings,
            Kind.INSTANCE: self._loaded.instances,
            Kind.SCHEDULE: self._loaded.schedules,
        }
        by_kind[kind][config.name] = config

    def _profile(self) -> ProfileConfig | None:
        document = self._validated(ProfileDocument, self._body)
        if document is None:
            return None
        secrets = {n: self._secret(n, reference) for n, reference in document.secrets.items()}
        return ProfileConfig(
            name=document.name,
            connector=document.connector,
            config=document.config,
            secrets={name: value for name, value in secrets.items() if value is not None},
            secret_sources={
                name: reference.model_dump(by_alias=True)
                for name, reference in document.secrets.items()
                if not isinstance(reference, str)
            },
            active=document.active,
            max_concurrent=document.max_concurrent,
            rate=document.rate,
            retry=msgspec.convert(document.retry.model_dump(), RetryPolicy),
        )

    def _secret(self, name: str, reference: FromEnv | FromFile | str) -> str | None:
        path = f"$.secrets.{name}"
        if isinstance(reference, str):
            return MASK
        if isinstance(reference, FromEnv):
            value = self._environ.get(reference.from_env)
            if not value:
                self._mistake(path, f"the environment variable {reference.from_env} is not set")
            return value
        try:
            file = Path(self._source.file).parent / reference.from_file
            return file.read_text().removesuffix("\n").removesuffix("\r")
        except (OSError, UnicodeDecodeError) as error:
            self._mistake(path, f"{reference.from_file} cannot be read: {error}")
            return None

    def _mapping(self) -> MappingConfig | None:
        head = self._validated(Document, {n: v for n, v in self._body.items() if n in _OWN[::2]})
        document = {name: v for name, v in self._body.items() if name not in _OWN}
        try:
            parse(document)
        except InvalidInputError as error:
            for problem in error.problems:
                self._mistake(problem.path, problem.message)
            return None
        return None if head is None else MappingConfig(name=head.name, document=document)

    def _instance(self) -> InstanceConfig | None:
        document = self._validated(InstanceDocument, self._body)
        if document is None:
            return None
        return InstanceConfig(
            name=document.name,
            source=document.source,
            target=document.target,
            mappings=tuple(sorted(document.mappings)),
            enabled=document.enabled,
        )

    def _schedule(self) -> ScheduleConfig | None:
        document = self._validated(ScheduleDocument, self._body)
        if document is None:
            return None
        try:
            cron, zone = parse_cadence(document.cron, document.timezone)
        except InvalidInputError as error:
            for problem in error.problems:
                self._mistake(problem.path, problem.message)
            return None
        return ScheduleConfig(
            name=document.name,
            instance=document.instance,
            entity_type=document.entity_type.strip().lower(),
            cron=cron.text,
            timezone=zone.key,
            enabled=document.enabled,
        )

    def _validated(self, model: type[_M], body: dict[str, Any]) -> _M | None:
        try:
            return model.model_validate(body)
        except ValidationError as error:
            for problem in problems_of(error, model):
                self._mistake(problem.path, problem.message)
            return None
