"""How long a token is taken for good."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest

from syncline.connectors.http.client.login import UNKNOWN_LIFE, _life


@pytest.mark.parametrize(
    "given",
    [None, "soon", [], {}, Decimal("NaN"), 10**400, -(10**400)],
    ids=lambda given: str(given)[:9],
)
def test_a_life_that_is_no_number_is_an_unknown_one(given: object) -> None:
    assert _life(given) == UNKNOWN_LIFE


@pytest.mark.parametrize(("given", "life"), [(60, 60), ("60", 60), (Decimal("1e999"), math.inf)])
def test_a_life_may_be_written_as_a_text(given: object, life: float) -> None:
    assert _life(given) == life
