"""The console's files, built into the package: served with the cache headers that fit them."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse
from starlette.staticfiles import StaticFiles

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
