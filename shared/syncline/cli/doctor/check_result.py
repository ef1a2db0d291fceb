"""The answer of one check of `syncline doctor`."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Level(StrEnum):
    """How a check came out."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Checked(msgspec.Struct, frozen=True):
    """The answer of one check; `hint` says what to do."""

    level: Level
    name: str
    message: str
    hint: str | None = None
