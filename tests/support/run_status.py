"""What a run's status event says."""

from __future__ import annotations

from syncline.contracts.events import RunStatus


def run_status(**fields: object) -> RunStatus:
    known = {
        "correlation_id": "c", "tenant": "default", "instance": "erp-shop", "entity_type": "item",
        "mode": "incremental", "trigger": "cli", "state": "in_progress", "seq": 1,
    }  # fmt: skip
    return RunStatus(**(known | fields))  # type: ignore[arg-type]
