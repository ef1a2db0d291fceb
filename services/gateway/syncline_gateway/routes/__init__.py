"""The resources of the REST API, a module each; the list here is all there is."""

from __future__ import annotations

from fastapi import APIRouter

from syncline_gateway.routes import events, sync_events

ROUTERS: tuple[APIRouter, ...] = (sync_events.router, events.router)
