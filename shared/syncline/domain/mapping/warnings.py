"""What is allowed in a mapping and still probably not meant, as far as the document shows it."""

from __future__ import annotations

from collections.abc import Iterator

from syncline.domain.errors import Problem
from syncline.domain.mapping.document import Mapping, Transformation
from syncline.domain.mapping.paths import EACH, Path, parse_path, to_text


def warnings(mapping: Mapping) -> list[Problem]:
    """Say what is allowed and still probably not meant."""
    return [*_chains(mapping), *_gaps(mapping.transformation), *_alike(mapping)]


def _chains(mapping: Mapping) -> Iterator[Problem]:
    for path, field in mapping.placed_fields():
        chain = [(name.lower(), options) for name, options in field.chain]
        names = [name for name, _ in chain]
        if "tobool" in names:
            words = '`toBool` makes "N" true, as any text that is not empty; `sapYesNo` reads Y'
            yield Problem(f"{path}.transform", f"{words} and N")
        for number, name in enumerate(names):
            first = names.index(name)
            if first < number and chain[first][1] and chain[first] == chain[number]:
                words = f"`{name}` stands here twice with one set of options; give each its own"
                yield Problem(f"{path}.transform", f"{words}: `{{{name}: {{…}}}}`")


def _gaps(part: Transformation) -> Iterator[Problem]:
    """Tell indexes below others that nothing writes: they hold null, unless nulls are left out."""
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
    """Tell targets that differ in upper and lower case alone: some systems take them for one."""
    for part in ("normalization", "transformation"):
        seen: dict[str, str] = {}
        block = getattr(mapping, part)
        targets = [field.target for field in block.fields]
        targets += [fixed.target for fixed in getattr(block, "static", ())]
        for text in targets:
            other = seen.setdefault(text.casefold(), text)
            if other != text:
                message = f"`{other}` and `{text}` differ in upper and lower case alone"
                yield Problem(f"$.{part}", message)
