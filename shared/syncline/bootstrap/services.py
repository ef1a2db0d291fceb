"""The services of an installation, by name, in the order in which a record passes them."""

from __future__ import annotations

SERVICES = (
    "gateway", "trigger", "ingest", "normalize", "transform", "execute", "finalize", "retry",
    "deadletter", "scheduler",
)  # fmt: skip
