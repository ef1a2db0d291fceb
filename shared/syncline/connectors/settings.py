"""What a person writes for a connector, as models: checks and forms come from them.

A connector has one model for each block: a profile's settings, its secrets, and what a mapping says
of its source and its target.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel
from pydantic.config import JsonDict
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from syncline.connectors.errors import refusal
from syncline.domain.errors import Problem
from syncline.domain.record import JsonObject, Value
from syncline.domain.validation_errors import PartError, problems_of

TARGET = "$.transformation.target"
"""Where a mapping has its target block."""
S = TypeVar("S", bound="ConnectorSettings")
Contradictions: TypeAlias = Iterator[tuple[str, str]]
"""Fields as they are written, "" for the block itself, each with a message."""


class ConnectorSettings(BaseModel):
    """A block of settings. Nothing is coerced, nothing unknown is taken.

    A field with a value of `left_out` counts as not given. The text below a field is its form's
    description.
    """

    model_config = ConfigDict(
        alias_generator=to_camel,
        arbitrary_types_allowed=True,
        extra="forbid",
        frozen=True,
        strict=True,
        use_attribute_docstrings=True,
    )
    left_out: ClassVar[tuple[object, ...]] = (None,)

    def contradictions(self) -> Contradictions:
        """Yield what does not go together."""
        yield from ()

    @model_validator(mode="before")
    @classmethod
    def _without_blanks(cls, given: object) -> object:
        if not isinstance(given, Mapping):
            return given
        known = {field.alias for field in cls.model_fields.values()}
        return {n: v for n, v in given.items() if v not in cls.left_out or n not in known}

    @model_validator(mode="after")
    def _without_contradictions(self: S) -> S:
        refuse(list(self.contradictions()))
        return self


def refuse(found: Sequence[tuple[str, str]]) -> None:
    """Raise PartError with a message for each of the fields found, if there are any."""
    if found:
        paths = [f"$.{field}" if field else "$" for field, _ in found]
        raise PartError([Problem(at, words) for at, (_, words) in zip(paths, found, strict=True)])


class NoSecrets(ConnectorSettings):
    """Of a connector that needs no login."""


def advanced(default: object, title: str, ge: int | None = None, le: int | None = None) -> Any:  # noqa: ANN401
    """Make a field that most leave alone; forms show it last."""
    extra: JsonDict = {"x-advanced": True}
    return Field(default, title=title, json_schema_extra=extra, ge=ge, le=le)


def needed(title: str, when: JsonDict) -> Any:  # noqa: ANN401 - as Field does
    """Make a text that is required where the setting counts at all, as `when` says."""
    return Field("", title=title, json_schema_extra={"x-required": True, **when})


def labelled(default: str, title: str, labels: JsonDict, when: JsonDict | None = None) -> Any:  # noqa: ANN401
    """Make a choice whose words have labels for people."""
    return Field(default, title=title, json_schema_extra={"x-labels": labels, **(when or {})})


def secret(title: str, when: JsonDict | None = None) -> Any:  # noqa: ANN401 - as Field does
    """Make the field of a secret; `when` says which settings it belongs to."""
    return Field(None, title=title, json_schema_extra={"writeOnly": True, **(when or {})})


def problems(
    model: type[ConnectorSettings], given: Mapping[str, Any], root: str, kind: str = "setting"
) -> list[Problem]:
    """Name every mistake of a block, by its path below `root`."""
    try:
        model.model_validate(given)
    except ValidationError as error:
        return list(problems_of(error, model, root, kind))
    return []


def read(model: type[S], given: Mapping[str, Any], root: str, code: str = "invalid_mapping") -> S:
    """Read a block that was checked when it was saved. Raises ConnectorError on a mistake."""
    try:
        return model.model_validate(given)
    except ValidationError as error:
        first = next(problems_of(error, model, root, "setting"))
        raise refusal(code, f"{first.path}: {first.message}") from error


def read_profile(model: type[S], config: Mapping[str, Any]) -> S:
    """Read a profile's settings. Raises ConnectorError as `read` does."""
    return read(model, config, "$.config", "invalid_profile")


def form_of(model: type[ConnectorSettings]) -> JsonObject:
    """Return the JSON Schema of a block, in one piece and with the words that are for people."""
    schema = model.model_json_schema(schema_generator=_FormSchema)
    parts = schema.pop("$defs", {})
    form: JsonObject = _inlined({"properties": {}, **_nameless(schema)}, parts)
    return form


def _inlined(schema: object, parts: JsonObject) -> Value:
    if isinstance(schema, list):
        return [_inlined(each, parts) for each in schema]
    if not isinstance(schema, dict):
        return schema
    named = _nameless(parts[schema["$ref"].rpartition("/")[2]]) if "$ref" in schema else {}
    own = {name: part for name, part in schema.items() if name != "$ref"}
    return {name: _inlined(part, parts) for name, part in {**named, **own}.items()}


def _nameless(schema: Mapping[str, Any]) -> JsonObject:
    """Leave out a class's name and docstring, which are for programmers."""
    return {name: part for name, part in schema.items() if name not in ("title", "description")}


class _FormSchema(GenerateJsonSchema):
    """Leaves out titles that nobody wrote, null, and defaults that mean nothing."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ANN401 - pydantic's own union
        return False

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        default = schema.get("default")
        if isinstance(default, str | int | float) and default != "":
            return super().default_schema(schema)
        return self.generate_inner(schema["schema"])
