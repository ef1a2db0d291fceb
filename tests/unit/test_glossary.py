"""Holds the glossary to the code: its names exist, and the words that it forbids are in no name."""

from __future__ import annotations

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "glossary.md").read_text()
MODULES = sorted(p for top in ("shared/syncline", "services") for p in (ROOT / top).rglob("*.py"))
FORBIDDEN = {"wish", "wishes", "told", "said", "pausing", "holding"}
PUBLISHED = {"TriedLetter"}
"""Names that clients generated from the API know."""
NOUNS = {"mapping", "tracing", "paging", "housekeeping", "firing", "masking", "naming"}
"""Words that end as a gerund does and are nouns of the field."""


def words(name: str) -> list[str]:
    """Words of a name, in lower case: `DeadLetterQueue` and `dead_letter_queue` alike."""
    return [w.lower() for w in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)]


@cache
def classes() -> frozenset[str]:
    """Names of all classes of the product."""
    trees = (ast.parse(path.read_text()) for path in MODULES)
    nodes = (node for tree in trees for node in ast.walk(tree))
    return frozenset(node.name for node in nodes if isinstance(node, ast.ClassDef))


def test_every_name_of_the_glossary_is_in_the_code() -> None:
    named = [n for row in re.findall(r"^\|[^|]+\|([^|]*)\|[^|]+\|$", PAGE, re.MULTILINE)
             for n in re.findall(r"`([^`]+)`", row)]  # fmt: skip
    assert len(named) > 40
    assert [name for name in named if name not in classes()] == []


def test_no_word_stands_twice_in_the_glossary() -> None:
    rows = re.findall(r"^\| ([^|]+) \|[^|]*\|[^|]+\|$", PAGE, re.MULTILINE)
    listed = Counter(word.strip().lower() for row in rows for word in row.split(","))
    assert [word for word, times in listed.items() if times > 1] == []


def test_no_name_has_a_word_that_means_something_else_here() -> None:
    names = {p.stem for p in MODULES} | classes()
    names -= PUBLISHED
    wrong = [name for name in sorted(names) if FORBIDDEN & set(words(name))]
    alone = [
        name
        for name in sorted(names)
        if any(w in ("letter", "letters") and before != "dead"
               for before, w in zip(["", *words(name)], words(name), strict=False))
    ]  # fmt: skip
    assert wrong == []
    assert alone == []


def test_modules_are_nouns() -> None:
    stems = {p.stem for p in MODULES}
    assert sorted(s for s in stems if s.endswith("ing") and words(s)[-1] not in NOUNS) == []
