"""A GraphQL document, read just so far that its mistakes show where it enters. Pure.

Whether a field exists only the API can tell; whether the text can be sent at all is told here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from syncline.domain.naming import shown

_WORD = re.compile(
    r"""(?P<skip>[\s,\ufeff]+|\#[^\n\r]*)
    |(?P<text>\"{3}(?:\\\"{3}|(?!\"{3}).)*\"{3}|"(?!"")(?:[^"\\\n]|\\.)*"|"")
    |(?P<variable>\$[_A-Za-z]\w*)|(?P<name>[_A-Za-z]\w*)
    |(?P<number>-?\d[\d.eE+-]*)|(?P<sign>\.{3}|[!&()\[\]{}:=@|])""",
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_PAIRS = {")": "(", "]": "[", "}": "{"}
_OPENING = frozenset(_PAIRS.values())
_KINDS = ("query", "mutation")


class Document(msgspec.Struct, frozen=True):
    """A GraphQL document with one operation.

    Attributes:
        text: as it is sent.
        kind: `query` or `mutation`.
        variables: those that the operation declares -> whether it cannot go without.
    """

    text: str
    kind: str
    variables: Mapping[str, bool]


class _Word(msgspec.Struct, frozen=True):
    kind: str
    text: str
    line: int


def parse_document(given: object) -> Document:
    """Read a document. Raises ValueError, which says what is wrong and in which line."""
    if not isinstance(given, str) or not given.strip():
        raise ValueError(f"must be a GraphQL document, not {shown(given)}")
    definitions = list(_definitions(_words(given)))
    operations = [words for words in definitions if words[0].text != "fragment"]
    if not operations:
        raise ValueError("holds no query and no mutation")
    if len(operations) > 1:
        line = operations[1][0].line
        raise ValueError(f"line {line}: holds a second operation; it may have one")
    kind, declared = _kind_of(operations[0][0]), _declared(operations[0])
    used = {word.text[1:] for words in definitions for word in words if word.kind == "variable"}
    if unknown := sorted(used - declared.keys()):
        raise ValueError(f"uses ${unknown[0]}, which it does not declare")
    return Document(given, kind, declared)


def _kind_of(first: _Word) -> str:
    if first.text == "{":
        return "query"
    if first.text not in _KINDS:
        message = f"begins with {first.text!r}; it must be a query or a mutation"
        raise ValueError(f"line {first.line}: {message}")
    return first.text


def _definitions(words: Iterable[_Word]) -> Iterator[list[_Word]]:
    """Yield the words of each operation and fragment. Raises ValueError: the last has no end."""
    found: list[_Word] = []
    depth = 0
    for word in words:
        found.append(word)
        depth += (word.text in _OPENING) - (word.text in _PAIRS)
        if depth == 0 and word.text == "}":
            yield found
            found = []
    if found:
        raise ValueError(f"line {found[0].line}: ends before its fields, which stand in {{ }}")


def _words(text: str) -> Iterator[_Word]:
    """Yield the words of a document. Raises ValueError: one is none, or has no partner."""
    opened: list[_Word] = []
    place, line = 0, 1
    while place < len(text):
        found = _WORD.match(text, place)
        if found is None:
            raise ValueError(f"line {line}: {text[place : place + 20]!r} is no GraphQL")
        place = found.end()
        word = _Word(str(found.lastgroup), found[0], line)
        line += word.text.count("\n")
        if word.text in _OPENING:
            opened.append(word)
        elif word.text in _PAIRS and (not opened or opened.pop().text != _PAIRS[word.text]):
            raise ValueError(f"line {line}: {word.text!r} closes nothing that is open")
        if word.kind != "skip":
            yield word
    if opened:
        raise ValueError(f"line {opened[-1].line}: {opened[-1].text!r} is not closed")


def _declared(operation: Sequence[_Word]) -> dict[str, bool]:
    """Return the variables that an operation declares, and whether each is required."""
    declared: dict[str, bool] = {}
    depth = 0
    for place, word in enumerate(operation):
        if word.text == "{" and depth == 0:
            break
        depth += (word.text in _OPENING) - (word.text in _PAIRS)
        if word.kind == "variable" and depth == 1 and operation[place + 1].text == ":":
            declared[word.text[1:]] = _is_required(operation[place + 2 :])
    return declared


def _is_required(words: Iterable[_Word]) -> bool:
    """Tell whether a type ends with `!` and has no default."""
    required, depth = False, 0
    for word in words:
        if word.kind == "variable" or word.text in (")", "=", "@"):
            return required and word.text != "="
        depth += (word.text == "[") - (word.text == "]")
        required = depth == 0 and word.text == "!"
    return required
