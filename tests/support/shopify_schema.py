"""Shopify's own Admin schema, of the npm package that its tools for developers come in.

It is fetched when a test needs it, and kept beside the environment's packages; nothing of it is
part of the repository. Only the types that the connector's documents touch are built.
"""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    FieldNode,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    build_client_schema,
    parse,
)

from syncline.connectors.shopify.settings import VERSION

PACKAGE = "@shopify/dev-mcp@1.16.0"
_MEMBER = f"package/dist/data/admin_{VERSION}.json.gz"
_KEPT = Path(sys.prefix) / "share" / "shopify" / f"admin_{VERSION}.json.gz"
_ROOTS = {"query": "QueryRoot", "mutation": "Mutation"}


def _fetch() -> None:
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", PACKAGE, "--silent", "--pack-destination", folder]
        subprocess.run(command, check=True, timeout=100, capture_output=True)
        (archive,) = Path(folder).glob("*.tgz")
        with tarfile.open(archive) as packed:
            member = packed.extractfile(_MEMBER)
            assert member is not None
            content = member.read()
    _KEPT.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=_KEPT.parent, delete=False) as file:
        file.write(content)
    shutil.move(file.name, _KEPT)  # at once, as other test processes may fetch it, too


@cache
def introspected() -> Mapping[str, Any]:
    """Return Shopify's types by name. Skips the test where they cannot be had."""
    if not _KEPT.exists():
        try:
            _fetch()
        except (OSError, subprocess.SubprocessError, tarfile.TarError) as error:
            pytest.skip(f"Shopify's schema is missing: `npm pack {PACKAGE}` failed: {error}")
    types = _read()["data"]["__schema"]["types"]
    return {each["name"]: each for each in types}


@cache
def _read() -> Any:
    with gzip.open(_KEPT) as file:
        return json.load(file)


def scopes_of(text: str) -> list[frozenset[str]]:
    """Return what a document needs by Shopify's own table: one scope of each set."""
    introspected()
    wanted = {name for pair in touched(text) for name in (pair, pair[0])}
    told = _read()["offline_scopes"]["items"]
    return [
        frozenset(each["offlineScopes"])
        for each in told
        if each["offlineScopes"]
        and (each["typeName"] if each["type"] == "type" else (each["typeName"], each["fieldName"]))
        in wanted
    ]


class UnknownFieldError(LookupError):
    """A document asks for what is not in the schema."""


def _named(kind: Mapping[str, Any]) -> str:
    return _named(kind["ofType"]) if kind["ofType"] else str(kind["name"])


def touched(text: str) -> Iterator[tuple[str, str]]:
    """Yield the types and fields that a document asks for. Raises UnknownFieldError."""
    for operation in parse(text).definitions:
        assert isinstance(operation, OperationDefinitionNode)
        yield from _touched(_ROOTS[operation.operation.value], operation.selection_set)


def _touched(kind: str, selected: SelectionSetNode) -> Iterator[tuple[str, str]]:
    fields = {each["name"]: each for each in introspected()[kind]["fields"] or []}
    for selection in selected.selections:
        if isinstance(selection, InlineFragmentNode):
            condition = selection.type_condition
            assert condition is not None
            yield from _touched(condition.name.value, selection.selection_set)
            continue
        assert isinstance(selection, FieldNode)
        name = selection.name.value
        if name not in fields:
            raise UnknownFieldError(f"{kind}.{name}")
        yield kind, name
        if selection.selection_set:
            yield from _touched(_named(fields[name]["type"]), selection.selection_set)


def schema_of(documents: tuple[str, ...]) -> GraphQLSchema:
    """Build the part of the schema that documents touch, with all that they may be given."""
    types = introspected()
    used: dict[str, set[str]] = {"Node": {"id"}}
    for text in documents:
        for kind, name in touched(text):
            used.setdefault(kind, set()).add(name)
    kept: dict[str, Any] = {}
    for kind, names in used.items():
        fields = [each for each in types[kind]["fields"] if each["name"] in names]
        own = types[kind]
        kept[kind] = own | {
            "fields": fields,
            "interfaces": [i for i in own.get("interfaces") or [] if i["name"] in used],
            "possibleTypes": [p for p in own.get("possibleTypes") or [] if p["name"] in used],
        }
        for field in fields:
            for part in [field, *field["args"]]:
                _keep_inputs(_named(part["type"]), kept)
    for name in ("String", "Boolean", "Int", "Float", "ID"):
        kept.setdefault(name, types[name])
    for name in [name for name in types if name.startswith("__")]:
        kept[name] = types[name]
    directives = [_IDEMPOTENT, *_USUAL]
    roots = {f"{part}Type": {"name": name} for part, name in _ROOTS.items() if name in kept}
    whole = {"types": list(kept.values()), "directives": directives, "subscriptionType": None}
    described: Any = {"__schema": {"queryType": None, "mutationType": None} | whole | roots}
    return build_client_schema(described, assume_valid=True)


def _keep_inputs(name: str, kept: dict[str, Any]) -> None:
    """Keep a scalar, an enum or an input, and all that an input is made of."""
    kind = introspected()[name]
    if name in kept or kind["kind"] not in ("SCALAR", "ENUM", "INPUT_OBJECT"):
        return
    kept[name] = kind
    for field in kind["inputFields"] or []:
        _keep_inputs(_named(field["type"]), kept)


def _argument(name: str, kind: str) -> dict[str, Any]:
    inner = {"kind": "SCALAR", "name": kind, "ofType": None}
    return {
        "name": name,
        "description": None,
        "type": {"kind": "NON_NULL", "name": None, "ofType": inner},
        "defaultValue": None,
    }


def _directive(name: str, argument: str, kind: str, places: list[str]) -> dict[str, Any]:
    args = [_argument(argument, kind)]
    return {
        "name": name, "description": None, "locations": places, "args": args, "isRepeatable": False
    }  # fmt: skip


_IDEMPOTENT = _directive("idempotent", "key", "String", ["FIELD"])
_USUAL = [
    _directive("include", "if", "Boolean", ["FIELD", "INLINE_FRAGMENT"]),
    _directive("skip", "if", "Boolean", ["FIELD", "INLINE_FRAGMENT"]),
]
