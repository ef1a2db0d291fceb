"""YAML as files of people need it: YAML 1.2's core types, so that `no` and `2024-01-01` are text.

Every value remembers its line, doubled keys are refused, and a number keeps its meaning: `007` is
text, as it would lose its zeros.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

import msgspec
import yaml

from syncline.domain.record import JsonObject, Value, is_storable

_MAX_VALUES = 200_000
_TAG = "tag:yaml.org,2002:"
_RESOLVERS = {
    "null": (re.compile(r"(?:~|null|Null|NULL|)\Z"), ["~", "n", "N", ""]),
    "bool": (re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z"), list("tTfF")),
    "int": (re.compile(r"[-+]?(?:0|[1-9][0-9]*)\Z"), list("-+0123456789")),
    "float": (
        re.compile(r"[-+]?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?\Z"),
        list("-+0123456789"),
    ),
}


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers: JsonObject = {}  # noqa: RUF012 - PyYAML's way


class Dumper(yaml.SafeDumper):
    """Writes texts so that readers of YAML 1.1 and 1.2 both take them for texts."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, indentless=False)


for _name, (_pattern, _first) in _RESOLVERS.items():
    _Loader.add_implicit_resolver(_TAG + _name, _pattern, _first)
    Dumper.add_implicit_resolver(_TAG + _name, _pattern, _first)


class ParsedDocument(msgspec.Struct, frozen=True):
    """One document: its plain value, and the line of each value by its JSON path."""

    value: object
    lines: dict[str, int]


class YamlError(Exception):
    """What is wrong with the text as YAML; `line` counts from 1."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


def read_all(text: str) -> list[ParsedDocument]:
    """Read every document of a text; empty ones are left out.

    Raises YamlError: it is no YAML, or holds what no configuration needs.
    """
    try:
        nodes = list(yaml.compose_all(text, Loader=_Loader))
        found = [_NodeReader().document(node) for node in nodes]
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise YamlError(_words(error.problem), mark.line + 1 if mark else None) from None
    except (yaml.YAMLError, ValueError) as error:
        raise YamlError(str(error)) from None
    except RecursionError:
        raise YamlError("nested too deeply") from None
    return [document for document in found if document.value is not None]


_WORDS = {
    "found character '\\t'": "a tab stands here: YAML is indented with blanks",
    "mapping values are not allowed": "a colon stands where no value can begin: put the text in "
    "quotes, or look at the indentation",
    "could not find expected ':'": "a `:` is missing behind a name",
    "expected <block end>": "the indentation does not fit the lines before",
    "did not find expected": "the indentation does not fit the lines before",
    "expected ',' or": "a bracket is not closed, or a comma is missing",
    "found undefined alias": "no anchor `&…` of that name stands before",
    "found unexpected end of stream": "a quote is not closed",
    "found unexpected document separator": "a quote is not closed",
    "found unknown escape character": "a backslash in double quotes stands for nothing: take "
    "single quotes",
    "found character": "a text that begins like this must stand in quotes",
}
"""What the reader of YAML says first, and what it means to who wrote the file."""


def _words(problem: str | None) -> str:
    said = problem or "no YAML"
    return next((words for begin, words in _WORDS.items() if said.startswith(begin)), said)


class _NodeReader:
    """Turns the nodes of one document into values."""

    def __init__(self) -> None:
        self._lines: dict[str, int] = {}
        self._count = 0

    def document(self, node: yaml.Node) -> ParsedDocument:
        return ParsedDocument(self._value(node, "$"), self._lines)

    def _value(self, node: yaml.Node, path: str) -> Value:
        line = node.start_mark.line + 1
        self._lines[path] = line
        self._count += 1
        if self._count > _MAX_VALUES:
            raise YamlError(f"more than {_MAX_VALUES:,} values in one document", line)
        if isinstance(node, yaml.MappingNode):
            return dict(self._pairs(node, path))
        if isinstance(node, yaml.SequenceNode):
            return [self._value(child, f"{path}[{n}]") for n, child in enumerate(node.value)]
        return _scalar(node, line)

    def _pairs(self, node: yaml.MappingNode, path: str) -> Iterator[tuple[str, object]]:
        seen: set[str] = set()
        for key_node, child in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise YamlError("a key must be text", line)
            key = str(key_node.value)
            if key in seen:
                raise YamlError(f"the key `{key}` stands twice", line)
            seen.add(key)
            yield key, self._value(child, f"{path}.{key}")
            self._lines[f"{path}.{key}"] = line


def _scalar(node: yaml.Node, line: int) -> Value:
    text, kind = str(node.value), node.tag.removeprefix(_TAG)
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() == "true"
    if kind == "int":
        return _integer(text, line)
    if kind == "float":
        number = float(text)
        if not math.isfinite(number):
            raise YamlError(f"the number {text[:40]} is too large", line)
        return number
    if kind != "str":
        raise YamlError(f"the tag {node.tag} is not allowed", line)
    return _text(text, line)


def _integer(text: str, line: int) -> int:
    if len(text) > 100:
        raise YamlError("a whole number may have at most 100 digits", line)
    return int(text)


def _text(text: str, line: int) -> str:
    if not is_storable(text):
        raise YamlError("a text may hold no NUL and no lone surrogate", line)
    return text
