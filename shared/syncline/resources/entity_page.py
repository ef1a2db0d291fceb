"""The page of the canonical schemas; `python -m syncline.resources.entity_page` writes it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from syncline.domain.mapping.canonical.schema import (
    SCHEMA_NAMES,
    SchemaNode,
    canonical_schema,
    schema_parts,
)
from syncline.domain.mapping.conformance import field_type

PAGE = Path("docs/entities.md")
_INTRO = """# Entity types

Fifteen entity types have a canonical schema: what their records hold between source and target, of
which types, in which units, and what that is in each system. A normalization that names one is
checked against it ([how](mappings.md#canonical-schemas)). Required properties are bold; every other
may be null. Programs get the schemas as JSON Schema: `GET /api/v1/canonical-schemas/{name}`.

Names under *Shopify* are those of its GraphQL Admin API 2026-10, checked against that schema. Under
*SAP Business One* stands the property of the Service Layer, checked against published models of it,
then `/` and the column of the database. Names of *WooCommerce* (REST v3) and *Wix* are from their
documentation and published types. No column was compared with a running system; where the pages of
the [connectors](connectors/) say something else, they are right. An empty cell: the system has
nothing like it, or each installation has it elsewhere.

This page is written by `python -m syncline.resources.entity_page`.
"""
_SYSTEMS = ("Shopify", "WooCommerce", "SAP Business One", "Wix")


def text() -> str:
    """Return the page."""
    return "\n".join([_INTRO, *_sections()])


def _sections() -> Iterator[str]:
    for name in SCHEMA_NAMES:
        schema = canonical_schema(name)
        yield f"## {name}\n\n{schema.title}. {schema.description}\n"
        for system, words in schema.systems.items():
            yield f"- {system}: {words}"
        yield f"\n{_table(schema)}"
    yield "# Parts\n\nWhat several entity types have inside.\n"
    for part, shared in schema_parts().items():
        yield f"## {part}\n\n{shared.description}\n\n{_table(shared)}"


def _table(node: SchemaNode) -> str:
    lines = [
        f"| Property | Type | Meaning | {' | '.join(_SYSTEMS)} |",
        "|---|---|---|" + "---|" * len(_SYSTEMS),
    ]
    for name, inner in node.properties.items():
        shown = f"**{name}**" if name in node.required else name
        cells = [
            shown,
            _type(inner),
            _meaning(inner),
            *(inner.systems.get(s, "") for s in _SYSTEMS),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _type(node: SchemaNode) -> str:
    if node.items is not None:
        return f"array of {_type(node.items)}"
    for part, shared in schema_parts().items():
        if node.properties and node.properties == shared.properties:
            return f"[{part}](#{part.lower()})"
    return str(field_type(node))


def _meaning(node: SchemaNode) -> str:
    limits = [f"In {node.unit}."] if node.unit else []
    if node.enum:
        words = (f"`{word}`" for word in node.enum if word is not None)
        limits.append(f"One of {', '.join(words)}.")
    if node.minimum is not None:
        limits.append(f"At least {node.minimum}.")
    return " ".join([node.description, *limits])


if __name__ == "__main__":
    PAGE.write_text(text())
