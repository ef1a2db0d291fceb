"""The resources of the REST API, a module each; the list here is all there is."""

from __future__ import annotations

from fastapi import APIRouter

from syncline_gateway.routes import (
    api_keys,
    audit_log,
    connection_profiles,
    connectors,
    cursors,
    dashboard,
    dlq,
    dlq_changes,
    events,
    instances,
    mapping_configs,
    mapping_trials,
    operations,
    pipeline,
    records,
    runs,
    schedules,
    search,
    session,
    sync_events,
    tenants,
    users,
)
from syncline_gateway.routes.email_subscriptions import router as email_subscriptions
from syncline_gateway.routes.webhooks import router as webhooks

ROUTERS: tuple[APIRouter, ...] = (
    sync_events.router,
    events.router,
    webhooks,
    email_subscriptions,
    session.router,
    users.router,
    api_keys.router,
    tenants.router,
    audit_log.router,
    schedules.router,
    connectors.router,
    connection_profiles.router,
    mapping_trials.router,
    mapping_configs.router,
    instances.router,
    cursors.router,
    runs.router,
    records.router,
    search.router,
    dlq.router,
    dlq_changes.router,
    operations.router,
    pipeline.router,
    dashboard.router,
)
