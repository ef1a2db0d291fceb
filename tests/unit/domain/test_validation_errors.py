"""What a model refuses, in words: of pydantic models and of dataclasses alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import pytest
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from syncline.domain.errors import InvalidInputError, Problem
from syncline.domain.validation_errors import PartError, document_name, validated


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid", alias_generator=to_camel)
    page_size: int = Field(5, ge=1)


@dataclass(frozen=True)
class Range:
    __pydantic_config__ = ConfigDict(extra="forbid", alias_generator=document_name)
    low: int = 0
    high_: int = 0


def _in_order(value: Range) -> Range:
    if value.low > value.high_:
        raise PartError([Problem("$.low", "is too high"), Problem("$.high", "is too low")])
    return value


@dataclass(frozen=True)
class Outer:
    __pydantic_config__ = ConfigDict(extra="forbid", alias_generator=document_name)
    inner: Inner
    ranges: tuple[Annotated[Range, AfterValidator(_in_order)], ...] = ()


def said(value: object) -> Iterator[str]:
    with pytest.raises(InvalidInputError) as refused:
        validated(Outer, value)
    return (f"{problem.path}: {problem.message}" for problem in refused.value.problems)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({}, ["$.inner: is required"]),
        ([], ["$: must be an object, not []"]),
        ({"inner": {"pageSize": 0}}, ["$.inner.pageSize: must be at least 1, not 0"]),
        ({"inner": {"page_size": 1}},
         ["$.inner.page_size: unknown field; did you mean `pageSize`?"]),
        ({"inner": {}, "ranges": [{}, {"hihg": 1}]},
         ["$.ranges[1].hihg: unknown field; did you mean `high`?"]),
        ({"inner": {}, "ranges": [{"low": 1}], "more": 1},
         ["$.ranges[0].low: is too high", "$.ranges[0].high: is too low",
          "$.more: unknown field; known: inner, ranges"]),
    ],
)  # fmt: skip
def test_every_mistake_is_named_by_its_path(value: object, words: list[str]) -> None:
    assert list(said(value)) == words


def test_what_is_right_is_taken() -> None:
    assert validated(Outer, {"inner": {}, "ranges": [{"low": 1, "high": 2}]}) == Outer(
        Inner(), (Range(1, 2),)
    )
