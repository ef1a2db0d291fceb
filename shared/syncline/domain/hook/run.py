"""The run that a hook asks for, and whether a hook receives."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum

import msgspec

from syncline.domain.record import JsonObject
from syncline.domain.run import Overlap

GATHERED_FOR = timedelta(milliseconds=200)
"""How long a change waits for others that come with it, before a run takes them."""
APART = timedelta(seconds=1)
"""At least so long after the beginning of a hook's run the next one begins."""


class HookStatus(StrEnum):
    """Whether runs come of what a hook receives."""

    ENABLED = "enabled"
    DISABLED = "disabled"
    NO_SECRET = "no_secret"  # noqa: S105 - a state
    DEPENDENCY_INACTIVE = "dependency_inactive"


class HookRun(msgspec.Struct, frozen=True):
    """A run that is to be published."""

    run_id: str
    tenant: str
    hook: str
    instance: str
    entity_type: str
    source_ids: Sequence[str]


def trigger_fields(run: HookRun) -> JsonObject:
    """Return the trigger of a hook's run: it waits its turn behind other runs of the stream."""
    return {
        "instance": run.instance,
        "entityType": run.entity_type,
        "sourceIds": list(run.source_ids),
        "onOverlap": Overlap.QUEUE.value,
        "tenant": run.tenant,
        "actor": f"hook {run.hook}",
        "trigger": "hook",
    }
