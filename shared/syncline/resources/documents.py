"""The documents of files: what the domain describes, with their head, and secrets by reference."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import (
    Field,
    PlainValidator,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from syncline.domain.configuration.documents import (
    MASK,
    HookConfig,
    InstanceConfig,
    Kind,
    Named,
    ProfileSettings,
    ScheduleConfig,
)
from syncline.domain.document_fields import CONFIG, Text
from syncline.domain.errors import Problem
from syncline.domain.mapping.document import Mapping
from syncline.domain.notification.subscription import SubscriptionSettings
from syncline.domain.trigger import TriggerRequest
from syncline.domain.validation_errors import PartError, adapter_of

_BY_VALUE = "Secrets by value; `***` keeps the one that is stored. Never given back."
MAX_SECRET = 20_000
"""Characters; a private key has fewer."""


@dataclass(frozen=True)
class FromEnv:
    """A secret that stands in an environment variable where `syncline apply` runs."""

    __pydantic_config__ = CONFIG

    from_env: Annotated[Text, Field(description="Name of the variable.")]


@dataclass(frozen=True)
class FromFile:
    """A secret that stands in a file; a line end at its end does not belong to it."""

    __pydantic_config__ = CONFIG

    from_file: Annotated[Text, Field(description="Path, relative to this document.")]


def _reference(value: object, handler: ValidatorFunctionWrapHandler) -> object:
    """Refuse a secret's value in words that do not repeat it."""
    try:
        return handler(value)
    except ValidationError:
        allowed = f"{{fromEnv: NAME}}, {{fromFile: path}}, or `{MASK}` to keep the stored one"
        raise ValueError(f"must be a reference: {allowed}") from None


SecretReference = Annotated[FromEnv | FromFile | Literal["***"], WrapValidator(_reference)]
assert MASK == "***"


@dataclass(frozen=True, kw_only=True)
class Head(Named):
    """What every document begins with."""

    api_version: Annotated[Literal["syncline/v1"], Field(description="May be left out.")] = (
        "syncline/v1"
    )


@dataclass(frozen=True, kw_only=True)
class ProfileDocument(ProfileSettings, Head):
    """A connection profile: how to reach one system."""

    kind: Literal["Profile"]
    secrets: Annotated[
        dict[str, SecretReference],
        Field(
            description=f"Secrets by reference; `{MASK}` keeps the one that is stored.",
            json_schema_extra={"default": {}},
        ),
    ] = field(default_factory=dict)


def _secrets(value: object) -> dict[str, str]:
    """Check secrets in words that do not repeat them."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise PartError([Problem("$", "must be an object of texts by name")])
    problems = []
    for name, secret in value.items():
        if not isinstance(secret, str) or not secret:
            words = f"must be text, or `{MASK}` to keep the stored one"
            problems.append(Problem(f"$.{name}", words))
        elif len(secret) > MAX_SECRET:
            problems.append(Problem(f"$.{name}", f"may have at most {MAX_SECRET:,} characters"))
    if problems:
        raise PartError(problems)
    return value


@dataclass(frozen=True, kw_only=True)
class ProfileRequest(ProfileSettings, Head):
    """A connection profile: how to reach one system."""

    kind: Literal["Profile"]
    secrets: Annotated[
        dict[str, str],
        PlainValidator(_secrets, json_schema_input_type=dict[str, str]),
        Field(description=_BY_VALUE),
    ] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class MappingDocument(Mapping, Head):
    """A mapping: the rules for one entity type. Every change makes a new version."""

    kind: Literal["Mapping"]


@dataclass(frozen=True, kw_only=True)
class InstanceDocument(InstanceConfig, Head):
    """An instance: a source profile, a target profile, and a mapping for each entity type."""

    kind: Literal["Instance"]


@dataclass(frozen=True, kw_only=True)
class ScheduleDocument(ScheduleConfig, Head):
    """A schedule: when an instance syncs one of its entity types by itself."""

    kind: Literal["Schedule"]


@dataclass(frozen=True, kw_only=True)
class HookDocument(HookConfig, Head):
    """A hook: where a system tells which records of an instance have changed, so that they sync."""

    kind: Literal["Hook"]


@dataclass(frozen=True, kw_only=True)
class SubscriptionDocument(SubscriptionSettings, Head):
    """A subscription: who is notified when streams begin to fail, and when they recover."""

    kind: Literal["Subscription"]
    secrets: Annotated[
        dict[str, SecretReference],
        Field(
            description="`signing`: what signs a webhook; without it the stored one stays, or one "
            "is made. `url`: the address of a channel of Slack or Teams, in place of `url`.",
            json_schema_extra={"default": {}},
        ),
    ] = field(default_factory=dict)


Document = (
    ProfileDocument
    | MappingDocument
    | InstanceDocument
    | ScheduleDocument
    | HookDocument
    | SubscriptionDocument
)
REQUESTS: dict[Kind, type[Head]] = {
    Kind.PROFILE: ProfileRequest,
    Kind.MAPPING: MappingDocument,
    Kind.INSTANCE: InstanceDocument,
    Kind.SCHEDULE: ScheduleDocument,
    Kind.HOOK: HookDocument,
    Kind.SUBSCRIPTION: SubscriptionDocument,
}
"""What requests bring, by kind."""


def build_models() -> None:
    """Build what checks documents, before threads do it side by side.

    Pydantic reads docstrings by parsing the source, and Python 3.11 fails where two threads parse
    at once (cpython issue 106905).
    """
    for model in (*REQUESTS.values(), ProfileDocument, Mapping, TriggerRequest):
        adapter_of(model)
