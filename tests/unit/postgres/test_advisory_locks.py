"""Advisory locks of different things have different numbers."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import syncline.postgres

ROOM = Path(syncline.postgres.__file__).parent


def test_no_number_is_used_twice() -> None:
    texts = [path.read_text() for path in ROOM.rglob("*.py")]
    numbers = Counter(n for text in texts for n in re.findall(r"_LOCK = ([\d_]+)", text))
    assert len(numbers) > 3
    assert [number for number, times in numbers.items() if times > 1] == []
