"""The application: routes under /api/v1, problems for everything else there, and the console."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse
from fastapi.routing import APIRoute
from starlette.middleware.gzip import GZipMiddleware
from starlette.staticfiles import StaticFiles

from syncline.security.passwords import Passwords
from syncline_gateway.access.caller import Authentication
from syncline_gateway.access.middleware import Guard, StreamAccess
from syncline_gateway.access.request_metrics import RequestMetrics
from syncline_gateway.api import Api
from syncline_gateway.hook_receiver import HookReceiver
from syncline_gateway.openapi_page import api_router, page
from syncline_gateway.requests.problems import add_problem_handlers, problem
from syncline_gateway.requests.resource import BASE
from syncline_gateway.routes import ROUTERS


def create_app(api: Api, passwords: Passwords | None = None) -> FastAPI:
    """Return the app; `passwords` are others than at their usual cost."""
    app = FastAPI(title="Syncline", openapi_url=None, docs_url=None, redoc_url=None)
    app.include_router(api_router())
    app.state.api = api
    app.state.passwords = passwords or Passwords()
    authentication = Authentication(
        api.installation,
        api.settings.lifetimes(),
        api.clock,
        api.settings.public_url,
        api.settings.http_rate,
    )
    app.state.authentication = authentication
    app.state.hooks = HookReceiver(api.installation, api.database, api.keyring, api.clock)
    add_problem_handlers(app)

    @app.get(f"{BASE}/openapi.json", include_in_schema=False)
    def openapi() -> Response:  # in a thread: others are answered meanwhile
        return Response(page(), media_type="application/json")

    @app.api_route("/api/{path:path}", methods=_ALL, include_in_schema=False)
    async def unknown(request: Request, path: str) -> Response:
        if allowed := _methods(path):
            detail = f"{request.method} is not possible here, only {', '.join(allowed)}"
            return problem(405, "method_not_allowed", detail, headers={"Allow": ", ".join(allowed)})
        return problem(404, "not_found", f"there is no /api/{path[:200]}: see /api/v1/openapi.json")

    add_console(app)
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=5)
    app.add_middleware(StreamAccess, authentication=authentication)
    tls = (api.settings.public_url or "").startswith("https:")
    app.add_middleware(Guard, max_body=api.settings.http_max_body, tls=tls)
    app.add_middleware(RequestMetrics, clock=api.clock)
    return app


def _methods(path: str) -> list[str]:
    """Return the methods that a path knows; none when there is no such path."""
    address = f"/api/{path}".removeprefix(BASE)
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    found = [route.methods or () for route in routes if route.path_regex.match(address)]
    return sorted(set().union(*found))


_ALL = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


WEB = Path(__file__).parent / "web"
"""Where the build of `console/` lies."""
_MISSING = "The console is not built: run `make console`. The API is at /api/v1/openapi.json.\n"


def add_console(app: FastAPI) -> None:
    """Serve the console at /: its files, and index.html for every page it routes itself."""
    if (WEB / "assets").is_dir():
        app.mount("/assets", _Forever(directory=WEB / "assets"), name="assets")

    @app.get("/{path:path}", include_in_schema=False)
    async def page(request: Request, path: str) -> Response:
        file = _file(path)
        if file is not None:
            return FileResponse(file, headers={"Cache-Control": "no-cache"})
        if not (WEB / "index.html").is_file():
            return Response(_MISSING, 404, media_type="text/plain")
        return FileResponse(WEB / "index.html", headers={"Cache-Control": "no-cache"})


def _file(path: str) -> Path | None:
    """Return a file of the build itself, never one outside of it."""
    if path.rstrip("/") == "explorer":
        path = "explorer/index.html"
    try:
        found = (WEB / path).resolve()
        inside = path != "" and found.is_relative_to(WEB.resolve()) and found.is_file()
    except (OSError, ValueError):  # a NUL, or a name that is too long
        return None
    return found if inside else None


class _Forever(StaticFiles):
    """Files with a digest in their names: a changed file has another name."""

    def file_response(self, *args: object, **options: object) -> Response:
        response = super().file_response(*args, **options)  # type: ignore[arg-type]
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response
