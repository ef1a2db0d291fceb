"""Plain JSON values as structs: every mistake at once, in words for people."""

from __future__ import annotations

import json
from functools import cache, reduce
from operator import or_
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

import msgspec
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, create_model

from syncline.domain.errors import InvalidInputError, Problem
from syncline.domain.validation_errors import problems_of

T = TypeVar("T", bound=msgspec.Struct)
_encode = msgspec.json.Encoder(decimal_format="number").encode
_LIMITS = ("gt", "ge", "lt", "le", "min_length", "max_length", "pattern")


def converted(value: object, kind: type[T], path: str = "$") -> T:
    """Return a plain value as a struct; the path is where the value is in its document.

    msgspec names only the first mistake, in words for programmers. So a value that it refuses is
    checked by a pydantic model of the same fields, which names them all.

    Raises InvalidInputError, which names every mistake by its JSON path.
    """
    try:
        return msgspec.convert(value, kind)
    except (msgspec.ValidationError, RecursionError) as error:
        at = path + str(error).partition(" - at `$")[2].rstrip("`")
        problems = _problems(value, _model(kind), path)
        raise InvalidInputError(problems or [Problem(at, "has a wrong value")]) from None


def _problems(value: object, model: type[BaseModel], path: str) -> list[Problem]:
    try:
        model.model_validate_json(_encode(value))
    except ValidationError as error:
        return list(problems_of(error, model, path))
    except (ValueError, RecursionError):  # no valid JSON: a lone surrogate, too deep
        return []
    return []


@cache
def _model(kind: type[msgspec.Struct]) -> type[BaseModel]:
    """Return the pydantic model of a struct's fields, with their JSON names."""
    extra: Literal["forbid", "ignore"] = (
        "forbid" if kind.__struct_config__.forbid_unknown_fields else "ignore"
    )
    fields: Any = {
        f.name: (_described(f.type), Field(... if f.required else None, alias=f.encode_name))
        for f in msgspec.structs.fields(kind)
    }
    config = ConfigDict(extra=extra, strict=True, regex_engine="python-re")
    model: type[BaseModel] = create_model(kind.__name__, __config__=config, **fields)
    return model


def _described(kind: object) -> object:
    """Return the pydantic form of a msgspec type: structs as models, limits as a Field."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return _model(kind)
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Annotated:
        inner, meta = _described(parts[0]), parts[1]
        limits = {name: limit for name in _LIMITS if (limit := getattr(meta, name)) is not None}
        return AwareDatetime if meta.tz else Annotated[inner, Field(**limits)]
    if origin in (None, Literal):
        return kind
    inside = tuple(map(_described, parts))
    return reduce(or_, inside) if origin in (Union, UnionType) else origin[inside]


def malformed_at(text: str | bytes) -> str | None:
    """Return line, column and what is wrong there; None if the parser gives no position."""
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return f"line {error.lineno}, column {error.colno}: {error.msg}"
    except (ValueError, RecursionError):  # no UTF-8, a number of 5,000 digits, nested too deeply
        return None
    return None
