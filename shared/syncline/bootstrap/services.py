"""The services of an installation, by name, as a record passes them; then the others."""

from __future__ import annotations

SERVICES = (
    "gateway",
    "trigger",
    "ingest",
    "normalize",
    "transform",
    "execute",
    "finalize",
    "retry",
    "deadletter",
    "scheduler",
    "notifier",
    "monitor",
)
