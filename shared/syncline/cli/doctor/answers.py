"""What the checks of `syncline doctor` answer."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeAlias

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


CheckAnswer: TypeAlias = tuple[Level, str] | tuple[Level, str, str | None]
"""An answer without the name of its check."""
