"""Which connectors are installed: every one is a plug-in (entry point `syncline.connectors`)."""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points

from syncline.connectors.port import Connector
from syncline.domain.errors import InvalidInputError, Problem
from syncline.domain.naming import hint, shown

GROUP = "syncline.connectors"


def names() -> list[str]:
    """Return the names of all installed connectors, sorted."""
    return sorted({point.name for point in entry_points(group=GROUP)})


@cache
def connector_class(name: str) -> type[Connector]:
    """Load a connector. Raises InvalidInputError where none of that name is installed."""
    for point in entry_points(group=GROUP):
        if point.name == name:
            loaded: type[Connector] = point.load()
            return loaded
    known = names()
    like = hint(name, known)
    raise InvalidInputError([Problem("$.connector", f"unknown connector {shown(name)}{like}")])
