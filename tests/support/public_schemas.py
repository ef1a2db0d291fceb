"""Holding messages against the public document, as a foreign program would."""

from __future__ import annotations

from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from syncline.contracts import asyncapi

_DOCUMENT = asyncapi.document()


@cache
def validator(schema: str) -> Draft202012Validator:
    """Give the validator of a named schema."""
    return _validator({"$ref": f"#/components/schemas/{schema}"})


def wrong_with(topic: str, message: Any) -> list[str]:
    """Say what is wrong with a message of a public topic; nothing, if one of its kinds fits."""
    messages = _DOCUMENT["components"]["messages"]
    names = [name for name in _DOCUMENT["channels"][topic]["messages"] if name != "poison"]
    found = []
    for name in names:
        errors = [e.message for e in _validator(messages[name]["payload"]).iter_errors(message)]
        if not errors:
            return []
        found += errors
    return found


def _validator(schema: dict[str, Any]) -> Draft202012Validator:
    whole = schema | {"components": _DOCUMENT["components"]}
    Draft202012Validator.check_schema(whole)
    return Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER)
