"""Pydantic's errors in words for people: which field, what would be right, what was given."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar, cast, get_args, get_type_hints

from pydantic import AfterValidator, BaseModel, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from syncline.domain.errors import InvalidInputError, Problem
from syncline.domain.naming import NAME, meant, shown, unknown

T = TypeVar("T")

_ID = "^[0-9a-fA-F]{1,8}(-?[0-9a-fA-F]{1,4}){0,6}$"
PATTERNS = {
    NAME: "must begin with a letter or digit and have only letters, digits, space, `.`, `_`, `-`, "
    "at most 100",
    _ID: "must be a correlation ID or the beginning of one, such as 01996f4e",
}
"""Words for patterns; any other one is about characters that no text may hold."""
_TIME = "must be a time such as `2026-01-31T08:15:00Z`"
_DATE = "must be a date such as `2026-01-31`"
_WORDS = {
    "missing": "is required",
    "string": "must be text",
    "int": "must be a whole number",
    "float": "must be a number",
    "decimal": "must be a number",
    "finite": "must be a finite number",
    "bool": "must be true or false",
    "list": "must be a list",
    "tuple": "must be a list",
    "set": "must be a list",
    "dict": "must be an object",
    "mapping": "must be an object",
    "model": "must be an object",
    "dataclass": "must be an object",
    "datetime": _TIME,
    "timezone": f"{_TIME}, with its zone",
    "date": _DATE,
    "time": "must be a time of day such as `08:15`",
    "uuid": "must be a UUID such as 01996f4e-8a4c-7d50-b3c5-1f0f3c1a2b3d",
    "none": "must be left out",
}
"""By the first word of an error's type."""
_LIMITS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "greater_than": lambda ctx: f"must be more than {_number(ctx['gt'])}",
    "greater_than_equal": lambda ctx: f"must be at least {_number(ctx['ge'])}",
    "less_than": lambda ctx: f"must be less than {_number(ctx['lt'])}",
    "less_than_equal": lambda ctx: f"must be at most {_number(ctx['le'])}",
    "string_too_short": lambda ctx: _at_least(ctx["min_length"], "character"),
    "string_too_long": lambda ctx: f"may have at most {ctx['max_length']:,} characters",
    "too_short": lambda ctx: _at_least(ctx["min_length"], "entry"),
    "too_long": lambda ctx: f"may have at most {ctx['max_length']:,} entries",
    "literal_error": lambda ctx: f"must be {_one_of(ctx['expected'])}",
    "enum": lambda ctx: f"must be {_one_of(ctx['expected'])}",
    "value_error": lambda ctx: str(ctx["error"]),
    "string_pattern_mismatch": lambda ctx: PATTERNS.get(
        ctx["pattern"], "must be text that is not blank, without control characters"
    ),
}
_ALONE = ("missing", "value_error", "string_too_short", "too_short", "too_long")
"""Types of errors after which what was given is not repeated."""
_CHOICES = ("literal_error", "enum")
_UNKNOWN = ("extra_forbidden", "unexpected_keyword_argument")
"""What models and dataclasses say of a field that they do not know."""


class PartError(ValueError):
    """A validator found several mistakes; their paths begin at the part that it was given, `$`."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = tuple(problems)


def refused_as_part(read: Callable[[Any], Any]) -> AfterValidator:
    """Return the validator that reads a value by a function which raises InvalidInputError."""

    def check(value: object) -> object:
        try:
            return read(value)
        except InvalidInputError as error:
            raise PartError(error.problems) from None

    return AfterValidator(check)


def validated(model: type[T], value: object) -> T:
    """Return a plain value as `model`. Raises InvalidInputError, which names every mistake."""
    try:
        checked: T = adapter_of(cast(Hashable, model)).validate_python(value)
    except ValidationError as error:
        raise InvalidInputError(list(problems_of(error, model))) from None
    return checked


@cache
def adapter_of(model: Hashable) -> TypeAdapter[Any]:
    """Return what checks values of a model; built at the first call."""
    form: Any = model
    return TypeAdapter(form)


def document_name(field: str) -> str:
    """Return what documents call a field: `not_` is `not`, `entity_type` is `entityType`."""
    return to_camel(field.rstrip("_"))


def problems_of(
    error: ValidationError, model: type, root: str = "$", kind: str = "field"
) -> Iterator[Problem]:
    """Yield a problem for each place that a model refused, once a place, by its path below `root`.

    An unknown name is called by its kind: `unknown field; did you mean …?`.
    """
    told: set[str] = set()
    for details in error.errors():
        location = details["loc"]
        path = path_of(location, root)
        if path in told:
            continue
        told.add(path)
        refused = details.get("ctx", {}).get("error")
        if isinstance(refused, PartError):
            yield from below(path, refused.problems)
        elif details["type"] in _UNKNOWN:
            yield Problem(path, unknown(kind, location[-1], _fields_at(model, location[:-1])))
        else:
            yield Problem(path, words(details))


def below(path: str, problems: Iterable[Problem]) -> Iterator[Problem]:
    """Return the problems of a part that stands at a path, by paths of the whole."""
    return (Problem(path + problem.path[1:], problem.message) for problem in problems)


def path_of(location: Sequence[int | str], root: str = "$") -> str:
    """Return the JSON path of a place that pydantic names, such as `$.fields[2].name`."""
    return root + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)


def _fields_at(model: type, location: Sequence[int | str]) -> list[str]:
    """Return the names that the object at a location within a document knows."""
    for part in location:
        model = _model_in(_fields_of(model).get(str(part))) or model
    return list(_fields_of(model))


def _fields_of(model: type) -> dict[str, object]:
    """Return the fields of a model by the names that documents have for them."""
    if issubclass(model, BaseModel):
        return {field.alias or n: field.annotation for n, field in model.model_fields.items()}
    if not dataclasses.is_dataclass(model):
        return {}
    hints = get_type_hints(model)
    return {document_name(f.name): hints[f.name] for f in dataclasses.fields(model)}


def _model_in(annotation: object) -> type | None:
    """Return the model that a field holds: itself, in a list, or beside None."""
    if isinstance(annotation, type) and (
        issubclass(annotation, BaseModel) or dataclasses.is_dataclass(annotation)
    ):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)


def words(details: Mapping[str, Any], *, secret: bool = False) -> str:
    """Return the words for one of pydantic's `errors()`; a secret is not repeated."""
    type_ = str(details["type"])
    limit = _LIMITS.get(type_)
    said = (
        limit(details["ctx"]) if limit else _WORDS.get(type_) or _WORDS.get(type_.partition("_")[0])
    )
    said = said or str(details["msg"]).removeprefix("Input ").replace("should be", "must be")
    if secret or type_ in _ALONE or "input" not in details:
        return said
    choices = _names(details["ctx"]["expected"]) if type_ in _CHOICES else []
    return f"{said}, not {shown(details['input'])}{meant(details['input'], choices)}"


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.10g}"


def _at_least(least: int, what: str) -> str:
    return "must not be empty" if least == 1 else f"must have at least {least} {what}s"


def _one_of(expected: str) -> str:
    """Return `'a', 'b' or 'c'` as `one of a, b, c`, and a single one as it is."""
    names = _names(expected)
    return f"one of {', '.join(names)}" if len(names) > 1 else f"`{names[0]}`"


def _names(expected: str) -> list[str]:
    return [name.strip("'") for name in expected.replace(" or ", ", ").split(", ")]
