"""An HTTP target that takes its time: `python -m benchmarks.scaling.slow_target PORT MILLISECONDS`.

`POST /items` takes one record or a list of them, `GET /seen` tells how many calls came, how many
records, and how many of those came twice.
"""

from __future__ import annotations

import asyncio
import sys

import msgspec
from aiohttp import web


class Seen(msgspec.Struct):
    """What a target took."""

    calls: int = 0
    records: int = 0
    twice: int = 0


class SlowTarget:
    """Answers each call after `seconds`."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._seen = Seen()
        self._codes: set[str] = set()

    async def take(self, request: web.Request) -> web.Response:
        body = msgspec.json.decode(await request.read())
        records = body if isinstance(body, list) else [body]
        self._seen.calls += 1
        self._seen.records += len(records)
        for record in records:
            self._seen.twice += record["code"] in self._codes
            self._codes.add(record["code"])
        await asyncio.sleep(self._seconds)
        return web.json_response({})

    async def seen(self, _: web.Request) -> web.Response:
        return web.Response(body=msgspec.json.encode(self._seen))

    async def reset(self, _: web.Request) -> web.Response:
        self._seen = Seen()
        self._codes.clear()
        return web.json_response({})


def main(port: int, milliseconds: int) -> None:
    target = SlowTarget(milliseconds / 1000)
    app = web.Application(client_max_size=2**24)
    app.add_routes(
        [
            web.post("/items", target.take),
            web.get("/seen", target.seen),
            web.get("/reset", target.reset),
        ]
    )
    web.run_app(app, host="127.0.0.1", port=port, print=None, access_log=None)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
