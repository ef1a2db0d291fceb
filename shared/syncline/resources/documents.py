"""The documents that a person writes; of mappings `mapping_document` knows."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic.alias_generators import to_camel

from syncline.domain.configuration.documents import MASK
from syncline.domain.naming import NAME


class Strict(BaseModel):
    """Nothing is coerced and nothing unknown is taken."""

    model_config = ConfigDict(extra="forbid", strict=True, alias_generator=to_camel)


class FromEnv(Strict):
    """A secret that stands in an environment variable where `syncline apply` runs."""

    from_env: Annotated[str, Field(min_length=1, description="Name of the variable.")]


class FromFile(Strict):
    """A secret that stands in a file; a line end at its end does not belong to it."""

    from_file: Annotated[str, Field(min_length=1, description="Path, relative to this document.")]


def _reference(value: object, handler: ValidatorFunctionWrapHandler) -> object:
    """Refuse a secret's value in words that do not repeat it."""
    try:
        return handler(value)
    except ValidationError:
        allowed = f"{{fromEnv: NAME}}, {{fromFile: path}}, or `{MASK}` to keep the stored one"
        raise ValueError(f"must be a reference: {allowed}") from None


SecretReference = Annotated[FromEnv | FromFile | Literal["***"], WrapValidator(_reference)]
assert MASK == "***"


class Retry(Strict):
    """How failures of calls to this system are tried again."""

    retries: int = Field(3, ge=0, le=10, description="Attempts after the first one.")
    base: float = Field(
        2.0, gt=0, le=300, description="Seconds before the first retry; then 4 times that."
    )
    cap: float = Field(32.0, gt=0, le=300, description="Seconds that no delay exceeds.")


class Document(Strict):
    """What every document begins with."""

    api_version: Literal["syncline/v1"] = Field("syncline/v1", description="May be left out.")
    name: str = Field(
        pattern=NAME,
        description="Unique in its kind: letters, digits, space, `.`, `_`, `-`; at most 100.",
    )


class ProfileDocument(Document):
    """A connection profile: how to reach one system."""

    kind: Literal["Profile"]
    connector: str = Field(min_length=1, description="Connector type, such as `postgresql`.")
    config: dict[str, Any] = Field({}, description="The connector's settings, without secrets.")
    secrets: dict[str, SecretReference] = Field(
        {}, description=f"Secrets by reference; `{MASK}` keeps the one that is stored."
    )
    active: bool = Field(True, description="Whether instances may use it.")
    max_concurrent: int = Field(
        10, ge=1, le=100, description="Calls in flight, over all processes and runs."
    )
    rate: float | None = Field(
        None, gt=0, le=100_000, description="Calls per second; none: no limit."
    )
    retry: Retry = Field(Retry(), description="How failures are tried again.")


class InstanceDocument(Document):
    """An instance: a source profile, a target profile, and a mapping for each entity type."""

    kind: Literal["Instance"]
    source: str = Field(min_length=1, description="Name of the source's profile.")
    target: str = Field(min_length=1, description="Name of the target's profile.")
    mappings: list[str] = Field([], description="Names of mappings, one for each entity type.")
    enabled: bool = Field(True, description="Whether it may run.")


class ScheduleDocument(Document):
    """A schedule: when an instance syncs one of its entity types by itself."""

    kind: Literal["Schedule"]
    instance: str = Field(min_length=1, description="Name of the instance; it never changes.")
    entity_type: str = Field(min_length=1, description="Such as `item`; it never changes.")
    cron: str = Field(
        min_length=1,
        description="Minute, hour, day of month, month, day of week: `0 5 * * MON-FRI`.",
    )
    timezone: str = Field("UTC", description="IANA time zone, such as `Europe/Berlin`.")
    enabled: bool = Field(True, description="Whether it fires.")
