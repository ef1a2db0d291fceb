"""Compares what a mapping reads of its source with what the source has."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

import msgspec

from syncline.domain.errors import Problem
from syncline.domain.mapping.document import Mapping as MappingDocument
from syncline.domain.mapping.paths import EACH, Path, Segment, parse_path, to_text
from syncline.domain.mapping.validation import conditions, read_by_options
from syncline.domain.naming import meant
from syncline.domain.record import Value


def unknown_columns(
    mapping: MappingDocument, columns: Collection[str], *, everywhere: bool
) -> list[Problem]:
    """Return a problem for each path that a mapping reads and its source does not have.

    Unless `everywhere`, the columns are only those of the source's first records.
    """
    extraction = mapping.extraction
    own = {extraction.id_column, extraction.cursor_column, *extraction.columns}
    read = set(columns) & own if extraction.columns else set(columns)
    words = "the source gives no" if everywhere else "none of the first records has"
    found = []
    for path, text, is_picked in _asked(mapping):
        known = columns if is_picked else read
        if text not in known and _top(text) not in known:
            left_out = (
                " (`columns` leaves it out)" if _top(text) in columns else meant(text, columns)
            )
            found.append(Problem(path, f"{words} `{text}`{left_out}"))
    return found


def unknown_properties(
    mapping: MappingDocument, records: Sequence[Mapping[str, Value]]
) -> list[Problem]:
    """Return a problem for each path that a mapping reads and that none of the records has.

    A path that ends early in a null counts as there: nobody knows what would be inside.
    """
    if not records:
        return []
    known = list(dict.fromkeys(text for record in records for text in _texts(record)))
    return [
        Problem(path, f"none of {len(records)} records has `{text}`{meant(text, known)}")
        for path, text, is_picked in _asked(mapping)
        if not is_picked and not any(text in r or _is_there(r, parse_path(text)) for r in records)
    ]


def _asked(mapping: MappingDocument) -> Iterator[tuple[str, str, bool]]:
    """Yield each path that the mapping reads, with its JSON path and whether Ingest reads it."""
    extraction = mapping.extraction
    yield "$.extraction.idColumn", extraction.id_column, True
    if extraction.cursor_column:
        yield "$.extraction.cursorColumn", extraction.cursor_column, True
    for number, column in enumerate(extraction.columns):
        yield f"$.extraction.columns[{number}]", column, True
    for number, condition in enumerate(extraction.filters):
        for path, text in conditions(condition, f"$.extraction.filters[{number}]"):
            yield path, text, True
    for number, field in enumerate(mapping.normalization.fields):
        place = f"$.normalization.fields[{number}]"
        yield f"{place}.source", field.source, False
        for name, options in field.chain:
            for text in read_by_options(name, options):
                yield f"{place}.options", text, False


def _top(text: str) -> str:
    """Return the column that a path begins with; a name that is not a path is the column."""
    try:
        return parse_path(text)[0].key or text
    except ValueError:  # no path, so it can only be a name
        return text


def _is_there(value: Value, path: Path) -> bool:
    """Return whether a value has the path, or might have it: inside a null or an empty list."""
    if value is None or not path:
        return True
    step, rest = path[0], path[1:]
    if step.key is not None:
        return isinstance(value, dict) and step.key in value and _is_there(value[step.key], rest)
    if not isinstance(value, list):
        return step == EACH and _is_there(value, rest)
    if step == EACH:
        return not value or any(_is_there(element, rest) for element in value)
    index = step.index or 0
    return index >= len(value) or _is_there(value[index], rest)


def _texts(value: Value, path: Path = ()) -> Iterator[str]:
    """Yield the paths of a record's properties, as deep as suggestions need them."""
    if path:
        yield to_text(path)
    if len(path) > 6:
        return
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(inner, (*path, Segment(key=key)))
    elif isinstance(value, list) and value and path:
        yield from _texts(value[0], (*path, EACH))


class SourceField(msgspec.Struct, frozen=True):
    """A column or property that the mapping reads.

    Attributes:
        name: the first key of its path, which the record itself must have.
        text: the whole path; a column may have a dot in its name.
        place: JSON path in the document.
    """

    name: str
    text: str
    place: str
    has_default: bool = False


class NameCoverage(msgspec.Struct, frozen=True):
    """Which names some of a number of records have, and which all of them have."""

    some: frozenset[str]
    every: frozenset[str]

    def beside(self, other: NameCoverage) -> NameCoverage:
        """Return the coverage of both numbers of records together."""
        return NameCoverage(self.some | other.some, self.every & other.every)


def source_fields(mapping: MappingDocument) -> tuple[SourceField, ...]:
    """Return what the fields of a checked mapping read of raw records, in their order."""
    found = []
    for number, field in enumerate(mapping.normalization.fields):
        path = parse_path(field.source)
        if path[0].key is not None:
            place = f"$.normalization.fields[{number}].source"
            given = field.default is not None
            found.append(SourceField(path[0].key, to_text(path), place, given))
    return tuple(found)


def missing_columns(fields: Sequence[SourceField], columns: Collection[str]) -> list[Problem]:
    """Return a problem for each field that a source with only these columns lacks."""
    return [
        Problem(field.place, f"the source has no column `{field.name}`{_near(field.name, columns)}")
        for field in fields
        if field.name not in columns and field.text not in columns
    ]


def name_coverage(records: Sequence[Mapping[str, Value]], names: frozenset[str]) -> NameCoverage:
    """Return which of the names records have, whatever the value."""
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
