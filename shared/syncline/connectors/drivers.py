"""Drivers that not everybody installs: each comes with an extra of the distribution."""

from __future__ import annotations

from importlib.util import find_spec

import msgspec

from syncline.connectors.errors import refusal


class Driver(msgspec.Struct, frozen=True):
    """A top-level module that something needs.

    Attributes:
        needed_by: what needs it, for people: `MySQL`, `Excel files`.
        extra: the extra that installs it, as pip takes it: `syncline[mysql]`.
    """

    module: str
    needed_by: str
    extra: str

    def missing(self) -> str | None:
        """Say what to install; None where it is there."""
        if find_spec(self.module) is not None:
            return None
        return (
            f"a driver that {self.needed_by} needs is not installed: run "
            f"`pip install '{self.extra}'` where Syncline runs, and start its services again"
        )

    def require(self) -> None:
        """Raise ConnectorError where it is not installed."""
        if (words := self.missing()) is not None:
            raise refusal("driver_missing", words)
