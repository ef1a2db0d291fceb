"""Every field of every body of the API with every wrong type: words for people."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from syncline_gateway.requests.problems import _message
from syncline_gateway.requests.resource import Body
from syncline_gateway.routes import ROUTERS

PYTHON = re.compile(
    r"Input|instance of|Error|valid (dictionary|list|string|boolean|integer|number)|\bdict\b"
    r"|_type\b|\bNone\b|\bTrue\b|\bFalse\b|Expected|Invalid|should|got `"
)
WRONG: list[Any] = [None, True, 5, -1, 1.5, 2**70, "", "x" * 10_000, [], [None], [5], {}, {"a": 1}]
assert ROUTERS  # so that every body is there


def bodies(model: type[BaseModel] = Body) -> Iterator[type[BaseModel]]:
    for body in model.__subclasses__():
        yield body
        yield from bodies(body)


@pytest.mark.parametrize("body", list(bodies()), ids=lambda body: body.__name__)
def test_no_wrong_type_is_answered_in_words_of_the_language(body: type[BaseModel]) -> None:
    names = [field.alias or name for name, field in body.model_fields.items()]
    for value in [*WRONG, *({name: wrong} for name in [*names, "more"] for wrong in WRONG)]:
        try:
            body.model_validate(value)
        except ValidationError as error:
            for details in error.errors():
                said = _message({**details, "loc": ("body", *details["loc"])})
                assert not PYTHON.search(said.partition(", not ")[0]), (value, said)
                assert len(said) < 300


def test_a_password_is_not_repeated() -> None:
    details = {
        "type": "string_too_short", "loc": ("body", "password"), "msg": "", "input": "hunter2",
        "ctx": {"min_length": 8},
    }  # fmt: skip
    assert _message(details) == "must have at least 8 characters"
