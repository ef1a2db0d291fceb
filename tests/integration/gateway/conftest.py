"""A gateway of the test's own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.gateway import Gateway, gateway


@pytest.fixture
async def place(postgres: str) -> AsyncIterator[Gateway]:
    async with gateway(postgres) as made:
        yield made
