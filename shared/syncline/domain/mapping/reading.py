"""Reading an object of a person's document, collecting what is wrong with it by JSON path."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, TypeVar

from syncline.domain.errors import Problem
from syncline.domain.naming import meant, shown, unknown_field

_Choice = TypeVar("_Choice", bound=StrEnum)
_ABSENT = object()


class Reader:
    """One object of the document; all readers of a document share one list of problems."""

    def __init__(
        self, value: object, path: str, problems: list[Problem], *, strict: bool = True
    ) -> None:
        self._path = path
        self.problems = problems
        self._strict = strict
        self._asked: set[str] = set()
        self.is_absent = value is _ABSENT or value is None
        self._data: Mapping[str, Any] = value if isinstance(value, Mapping) else {}
        self._broken = not isinstance(value, Mapping)
        if self._broken and not self.is_absent:
            self.problem(None, f"must be an object, not {shown(value)}")

    def problem(self, name: str | None, message: str) -> None:
        """Note a mistake in a field, or in the object itself."""
        self.problems.append(Problem(f"{self._path}.{name}" if name else self._path, message))

    def refuse(self, name: str | None, message: str) -> None:
        """Note what documents of earlier releases were let pass with."""
        if self._strict:
            self.problem(name, message)

    def has(self, name: str) -> bool:
        return self._data.get(name) is not None

    def forgive(self) -> None:
        """Do not complain about unknown fields: the object as a whole was refused."""
        self._asked |= set(self._data)

    def refuse_unknown(self) -> None:
        """Note every field that nobody asked for."""
        for name in self._data.keys() - self._asked:
            self.problem(str(name), unknown_field(name, self._asked))

    def _get(self, name: str) -> Any:  # noqa: ANN401
        self._asked.add(name)
        return self._data.get(name)

    def anything(self, name: str) -> Any:  # noqa: ANN401
        return self._get(name)

    def text(self, name: str, *, required: bool = False) -> str:
        value = self._get(name)
        if value is None or value == "":
            if required and not self._broken:
                self.problem(name, "is required")
            return ""
        if not isinstance(value, str):
            self.problem(name, f"must be text, not {shown(value)}")
            return ""
        return value

    def texts(self, name: str, *, single: bool = False) -> list[str]:
        """Read a list of texts; with `single` also one text alone."""
        value = self._get(name)
        if value is None:
            return []
        if single and isinstance(value, str):
            return [value]
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            self.problem(name, f"must be a list of texts, not {shown(value)}")
            return []
        return value

    def boolean(self, name: str, *, default: bool) -> bool:
        value = self._get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.problem(name, f"must be true or false, not {shown(value)}")
            return default
        return value

    def choice(self, name: str, kind: type[_Choice], default: _Choice) -> _Choice:
        value = self._get(name)
        if value is None:
            return default
        try:
            return kind(value)
        except ValueError:  # told as a problem, which refuses the document
            self.problem(name, f"must be one of {', '.join(kind)}, not {shown(value)}")
            return default

    def mapping(self, name: str) -> dict[str, Any]:
        value = self._get(name)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.problem(name, f"must be an object, not {shown(value)}")
            return {}
        return value

    def child(self, name: str, *, required: bool = False) -> Reader:
        value = self._get(name)
        if value is None:
            if required and not self._broken:
                self.problem(name, "is required")
            value = _ABSENT
        return self._inner(value, name)

    def children(self, name: str) -> list[Reader]:
        value = self._get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            self.problem(name, f"must be a list, not {shown(value)}")
            return []
        for number, part in enumerate(value):
            if part is None:
                self.problem(f"{name}[{number}]", "must be an object, not null")
        return [self._inner(v, f"{name}[{n}]") for n, v in enumerate(value)]

    def _inner(self, value: object, name: str) -> Reader:
        return Reader(value, f"{self._path}.{name}", self.problems, strict=self._strict)


def near(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean …?` where one of the known words is like it, else nothing."""
    return meant(word, known)
