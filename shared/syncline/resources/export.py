"""Stored configuration as documents: secrets by reference, never by value."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from decimal import Decimal

import yaml

from syncline.domain.configuration.documents import (
    Config,
    Kind,
    MappingConfig,
    TenantConfiguration,
)
from syncline.domain.document_fields import drop_nulls, plain_value
from syncline.domain.failure_budget import FailureBudget
from syncline.domain.hook.signature import HookSignature
from syncline.domain.mapping.condition import Condition
from syncline.domain.mapping.document import (
    Normalization,
    NormalizationField,
    StaticValue,
    Transformation,
    TransformationField,
)
from syncline.domain.mapping.extraction import Extraction
from syncline.domain.record import JsonObject, Value
from syncline.domain.retry import RetryPolicy
from syncline.domain.secret_holder import SecretHolder
from syncline.domain.validation_errors import document_name
from syncline.resources.documents import (
    HookDocument,
    InstanceDocument,
    MappingDocument,
    ProfileDocument,
    ScheduleDocument,
    SubscriptionDocument,
)
from syncline.resources.yaml_core import Dumper


def documents(configured: TenantConfiguration) -> list[JsonObject]:
    """Return everything as documents that `apply` takes, settings at their defaults left out."""
    return [_document(kind, config) for kind, config in configured.items()]


def to_yaml(found: list[JsonObject]) -> str:
    """Write documents as YAML."""
    text: str = yaml.dump_all(
        found, Dumper=Dumper, sort_keys=False, allow_unicode=True, explicit_start=True, width=100
    )
    return text


def _document(kind: Kind, config: Config) -> JsonObject:
    head: JsonObject = {"kind": kind.value, "name": config.name}
    if isinstance(config, MappingConfig):
        return head | _ordered(config.document)
    plain = {n: _plain(v) for n, v in _set(config).items() if n not in ("name", "secretSources")}
    if isinstance(config, SecretHolder):
        plain.pop("secrets", None)
        references = dict(_references(config.name, config))
        return _ordered(head | plain | ({"secrets": references} if references else {}))
    return _ordered(head | plain)


def _set(config: Config) -> JsonObject:
    """Return the fields that differ from their defaults, by their names in documents."""
    found = {}
    for field in fields(config):
        value = getattr(config, field.name)
        if value not in (field.default, {}, ()):
            found[document_name(field.name)] = drop_nulls(plain_value(value))
    return found


def _references(owner: str, kept: SecretHolder) -> Iterator[tuple[str, dict[str, str]]]:
    """Name where each secret came from; one that was given by hand gets a variable's name."""
    for name in sorted(kept.secrets.keys() - kept.made_secrets):
        spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
        variable = re.sub(r"[^A-Z0-9]+", "_", f"{owner}_{spaced}".upper())
        yield name, kept.secret_sources.get(name) or {"fromEnv": variable}


_FIRST = ("kind", "name", "connector", "config", "secrets")
_PARTS = (
    ProfileDocument, MappingDocument, RetryPolicy, InstanceDocument, FailureBudget,
    ScheduleDocument, HookDocument, HookSignature, SubscriptionDocument, Condition, Extraction,
    NormalizationField, TransformationField, StaticValue, Normalization, Transformation,
)  # fmt: skip


_NAMES = [*_FIRST, *(document_name(field.name) for part in _PARTS for field in fields(part))]
_ORDER = {name: rank for rank, name in reversed(list(enumerate(_NAMES)))}
"""The rank of each known key: as the documents are described."""


def in_order(value: object) -> Value:
    """Return a value with the keys of its objects in the order in which documents have them."""
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: (_ORDER.get(name, 10_000), name))
        return {name: in_order(value[name]) for name in names}
    if isinstance(value, list | tuple):
        return [in_order(part) for part in value]
    return value


def _ordered(value: JsonObject) -> JsonObject:
    found: JsonObject = _plain(in_order(value))
    return found


def _plain(value: object) -> Value:
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral() else float(value)
    return value
