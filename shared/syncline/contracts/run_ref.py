"""The run of a message: a message names it, and the reader knows the rest by itself.

On the wire there is the run's ID alone. What the reader knows of the run, it has loaded: nothing
that a message says of its run is believed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, TypeAlias
from uuid import UUID

import msgspec
from typing_extensions import TypeVar

from syncline.contracts.wire import Delivery
from syncline.domain.run import Mode, Run

Index: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]


class ForeignMessageError(ValueError):
    """A message must not be believed; the text says why."""


class RunRef(msgspec.Struct, frozen=True, omit_defaults=True):
    """What every stage must know of a run; fixed when the run is accepted.

    Attributes:
        id, stream: the correlation ID; the number of the stream.
        instance: its ID; `instance_name` is for people.
        source, target: profile IDs.
        mapping, mapping_version: the pinned mapping.
        lanes: number of partitions of a stage topic over which the run is spread.
        replay: whether it replays dead letters; then it never overwrites a newer version.
        first: the stream's ledger was empty at the run's start.
        target_system: the name of the system that it writes to; "" where it has none.
    """

    id: str
    tenant: str
    stream: Index
    instance: str
    entity_type: str
    source: str
    target: str
    mapping: str
    mapping_version: int
    mode: Mode = Mode.INCREMENTAL
    lanes: int = 1
    replay: bool = False
    instance_name: str = ""
    first: bool = False
    target_system: str = ""

    def __post_init__(self) -> None:
        for name in ("id", "instance", "source", "target", "mapping"):
            check_uuid(getattr(self, name), name)


def ref_of(run: Run) -> RunRef:
    """Return what the stages need to know of a run."""
    return RunRef(
        id=run.id,
        tenant=run.tenant,
        stream=run.stream,
        instance=run.instance,
        entity_type=run.entity_type,
        source=run.source,
        target=run.target,
        mapping=run.mapping,
        mapping_version=run.mapping_version,
        mode=run.mode,
        lanes=run.lanes,
        replay=run.replay is not None,
        instance_name=run.instance_name,
        first=run.first_load,
    )


class OlderRun(msgspec.Struct, frozen=True):
    """The run in a message of the previous release, which told all of it; its ID counts."""

    id: str


NamedRun: TypeAlias = str | OlderRun
"""The run of a message as it was read."""
R = TypeVar("R", default=RunRef)
"""The run in a message: NamedRun as it was read, RunRef as a handler gets it."""
Runs: TypeAlias = Mapping[str, RunRef]
"""The runs that the keys of some messages name, as far as there are such, by ID."""


def run_of(delivery: Delivery, runs: Runs) -> RunRef:
    """Return the run of a message: its key names it, and its headers must agree.

    Raises ForeignMessageError.
    """
    run_id = (delivery.key or b"").decode(errors="replace")
    run = runs.get(run_id)
    if run is None:
        words = "there is no such run: it was removed after SYNCLINE_KEEP_RUNS days, or never was"
        raise ForeignMessageError(f"its key names the run {run_id[:80]!r}; {words}")
    headers = dict(delivery.headers)
    for name, right in (("correlation-id", run.id), ("tenant", run.tenant)):
        if headers.get(name) != right.encode():
            raise ForeignMessageError(f"its header `{name}` is not that of the run {run_id}")
    return run


def require_same(named: NamedRun, run: RunRef) -> None:
    """Raise ForeignMessageError where a message's value names another run than its key."""
    if (named if isinstance(named, str) else named.id) != run.id:
        raise ForeignMessageError(f"its value names another run than its key, {run.id}")


def check_uuid(text: str, name: str) -> None:
    """Check that a text is a UUID in lower case. Raises ValueError."""
    if str(UUID(text)) != text:
        raise ValueError(f"`{name}` is no UUID in lower case: {text[:80]!r}")
