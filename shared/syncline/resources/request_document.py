"""One document as a request brings it: like one in a file, but secrets come by value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from syncline.domain.configuration.documents import (
    MASK,
    Config,
    Kind,
    ProfileConfig,
    ProfileSettings,
    TenantConfiguration,
)
from syncline.domain.document_fields import plain, values_of
from syncline.domain.errors import InvalidInputError, Problem
from syncline.domain.record import JsonObject, Value
from syncline.domain.storable import unstorable
from syncline.domain.validation_errors import validated
from syncline.resources.checks import check
from syncline.resources.documents import ProfileRequest
from syncline.resources.loader import DocumentSet, config_of
from syncline.resources.mistakes import DocumentLocation


def read_request_document(kind: Kind, name: str | None, body: object) -> DocumentSet:
    """Read a document of a request; `name` is what the address calls it, if it does.

    Raises InvalidInputError with every mistake that shows in the document alone.
    """
    if not isinstance(body, dict):
        raise InvalidInputError([Problem("$", "must be an object")])
    unusable = "a text may hold no NUL and no lone surrogate"
    problems = list(_named_otherwise(body, kind, name))
    problems += [Problem(path, unusable) for path in unstorable(body)]
    if problems:
        raise InvalidInputError(problems)
    document = dict(body) if kind is Kind.MAPPING else _with_floats(body)
    document |= {"kind": kind.value} | ({} if name is None else {"name": name})
    config = _profile(document) if kind is Kind.PROFILE else config_of(kind, document)
    found = DocumentSet()
    found.add(kind, config, DocumentLocation("the request", f"{kind} {config.name}", {}))
    return found


def require_valid(wanted: DocumentSet, stored: TenantConfiguration) -> None:
    """Hold a document against everything stored. Raises InvalidInputError with every mistake."""
    mistakes = check(wanted, stored)
    if mistakes:
        raise InvalidInputError([Problem(m.path, m.message) for m in mistakes])


def document_of(config: Config) -> JsonObject:
    """Return a stored object as a request would bring it, its secrets masked."""
    document = plain(config)
    document.pop("secretSources", None)
    if isinstance(config, ProfileConfig):
        document["secrets"] = dict.fromkeys(sorted(config.secrets), MASK)
    return document


def _profile(document: Mapping[str, Any]) -> ProfileConfig:
    profile = validated(ProfileRequest, document)
    return ProfileConfig(**values_of(profile, ProfileSettings), secrets=profile.secrets)


def _named_otherwise(body: Mapping[str, Any], kind: Kind, name: str | None) -> Iterator[Problem]:
    if body.get("kind", kind.value) != kind.value:
        yield Problem("$.kind", f"must be {kind.value!r} here")
    if name is not None and body.get("name", name) != name:
        yield Problem("$.name", f"the address names {name!r}; a name never changes")


def _with_floats(value: object) -> Value:
    """Settings are no data: a decimal is as good as the float that a file would give."""
    if isinstance(value, dict):
        return {name: _with_floats(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_with_floats(part) for part in value]
    return float(value) if isinstance(value, Decimal) else value
