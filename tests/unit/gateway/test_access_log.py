"""The access log: who asked for what by which route, nothing that may be secret, and bounded."""

from __future__ import annotations

import httpx
import pytest
from fastapi import FastAPI, Request
from structlog.testing import CapturingLogger

from syncline.domain.access import Role
from syncline.testing.clock import FakeClock
from syncline_gateway.access import request_metrics
from syncline_gateway.access.caller import Identity
from syncline_gateway.access.request_metrics import LINES_A_SECOND, RequestMetrics

RUN = "01996f4e-8a4c-7d50-b3c5-1f0f3c1a2b3d"


def an_app(clock: FakeClock) -> FastAPI:
    app = FastAPI()

    @app.get("/api/v1/runs/{correlation_id}")
    async def show(correlation_id: str, request: Request) -> str:
        request.state.identity = Identity("ann", Role.RUNNER, "default", "sesame")
        request.state.tenant = "acme"
        return correlation_id

    @app.get("/page")
    async def page() -> str:
        return ""

    app.add_middleware(RequestMetrics, clock=clock)
    return app


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> CapturingLogger:
    lines = CapturingLogger()
    monkeypatch.setattr(request_metrics, "log", lines)
    return lines


async def test_a_request_has_a_line_without_its_address(lines: CapturingLogger) -> None:
    transport = httpx.ASGITransport(app=an_app(FakeClock()))
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        await client.get(f"/api/v1/runs/{RUN}?token=sesame", headers={"Authorization": "sesame"})
        await client.get("/page")
        await client.get("/api/v1/sesame")
    shown, guessed = [call.kwargs for call in lines.calls]
    assert shown.pop("ms") >= 0
    assert shown == {
        "method": "GET",
        "route": "/api/v1/runs/{correlation_id}",
        "status": 200,
        "user": "ann",
        "tenant": "acme",
        "correlation_id": RUN,
    }
    assert (guessed["route"], guessed["status"]) == ("other", 404)
    assert "sesame" not in repr(lines.calls)


async def test_a_flood_of_requests_has_a_bounded_number_of_lines(
    lines: CapturingLogger, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = FakeClock()
    monkeypatch.setattr(request_metrics, "LINES_AT_ONCE", 10)
    transport = httpx.ASGITransport(app=an_app(clock))
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        for _ in range(15):
            await client.get("/api/v1/x")
        assert len(lines.calls) == 10
        await clock.advance(1 / LINES_A_SECOND)
        await client.get("/api/v1/x")
    assert lines.calls[-1].kwargs["before_unlogged"] == 5
