"""Start the gateway."""

from __future__ import annotations

import uvloop

from syncline.bootstrap.settings import Settings
from syncline_gateway.server import serve


def main(settings: Settings) -> None:
    uvloop.run(serve(settings))
