"""Writing the function that makes an output of a record, as Python source.

The text comes from a closed set of templates: only generated names stand in it, every key, value
and function of the mapping is bound to such a name. So it is fast and nothing a person wrote is
ever evaluated.

A place that may stay empty (a `when`, `omitNull`, an array shorter than its neighbour) is made in
a variable that holds ABSENT until something is written; so are objects and arrays that consist of
such places alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from syncline.domain.mapping.paths import Path, is_simple, reader
from syncline.domain.mapping.transformers.transformer import ValueTransformer
from syncline.domain.mapping.values.converters import sorted_keys, to_string, without_nulls
from syncline.domain.record import Record
from tests.support.row_mapping.elements import ABSENT, Make, compile_each, element_reader
from tests.support.row_mapping.fields import Field, RequiredFieldError
from tests.support.row_mapping.shape import Array, Each, Leaf, Node, Object

_BOUND: Mapping[str, Any] = {
    "nest": sorted_keys,
    "bare": without_nulls,
    "RequiredFieldError": RequiredFieldError,
    "to_string": to_string,
    "ABSENT": ABSENT,
    "NUL": "\0",
    "EMPTY": "",
    "NULL": [None],
    "NONE": {},
}


def compile_output(shape: Object) -> Callable[[Record], Record]:
    """Return the function that makes an output of a record."""
    make = _Function(frozenset(), at_root=True).made(shape, contexts=1)
    return lambda record: make(record, record)


class _Function:
    """The source of one function: of the whole output, or of an array's element.

    Args:
        optional: contexts that may be missing.
        at_root: whether context 0 is the record.
    """

    def __init__(self, optional: frozenset[int], *, at_root: bool) -> None:
        self._optional = optional
        self._at_root = at_root
        self._bound: dict[str, Any] = dict(_BOUND)
        self._lines: list[str] = []
        self._keyed: set[int] = set()
        self.is_written = at_root  # for certain, by some field; else the variable `w` tells

    def made(self, node: Node, contexts: int) -> Make:
        """Return the function that makes this node of so many contexts."""
        result, _ = self._value(node)
        head = [f"g{c} = (c{c} if type(c{c}) is dict else NONE).get" for c in sorted(self._keyed)]
        if not self.is_written:
            head.append("w = False")
            result = f"{result} if w else ABSENT"
        names = ", ".join(["root", *(f"c{number}" for number in range(contexts))])
        lines = [f"def make({names}):", *head, *self._lines, f"return {result}"]
        exec(compile("\n    ".join(lines), "<mapping>", "exec"), self._bound)
        make: Make = self._bound["make"]
        return make

    def _bind(self, value: object) -> str:
        name = f"b{len(self._bound)}"
        self._bound[name] = value
        return name

    def _name(self) -> str:
        return self._bind(None).replace("b", "v")  # its number keeps the next name apart

    def _value(self, node: Node) -> tuple[str, str | None]:
        """Write the lines that make a node.

        Returns:
            The expression for it, and the one that tells whether it is there; None: it always is.
        """
        if isinstance(node, Object):
            return self._object(node)
        if isinstance(node, Array):
            return self._array(node)
        if isinstance(node, Each):
            return self._each(node)
        if node.field is None:
            return self._bind(sorted_keys(node.value)), None
        return self._field(node, node.field)

    def _object(self, node: Object) -> tuple[str, str | None]:
        made = []
        for key in sorted(node.places):
            value, there = self._value(node.places[key])
            made.append((self._bind(key), value, there))
        if all(there is None for _, _, there in made):
            return "{" + ", ".join(f"{key}: {value}" for key, value, _ in made) + "}", None
        o = self._name()
        self._lines.append(f"{o} = {{}}")
        for key, value, there in made:
            self._lines.append(f"{'' if there is None else f'if {there}: '}{o}[{key}] = {value}")
        is_certain = any(there is None for _, _, there in made)
        return o, None if is_certain else o

    def _array(self, node: Array) -> tuple[str, str | None]:
        """Lay elements at their indexes; one that is not there leaves a null or closes up."""
        made = {index: self._value(place) for index, place in sorted(node.places.items())}
        a, gap = self._name(), self._name()
        self._lines += [f"{a} = []", f"{gap} = 0"]
        for index in range(max(made) + 1):
            value, there = made.get(index, ("", "False"))
            add = f"{a} += NULL * {gap}; {gap} = 0; {a}.append({value})"
            if index in made:
                self._lines.append(f"{'' if there is None else f'if {there}: '}{add}")
            if there is not None and index not in node.closed:
                self._lines.append(f"{f'if not ({there}): ' if index in made else ''}{gap} += 1")
        is_certain = any(there is None for _, there in made.values())
        return a, None if is_certain else a

    def _each(self, node: Each) -> tuple[str, str]:
        inside = _Function(node.optional, at_root=False)
        element = inside.made(node.element, len(node.makings) + len(node.carried))
        make = compile_each(node, element, at_root=self._at_root, is_certain=inside.is_written)
        v, contexts = self._name(), sorted(self._contexts_of(node))
        arguments = ", ".join(f"c{number}" for number in range(max(contexts, default=-1) + 1))
        self._lines.append(f"{v} = {self._bind(make)}(root, {arguments})")
        return v, self._noted(f"{v} is not ABSENT")

    @staticmethod
    def _contexts_of(node: Each) -> set[int]:
        return {making.context for making in node.makings} | set(node.carried)

    def _noted(self, there: str) -> str:
        """Note where a field may write; only an element asks whether any did."""
        if not self.is_written:
            self._lines.append(f"if {there}: w = True")
        return there

    def _field(self, leaf: Leaf, field: Field) -> tuple[str, str | None]:
        """Write the lines that bring a field's value into a variable."""
        v = self._name()
        conditions = []
        if leaf.context in self._optional:
            conditions.append(f"c{leaf.context} is not ABSENT")
        if field.when is not None:
            conditions.append(f"{self._bind(field.when)}(root)")
        lines = [f"{v} = {self._read(leaf)}", *self._steps(field, v)]
        if field.omit_null:
            lines.append(f"{v} = bare({v}, ABSENT)" if field.may_nest else
                         f"if {v} is None: {v} = ABSENT")  # fmt: skip
        if not conditions:
            self._lines += lines
        else:
            self._lines += [f"{v} = ABSENT", f"if {' and '.join(conditions)}:"]
            self._lines += [f"    {line}" for line in lines]
        if conditions or field.omit_null:
            return v, self._noted(f"{v} is not ABSENT")
        self.is_written = True
        return v, None

    def _steps(self, field: Field, v: str) -> list[str]:
        """Return the lines for default, required check, transformers and type, in that order."""
        lines = []
        if field.default is not None:
            lines.append(f"if {v} is None or {v} == EMPTY: {v} = {self._bind(field.default)}")
        if field.required:
            lines.append(f"if {v} is None or {v} == EMPTY: raise RequiredFieldError")
        for made in field.transformers:
            plain = (
                made.transform.function if isinstance(made.transform, ValueTransformer) else None
            )
            call = (
                f"{v} = {self._bind(plain)}({v})"
                if plain is not None
                else f"{v} = {self._bind(made.transform)}({v}, root)"
            )
            lines.append(call if made.takes_null else f"if {v} is not None: {call}")
        if field.convert is to_string:  # by far the most frequent: no call for plain text
            test = f"type({v}) is not str or not {v}.isascii() or NUL in {v}"
            lines.append(f"if {v} is not None and ({test}): {v} = to_string({v})")
        elif field.convert is not None:
            converted = f"{self._bind(field.convert)}({v}) if {v} != EMPTY else None"
            lines.append(f"if {v} is not None: {v} = {converted}")
        elif field.may_nest:
            lines.append(f"if type({v}) is dict or type({v}) is list: {v} = nest({v})")
        return lines

    def _read(self, leaf: Leaf) -> str:
        source, context = leaf.source, leaf.context
        if not source:
            return f"c{context}"
        if is_simple(source) and source[0].key is not None:
            self._keyed.add(context)
            return f"g{context}({self._bind(source[0].key)})"
        return f"{self._bind(self._reader(source, context))}(c{context})"

    def _reader(self, source: Path, context: int) -> Callable[[Any], Any]:
        of_root = self._at_root and context == 0
        return reader(source) if of_root else element_reader(source)
