"""Fixtures of connector suites whose source and target are the same world."""

from __future__ import annotations

from typing import Generic, TypeVar

import pytest

World = TypeVar("World")


class OneWorld(Generic[World]):
    """Gives the fixture `world` of a test class to its source suites and its target suites."""

    @pytest.fixture
    def source(self, world: World) -> World:
        return world

    @pytest.fixture
    def target(self, world: World) -> World:
        return world
