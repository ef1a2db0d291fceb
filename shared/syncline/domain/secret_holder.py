"""What documents with secrets have in common."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar


@dataclass(frozen=True, kw_only=True, repr=False)
class SecretHolder:
    """The secrets of a document, which are never shown; `MASK` keeps a stored value.

    The source of a secret is `{"fromEnv": NAME}` or `{"fromFile": path}`. `made_secrets` are those
    that Syncline makes where a document names none: they stay then, and are in no export.
    """

    made_secrets: ClassVar[frozenset[str]] = frozenset()

    secrets: dict[str, str] = field(default_factory=dict)
    secret_sources: dict[str, dict[str, str]] = field(default_factory=dict)
