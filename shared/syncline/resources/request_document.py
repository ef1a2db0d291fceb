"""One document as a request brings it: like one in a file, but secrets come by value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from syncline.domain.configuration.documents import (
    MASK,
    Config,
    Kind,
    ProfileConfig,
    TenantConfiguration,
)
from syncline.domain.errors import InvalidInputError, Problem
from syncline.resources.checks import check
from syncline.resources.loader import DocumentSet, load_document

MAX_SECRET = 20_000
"""Characters; a private key has fewer."""


def read_request_document(kind: Kind, name: str | None, body: object) -> DocumentSet:
    """Read a document of a request.

    Args:
        name: what the address calls it; None where only the document does.

    Raises:
        InvalidInputError: with every mistake that shows in the document alone.
    """
    if not isinstance(body, dict):
        raise InvalidInputError([Problem("$", "must be an object")])
    problems = [*_named_otherwise(body, kind, name), *_unusable(body, "$")]
    if problems:
        raise InvalidInputError(problems)
    plain = dict(body) if kind is Kind.MAPPING else _with_floats(body)
    plain |= {} if name is None else {"name": name}
    secrets = plain.pop("secrets", None) if kind is Kind.PROFILE else None
    loaded = load_document(kind, plain)
    problems = [Problem(m.path, m.message) for m in loaded.mistakes]
    problems += _secret_problems(secrets)
    if problems:
        raise InvalidInputError(problems)
    _give_secrets(loaded, secrets or {})
    return loaded


def require_valid(loaded: DocumentSet, stored: TenantConfiguration) -> None:
    """Hold a document against everything that is stored.

    Raises:
        InvalidInputError: with every mistake.
    """
    mistakes = check(loaded, stored)
    if mistakes:
        raise InvalidInputError([Problem(m.path, m.message) for m in mistakes])


def document_of(config: Config) -> dict[str, Any]:
    """Return a stored object as a request would bring it, its secrets masked."""
    plain: dict[str, Any] = msgspec.to_builtins(config, builtin_types=(Decimal,))
    plain.pop("secretSources", None)
    if isinstance(config, ProfileConfig):
        plain["secrets"] = dict.fromkeys(sorted(config.secrets), MASK)
    return plain


def _named_otherwise(body: Mapping[str, Any], kind: Kind, name: str | None) -> Iterator[Problem]:
    if body.get("kind", kind.value) != kind.value:
        yield Problem("$.kind", f"must be {kind.value!r} here")
    if name is not None and body.get("name", name) != name:
        yield Problem("$.name", f"the address names {name!r}; a name never changes")


def _unusable(value: object, path: str) -> Iterator[Problem]:
    """Name every text that the database could not keep."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _unusable(name, path)
            yield from _unusable(part, f"{path}.{name}")
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from _unusable(part, f"{path}[{number}]")
    elif isinstance(value, str) and ("\0" in value or not value.isascii()) and _is_broken(value):
        yield Problem(path, "a text may hold no NUL and no lone surrogate")


def _is_broken(text: str) -> bool:
    return "\0" in text or any("\ud800" <= c <= "\udfff" for c in text)


def _with_floats(value: Any) -> Any:  # noqa: ANN401 - plain JSON values
    """Settings are no data: a decimal is as good as the float that a file would give."""
    if isinstance(value, dict):
        return {name: _with_floats(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_with_floats(part) for part in value]
    return float(value) if isinstance(value, Decimal) else value


def _secret_problems(secrets: object) -> Iterator[Problem]:
    if secrets is not None and not isinstance(secrets, dict):
        yield Problem("$.secrets", "must be an object of texts by name")
        return
    for name, value in (secrets or {}).items():
        if not isinstance(value, str) or not value:
            yield Problem(f"$.secrets.{name}", f"must be text, or `{MASK}` to keep the stored one")
        elif len(value) > MAX_SECRET:
            yield Problem(f"$.secrets.{name}", f"may have at most {MAX_SECRET:,} characters")


def _give_secrets(loaded: DocumentSet, secrets: Mapping[str, str]) -> None:
    for name, profile in loaded.profiles.items():
        loaded.profiles[name] = msgspec.structs.replace(profile, secrets=dict(secrets))
