"""Checks mapping documents: each part, and that a part reads only what the one before gives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

import msgspec

from syncline.domain.document_fields import drop_nulls
from syncline.domain.errors import InvalidInputError, Problem
from syncline.domain.mapping.chains import unread_options
from syncline.domain.mapping.condition import Condition
from syncline.domain.mapping.conformance import conformance_problems
from syncline.domain.mapping.document import FieldType, Mapping, Normalization, Transformation
from syncline.domain.mapping.paths import EACH, Path, Segment, parse_path, to_text
from syncline.domain.mapping.transformers.options import Options
from syncline.domain.mapping.transformers.registry import READS
from syncline.domain.mapping.values.literals import unusable
from syncline.domain.mapping.written_paths import unmade_elements
from syncline.domain.naming import meant
from syncline.domain.validation_errors import below, validated

MOST_COMPARED = 5_000
"""Pairs of a wrong path and a name that are compared for hints: each pair takes long."""
_OPEN = frozenset({FieldType.OBJECT, FieldType.ARRAY})


class _CanonicalValue(msgspec.Struct):
    """A place of the canonical record; it has a `type` if a field writes it whole."""

    type: FieldType | None = None
    inside: dict[Segment, _CanonicalValue] = {}


class CanonicalShape:
    """The shape of the canonical record that a normalization makes."""

    def __init__(self, normalization: Normalization) -> None:
        self.names = [field.target for field in normalization.fields]
        self._left = MOST_COMPARED
        self._root = _CanonicalValue()
        for field in normalization.fields:
            place = self._root
            for segment in parse_path(field.target):
                place = place.inside.setdefault(segment, _CanonicalValue())
            place.type = field.type

    def refusal(self, text: str) -> str | None:
        """Return why a path can never find a value; None if it can."""
        path = parse_path(text)
        if Segment(key=text) in self._root.inside or self._gives(self._root, path):
            return None
        self._left -= len(self.names)
        near = meant(text, self.names) if self._left >= 0 else ""
        return f"no normalization field gives `{text}`{near}"

    def _gives(self, place: _CanonicalValue, path: Path) -> bool:
        if place.type is not None:
            return not path or place.type in _OPEN or path == (EACH,)
        if not path:
            return True
        step, rest = path[0], path[1:]
        if step in place.inside:
            return self._gives(place.inside[step], rest)
        if step.key is not None:
            return False
        elements = [inner for segment, inner in place.inside.items() if segment.key is None]
        is_each = step == EACH or EACH in place.inside
        return is_each and any(self._gives(inner, rest) for inner in elements)


def problems_of(mapping: Mapping) -> Iterator[Problem]:
    """Yield what is wrong between parts: options nothing reads, paths that nothing gives."""
    yield from below("$.normalization", conformance_problems(mapping.normalization))
    canonical = CanonicalShape(mapping.normalization)
    part = mapping.transformation
    for place, field in mapping.placed_fields():
        yield from below(place, unread_options(field.transform, field.options))
    static = [fixed.target for fixed in part.static]
    unmade = unmade_elements([field.target for field in part.fields], static)
    yield from below("$.transformation", unmade)
    for path, text in _read_by(part):
        message = canonical.refusal(text)
        if message is not None:
            yield Problem(path, message)
    made = {parse_path(text): text for text in part.target_paths}
    for key in part.match_key:
        if _parsed(key) not in made:
            message = f"no field writes `{key}`{meant(key, sorted(made.values()))}"
            yield Problem("$.transformation.matchKey", message)
    yield from _on_create(part)
    yield from _verified(part, made)


def _on_create(part: Transformation) -> Iterator[Problem]:
    """Yield what `onCreate` names and no field writes, and what finds the record."""
    tops = sorted({str(parse_path(text)[0].key) for text in part.target_paths})
    keys = {path[0].key for text in part.match_key if (path := _parsed(text))}
    for number, name in enumerate(part.on_create):
        place = f"$.transformation.onCreate[{number}]"
        if name not in tops:
            message = f"no field writes `{name}` at the payload's top{meant(name, tops)}"
            yield Problem(place, message)
        elif name in keys:
            yield Problem(place, "is the match key, which every write needs")


def _verified(part: Transformation, made: dict[Path, str]) -> Iterator[Problem]:
    """Yield what `verify` names and no field writes; `made` are the paths that are written."""
    for text in () if isinstance(part.verify, bool) else part.verify:
        wanted = parse_path(text)
        if not any(wanted[: len(each)] == each or each[: len(wanted)] == wanted for each in made):
            message = f"no field writes `{text}`{meant(text, sorted(made.values()))}"
            yield Problem("$.transformation.verify", message)


def _parsed(text: str) -> Path | None:
    try:
        return parse_path(text)
    except ValueError:  # the check of the field itself reports it
        return None


def _read_by(part: Transformation) -> Iterator[tuple[str, str]]:
    """Yield each path of the canonical record that the part reads, after its JSON path."""
    for number, field in enumerate(part.fields):
        place = f"$.transformation.fields[{number}]"
        yield f"{place}.source", field.source
        for name, options in field.chain:
            yield from ((f"{place}.options", text) for text in read_by_options(name, options))
        if field.when is not None:
            yield from conditions(field.when, f"{place}.when")
    if part.exclude is not None:
        yield from conditions(part.exclude, "$.transformation.exclude")


def read_by_options(name: str, options: Options) -> list[str]:
    """Return the paths of other fields that a transformer reads."""
    found: list[str] = []
    for option in READS.get(name.lower(), ()):
        value = options.get(option)
        found += [value] if isinstance(value, str) else value if isinstance(value, list) else []
    return found


def conditions(condition: Condition, path: str) -> Iterator[tuple[str, str]]:
    """Yield each field that a condition tests, after its JSON path."""
    if condition.field is not None:
        yield f"{path}.field", condition.field
    for name, inner in (("all", condition.all), ("any", condition.any)):
        for number, one in enumerate(inner or ()):
            yield from conditions(one, f"{path}.{name}[{number}]")
    if condition.not_ is not None:
        yield from conditions(condition.not_, f"{path}.not")


M = TypeVar("M", bound=Mapping)


def parse(document: object, *, stored: bool = False) -> Mapping:
    """Check a decoded mapping document. Raises InvalidInputError, which names every mistake.

    A `stored` one is spared the checks of values and between parts: newer releases may have added
    some, and it must go on working.
    """
    return parse_as(Mapping, document, stored=stored)


def parse_as(model: type[M], document: object, *, stored: bool = False) -> M:
    """Check a mapping document that may have more fields. Raises as `parse`."""
    problems = [] if stored else list(unusable(document))
    try:
        mapping = validated(model, drop_nulls(document))
    except InvalidInputError as error:
        raise InvalidInputError([*error.problems, *problems]) from None
    if not problems and not stored:
        problems += problems_of(mapping)
    if problems:
        raise InvalidInputError(problems)
    return mapping


def warnings(mapping: Mapping) -> list[Problem]:
    """Return warnings about what is allowed but probably a mistake."""
    return [*_chains(mapping), *_gaps(mapping.transformation), *_alike(mapping)]


def _chains(mapping: Mapping) -> Iterator[Problem]:
    for path, field in mapping.placed_fields():
        chain = [(name.lower(), options) for name, options in field.chain]
        names = [name for name, _ in chain]
        if "tobool" in names:
            words = '`toBool` makes every text true that is not empty, also "N"; for Y and N there'
            yield Problem(f"{path}.transform", f"{words} is `sapYesNo`")
        for number, name in enumerate(names):
            first = names.index(name)
            if first < number and chain[first][1] and chain[first] == chain[number]:
                words = f"`{name}` is here twice with the same options; give each its own"
                yield Problem(f"{path}.transform", f"{words}: `{{{name}: {{…}}}}`")


def _gaps(part: Transformation) -> Iterator[Problem]:
    """Warn of array indexes that nothing writes and that will hold null."""
    written: dict[Path, set[int]] = {}
    for text in part.target_paths:
        path = parse_path(text)
        for place, segment in enumerate(path):
            if segment.index is not None and segment != EACH:
                written.setdefault(path[:place], set()).add(segment.index)
    for path, indexes in written.items():
        missing = sorted(set(range(max(indexes))) - indexes)
        if missing and not part.omit_null:
            message = f"nothing writes `{to_text(path)}[{missing[0]}]`: it will hold null"
            yield Problem("$.transformation.fields", message)


def _alike(mapping: Mapping) -> Iterator[Problem]:
    """Warn of targets that differ only in upper and lower case: some systems take them for one."""
    for part in ("normalization", "transformation"):
        seen: dict[str, str] = {}
        block = getattr(mapping, part)
        targets = [field.target for field in block.fields]
        targets += [fixed.target for fixed in getattr(block, "static", ())]
        for text in targets:
            other = seen.setdefault(text.casefold(), text)
            if other != text:
                message = f"`{other}` and `{text}` differ only in upper and lower case"
                yield Problem(f"$.{part}", message)
