"""Files into wanted configuration, with every mistake of every file and the line it stands in."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from syncline.domain.configuration.documents import (
    MASK,
    Config,
    HookConfig,
    InstanceConfig,
    Kind,
    MappingConfig,
    Name,
    ProfileConfig,
    ProfileSettings,
    ScheduleConfig,
    TenantConfiguration,
)
from syncline.domain.document_fields import plain, values_of
from syncline.domain.errors import InvalidInputError, Problem, SynclineError
from syncline.domain.mapping.validation import parse_as
from syncline.domain.naming import meant, shown
from syncline.domain.notification.subscription import SubscriptionConfig, SubscriptionSettings
from syncline.domain.record import JsonObject
from syncline.domain.validation_errors import validated
from syncline.resources.documents import (
    FromEnv,
    FromFile,
    HookDocument,
    InstanceDocument,
    MappingDocument,
    ProfileDocument,
    ScheduleDocument,
    SubscriptionDocument,
)
from syncline.resources.yaml_core import ParsedDocument, YamlError, read_all

LONGEST = 500
"""Characters of a message."""


class Mistake(msgspec.Struct, frozen=True, rename="camel"):
    """One mistake in a file; `document` is a kind and name, or a number in the file."""

    file: str
    line: int | None
    document: str
    path: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.document}: {self.path}: {self.message}"


class InvalidFilesError(SynclineError):
    """Files were refused; `mistakes` names everything that is wrong with all of them."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__("\n".join(map(str, mistakes)))
        self.mistakes = tuple(mistakes)


class DocumentLocation(msgspec.Struct, frozen=True):
    """Where a document stands; `lines` by JSON path."""

    file: str
    title: str
    lines: dict[str, int]

    def __str__(self) -> str:
        return f"{self.file}:{self.lines.get('$')}"

    def mistake(self, path: str, message: str) -> Mistake:
        return Mistake(
            self.file, self._line(path), _short(self.title), _short(path), _short(message)
        )

    def _line(self, path: str) -> int | None:
        """Find the line of the path, or of what it would stand in."""
        while path not in self.lines and path not in ("$", ""):
            path = path[: max(path.rfind("."), path.rfind("["))]
        return self.lines.get(path)


def _short(text: str) -> str:
    """Cut what a wrong value of 10,000 characters makes of a sentence."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


_ENDINGS = {".yaml", ".yml", ".json"}


def texts(paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield name and text of files, of files in folders, and of `-` (standard input).

    Raises InvalidFilesError where one cannot be read.
    """
    for path in paths:
        if path == "-":
            yield "standard input", sys.stdin.read()
            continue
        for file in _files(Path(path)):
            yield str(file), _text(file)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        reason = error.strerror or str(error)
    except UnicodeDecodeError:  # refused below, by its name
        reason = "is not UTF-8 text"
    raise InvalidFilesError([Mistake(str(file), None, "the file", "$", reason)])


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = [file for file in sorted(path.rglob("*")) if file.suffix in _ENDINGS]
    return [f for f in found if not any(part.startswith(".") for part in f.relative_to(path).parts)]


def parse_json(text: str) -> list[ParsedDocument]:
    """Read one JSON document or a list of them. Raises YamlError."""
    try:
        decoded = json.loads(text, object_pairs_hook=_no_doubles)
    except json.JSONDecodeError as error:
        raise YamlError(f"no JSON: {error.msg}", error.lineno) from None
    except (ValueError, RecursionError) as error:
        raise YamlError(f"no JSON: {error}") from None
    return [ParsedDocument(d, {}) for d in (decoded if isinstance(decoded, list) else [decoded])]


def _no_doubles(pairs: list[tuple[str, object]]) -> JsonObject:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        doubled = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key `{doubled}` stands twice")
    return found


_HEAD = ("apiVersion", "kind", "name")


class DocumentSet(TenantConfiguration, frozen=True):
    """What files want, as far as it could be read."""

    locations: dict[Name, DocumentLocation] = msgspec.field(default_factory=dict)
    mistakes: list[Mistake] = msgspec.field(default_factory=list)

    def add(self, kind: Kind, config: Config, location: DocumentLocation) -> None:
        """Add a document, unless there is one of its name already."""
        other = self.locations.get((kind, config.name))
        if other is not None:
            self.note([Problem("$.name", f"stands in {other} already")], location)
            return
        self.locations[kind, config.name] = location
        self.of(kind)[config.name] = config

    def note(self, problems: Iterable[Problem], location: DocumentLocation) -> None:
        self.mistakes.extend(location.mistake(p.path, p.message) for p in problems)


def load(paths: Sequence[str], environ: Mapping[str, str]) -> DocumentSet:
    """Read files and folders of files; `-` is standard input. Mistakes inside are in the answer.

    Secrets by reference are looked up in `environ`. Raises InvalidFilesError: nothing to read.
    """
    found = DocumentSet()
    for file, text in texts(paths):
        try:
            documents = parse_json(text) if file.endswith(".json") else read_all(text)
        except YamlError as error:
            found.mistakes.append(Mistake(file, error.line, "the file", "$", str(error)))
            continue
        for number, parsed in enumerate(documents, 1):
            location = DocumentLocation(file, _title(parsed.value, number), parsed.lines)
            read_document(found, parsed.value, location, environ)
    if not found.locations and not found.mistakes:
        raise InvalidFilesError(
            [Mistake(", ".join(paths), None, "the files", "$", "hold no document")]
        )
    return found


def read_document(
    found: DocumentSet, body: object, location: DocumentLocation, environ: Mapping[str, str]
) -> None:
    """Read one document into what was found, or note its mistakes there."""
    try:
        body, kind = _with_kind(body)
        if kind is Kind.PROFILE:
            found.add(kind, _profile(found, body, location, environ), location)
        elif kind is Kind.SUBSCRIPTION:
            found.add(kind, _subscription(found, body, location, environ), location)
        else:
            found.add(kind, config_of(kind, body), location)
    except InvalidInputError as error:
        found.note(error.problems, location)


def config_of(kind: Kind, body: Mapping[str, object]) -> Config:
    """Return a document of a kind without secrets. Raises InvalidInputError."""
    if kind is Kind.MAPPING:
        mapping = parse_as(MappingDocument, body)
        document = {name: value for name, value in body.items() if name not in _HEAD}
        return MappingConfig(name=mapping.name, document=document)
    if kind is Kind.INSTANCE:
        return InstanceConfig(**values_of(validated(InstanceDocument, body), InstanceConfig))
    if kind is Kind.HOOK:
        return HookConfig(**values_of(validated(HookDocument, body), HookConfig))
    return ScheduleConfig(**values_of(validated(ScheduleDocument, body), ScheduleConfig))


def _title(body: object, number: int) -> str:
    kind, name = (body.get("kind"), body.get("name")) if isinstance(body, dict) else (None, None)
    titled = isinstance(kind, str) and isinstance(name, str)
    return f"{kind} {name}" if titled else f"document {number}"


def _with_kind(body: object) -> tuple[dict[str, object], Kind]:
    if not isinstance(body, dict):
        raise InvalidInputError([Problem("$", f"must be an object, not {shown(body)}")])
    kinds = {kind.value: kind for kind in Kind}
    kind, names = body.get("kind"), ", ".join(kinds)
    if not kind:
        raise InvalidInputError([Problem("$.kind", f"is required: one of {names}")])
    if not isinstance(kind, str) or kind not in kinds:
        said = f"must be one of {names}, not {shown(kind)}{meant(kind, kinds)}"
        raise InvalidInputError([Problem("$.kind", said)])
    return body, kinds[kind]


def _profile(
    found: DocumentSet,
    body: Mapping[str, object],
    location: DocumentLocation,
    environ: Mapping[str, str],
) -> ProfileConfig:
    document = validated(ProfileDocument, body)
    secrets = _secrets(found, document.secrets, location, environ)
    sources = {n: plain(r) for n, r in document.secrets.items() if not isinstance(r, str)}
    settings = values_of(document, ProfileSettings)
    return ProfileConfig(**settings, secrets=secrets, secret_sources=sources)


def _subscription(
    found: DocumentSet,
    body: Mapping[str, object],
    location: DocumentLocation,
    environ: Mapping[str, str],
) -> SubscriptionConfig:
    document = validated(SubscriptionDocument, body)
    secrets = _secrets(found, document.secrets, location, environ)
    return SubscriptionConfig(**values_of(document, SubscriptionSettings), secrets=secrets)


def _secrets(
    found: DocumentSet,
    references: Mapping[str, FromEnv | FromFile | str],
    location: DocumentLocation,
    environ: Mapping[str, str],
) -> dict[str, str]:
    """Look secrets up; one that is not there is noted, and the rest is checked all the same."""
    secrets = {}
    for name, reference in references.items():
        try:
            secrets[name] = _secret(reference, Path(location.file).parent, environ)
        except ValueError as error:
            found.note([Problem(f"$.secrets.{name}", str(error))], location)
    return secrets


def _secret(reference: FromEnv | FromFile | str, folder: Path, environ: Mapping[str, str]) -> str:
    """Return the value of a secret. Raises ValueError."""
    if isinstance(reference, str):
        return MASK
    if isinstance(reference, FromEnv):
        value = environ.get(reference.from_env)
        if not value:
            raise ValueError(f"the environment variable {reference.from_env} is not set")
        return value
    try:
        text = (folder / reference.from_file).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{reference.from_file} cannot be read: {error}") from None
    return text.removesuffix("\n").removesuffix("\r")
