"""The application: routes under /api/v1, problems for everything else there, and the console."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response
from fastapi.routing import APIRoute
from starlette.middleware.gzip import GZipMiddleware

from syncline.security.passwords import Passwords
from syncline_gateway.access.caller import Authentication
from syncline_gateway.access.middleware import Guard, StreamAccess
from syncline_gateway.api import Api
from syncline_gateway.console import add_console
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
        api.database, api.settings.lifetimes(), api.clock, api.settings.public_url
    )
    app.state.authentication = authentication
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
    app.add_middleware(Guard, max_body=api.settings.http_max_body)
    return app


def _methods(path: str) -> list[str]:
    """Return the methods that a path knows; none when there is no such path."""
    address = f"/api/{path}".removeprefix(BASE)
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    found = [route.methods or () for route in routes if route.path_regex.match(address)]
    return sorted(set().union(*found))


_ALL = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
