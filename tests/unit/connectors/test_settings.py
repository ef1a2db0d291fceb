"""Blocks of settings: what is wrong is told by its place, all at once, in words for people."""

from __future__ import annotations

from typing import Annotated

import pytest
from pydantic import AfterValidator, Field

from syncline.connectors.port import ConnectorError
from syncline.connectors.settings import ConnectorSettings, Contradictions, problems, read, refuse


def _short_names(given: dict[str, str]) -> dict[str, str]:
    refuse([(name, "is too long") for name in given if len(name) > 3])
    return given


class Inner(ConnectorSettings):
    low: int = 0
    high: int = Field(9, le=9)

    def contradictions(self) -> Contradictions:
        if self.low > self.high:
            yield "low", "must not be above `high`"
        if self.low == self.high:
            yield "", "holds nothing"


class Outer(ConnectorSettings):
    some_name: str
    parts: list[Inner] = Field([])
    names: Annotated[dict[str, str], AfterValidator(_short_names)] = Field({})


def told(**given: object) -> dict[str, str]:
    return {p.path: p.message for p in problems(Outer, {"someName": "x", **given}, "$.config")}


def test_what_is_right_has_no_problems() -> None:
    assert told(parts=[{"low": 1}], names={"abc": "x"}) == {}
    assert read(Outer, {"someName": "x"}, "$").some_name == "x"


def test_null_is_as_good_as_left_out() -> None:
    assert told(parts=None) == {}
    assert problems(Outer, {"someName": None}, "$")[0].message == "is required"
    assert told(unknown=None) == {
        "$.config.unknown": "unknown setting; known: names, parts, someName"
    }


def test_what_does_not_go_together_is_told_by_its_place() -> None:
    assert told(parts=[{}, {"low": 5, "high": 4}, {"low": 9}]) == {
        "$.config.parts[1].low": "must not be above `high`",
        "$.config.parts[2]": "holds nothing",
    }


def test_all_mistakes_are_told_at_once() -> None:
    assert told(parts=[{"hihg": 1}, {"high": 10}], names={"abcd": "x"}) == {
        "$.config.parts[0].hihg": "unknown setting; did you mean `high`?",
        "$.config.parts[1].high": "must be at most 9, not 10",
        "$.config.names.abcd": "is too long",
    }


def test_a_block_that_is_wrong_all_the_same_is_refused_when_it_is_read() -> None:
    with pytest.raises(ConnectorError, match=r"\$\.config\.someName: is required") as refused:
        read(Outer, {}, "$.config")
    assert refused.value.failure.code == "invalid_mapping"
