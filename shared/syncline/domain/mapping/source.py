"""Writing the function that makes an output of a record, as Python source.

The text comes from a closed set of templates: only generated names stand in it, every key, value
and function of the mapping is bound to such a name. So it is fast and nothing a person wrote is
ever evaluated.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import msgspec

from syncline.domain.mapping.fields import Field, RequiredFieldError
from syncline.domain.mapping.paths import reader
from syncline.domain.mapping.transformers import value_only
from syncline.domain.mapping.values import to_string

Make: TypeAlias = Callable[[Any, dict[str, Any]], Any]
"""Takes a record (or an element of one) and the root record."""


class Leaf(msgspec.Struct):
    """A place with one value: of a field, of a function, or fixed."""

    field: Field | None = None
    make: Make | None = None
    value: Any = None


Tree: TypeAlias = "dict[str, Leaf | Tree]"


class Source:
    """The source of one function."""

    def __init__(self) -> None:
        self._bound: dict[str, Any] = {
            "nest": sorted_keys,
            "RequiredFieldError": RequiredFieldError,
            "to_string": to_string,
            "NUL": "\0",
            "EMPTY": "",
        }
        self._lines: list[str] = []

    def function(self, tree: Tree) -> Make:
        """Return the function that makes this tree."""
        result = self._object(tree)
        lines = ["get = r.get if type(r) is dict else {}.get", *self._lines, f"return {result}"]
        text = "def make(r, root):\n" + "\n".join(f"    {line}" for line in lines)
        exec(compile(text, "<mapping>", "exec"), self._bound)  # noqa: S102 - our own templates
        make: Make = self._bound["make"]
        return make

    def _bind(self, value: object) -> str:
        name = f"b{len(self._bound)}"
        self._bound[name] = value
        return name

    def _object(self, tree: Tree) -> str:
        """Write the lines that compute an object's values and return the expression for it."""
        conditional = [
            key for key, leaf in tree.items() if isinstance(leaf, Leaf) and _when(leaf) is not None
        ]
        if conditional:
            return self._object_with_conditions(tree)
        pairs = [(self._bind(key), self._value(tree[key])) for key in sorted(tree)]
        return "{" + ", ".join(f"{key}: {value}" for key, value in pairs) + "}"

    def _object_with_conditions(self, tree: Tree) -> str:
        name = f"o{len(self._bound)}"
        self._bind(name)  # keeps the next name apart
        self._lines.append(f"{name} = {{}}")
        for key in sorted(tree):
            leaf = tree[key]
            when = _when(leaf) if isinstance(leaf, Leaf) else None
            outer, self._lines = self._lines, []
            value = self._value(leaf)
            inner = [*self._lines, f"{name}[{self._bind(key)}] = {value}"]
            self._lines = outer
            if when is None:
                self._lines += inner
            else:
                self._lines.append(f"if {self._bind(when)}(root):")
                self._lines += [f"    {line}" for line in inner]
        return name

    def _value(self, leaf: Leaf | Tree) -> str:
        if isinstance(leaf, dict):
            return self._object(leaf)
        if leaf.make is not None:
            return f"{self._bind(leaf.make)}(r, root)"
        if leaf.field is None:
            return self._bind(leaf.value)
        return self._field(leaf.field)

    def _field(self, field: Field) -> str:
        """Write the lines that bring a field's value into a variable; return its name."""
        v = f"v{len(self._bound)}"
        self._bind(v)  # keeps the next name apart
        self._lines.append(f"{v} = {self._read(field)}")
        if field.default is not None:
            self._lines.append(f"if {v} is None or {v} == EMPTY: {v} = {self._bind(field.default)}")
        if field.required:
            self._lines.append(f"if {v} is None or {v} == EMPTY: raise RequiredFieldError")
        for made in field.transformers:
            plain = value_only(made.transform)
            call = (
                f"{v} = {self._bind(plain)}({v})"
                if plain is not None
                else f"{v} = {self._bind(made.transform)}({v}, root)"
            )
            self._lines.append(call if made.takes_null else f"if {v} is not None: {call}")
        if field.convert is to_string:  # by far the most frequent: no call for plain text
            test = f"type({v}) is not str or not {v}.isascii() or NUL in {v}"
            self._lines.append(f"if {v} is not None and ({test}): {v} = to_string({v})")
        elif field.convert is not None:
            converted = f"{self._bind(field.convert)}({v}) if {v} != EMPTY else None"
            self._lines.append(f"if {v} is not None: {v} = {converted}")
        elif field.may_nest:
            self._lines.append(f"if type({v}) is dict or type({v}) is list: {v} = nest({v})")
        return v

    def _read(self, field: Field) -> str:
        if not field.source:
            return "r"
        if field.key is not None:
            return f"get({self._bind(field.key)})"
        return f"{self._bind(reader(field.source))}(r)"


def _when(leaf: Leaf) -> object:
    return None if leaf.field is None else leaf.field.when


def sorted_keys(value: Any) -> Any:  # noqa: ANN401
    """Sort the keys of a value at every level."""
    if isinstance(value, dict):
        return {key: sorted_keys(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [sorted_keys(element) for element in value]
    return value
