"""Which routes of the REST API are open to whom, beside what the role of each says."""

from __future__ import annotations

OPEN = {
    "POST /session", "POST /session/link", "GET /setup", "POST /setup", "POST /password",
    "POST /hooks/{hook}", "GET /email-confirmations/{token}", "POST /email-confirmations/{token}",
}  # fmt: skip
"""Routes for those whom nobody knows yet. Each guards itself: a password, a link, a signature."""


RUNNER_MAY = {
    "POST /sync-events",
    "POST /sync-events/{correlation_id}/cancel",
    "POST /sync-events/{correlation_id}/pause",
    "POST /sync-events/{correlation_id}/resume",
    "POST /schedules/preview",
    "POST /cursors/{instance}/{entityType}/count",
    "POST /schedules/{name}/run-now",
    "DELETE /session",
    "PUT /session/tenant",
    "PUT /session/password",
}
"""Writes that belong to triggering and watching: all that a Runner may do but look."""
