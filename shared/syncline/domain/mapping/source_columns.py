"""What a mapping reads of its source's records, held against what the source has. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec

from syncline.domain.errors import Problem
from syncline.domain.mapping.document import Mapping as MappingDocument
from syncline.domain.mapping.paths import parse_path, to_text
from syncline.domain.naming import meant


class SourceField(msgspec.Struct, frozen=True):
    """A column or property that the mapping reads.

    Attributes:
        name: the first key of its path, which the record itself must have.
        text: the path as it is written; a column may have a dot in its name.
        place: where in the document, as a JSON path.
        has_default: the mapping says what stands for it where it is missing.
    """

    name: str
    text: str
    place: str
    has_default: bool = False


class NameCoverage(msgspec.Struct, frozen=True):
    """Which of the names some of a number of records name_coverage, and which all of them had."""

    some: frozenset[str]
    every: frozenset[str]

    def beside(self, other: NameCoverage) -> NameCoverage:
        """Return what both numbers of records had together."""
        return NameCoverage(self.some | other.some, self.every & other.every)


def source_fields(mapping: MappingDocument) -> tuple[SourceField, ...]:
    """Return what a checked mapping reads of raw records, in its order."""
    found = []
    for number, field in enumerate(mapping.normalization.fields):
        path = parse_path(field.source)
        if path[0].key is not None:
            place = f"$.normalization.fields[{number}].source"
            given = field.default is not None
            found.append(SourceField(path[0].key, to_text(path), place, given))
    return tuple(found)


def missing_columns(fields: Sequence[SourceField], columns: Collection[str]) -> list[Problem]:
    """Name the fields that a source with just these columns does not have."""
    return [
        Problem(field.place, f"the source has no column `{field.name}`{_near(field.name, columns)}")
        for field in fields
        if field.name not in columns and field.text not in columns
    ]


def name_coverage(records: Sequence[Mapping[str, Any]], names: frozenset[str]) -> NameCoverage:
    """Say which names records name_coverage, whatever their value."""
    some: frozenset[str] = frozenset()
    every = names
    for record in records:
        own = names & record.keys()
        if len(own) < len(names):
            every &= own
        if len(some) < len(names):
            some |= own
    return NameCoverage(some, every)


def _near(name: str, columns: Collection[str]) -> str:
    if said := meant(name, columns):
        return said
    return f"; it has: {', '.join(sorted(columns)[:20])}" if columns else ""
