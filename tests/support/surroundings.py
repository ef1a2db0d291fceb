"""What an installation allows connectors of tests: loopback, and a real system that is given."""

from __future__ import annotations

from urllib.parse import urlsplit

from syncline.connectors.port import Surroundings


def surroundings_of(url: str) -> Surroundings:
    """Return surroundings in which a system may be called, in whatever network it is."""
    return Surroundings(("127.0.0.0/8", urlsplit(url).hostname or "localhost"))
