"""Which pages may write: those of the console, at the addresses that are its own."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from fastapi import Request

from syncline_gateway.requests.problems import ProblemError

_FOREIGN = (
    "another site's page may not do this here; if this is the console's own address, name it in "
    "SYNCLINE_PUBLIC_URL"
)


class OwnOrigins:
    """Tells the console's pages from those of other sites.

    A page of another site whose name was made to lead here (DNS rebinding) sends that name as
    `Host`. So where `public_url` says what the console is called, a name that `Host` holds is
    believed only if it is that, or `localhost`; what is no name but an address needs no belief.
    """

    def __init__(self, public_url: str | None) -> None:
        self._public = origin_of(public_url) if public_url else None
        self._name = urlsplit(public_url).hostname if public_url else None

    def check(self, request: Request) -> None:
        """Refuse what a page of another site sends. Raises ProblemError 403."""
        origin = request.headers.get("origin")
        site = request.headers.get("sec-fetch-site", "same-origin")
        own = {self._public}
        if self._is_own(request.base_url.hostname or ""):
            own.add(origin_of(str(request.base_url)))
        if site not in ("same-origin", "none") or (origin is not None and origin not in own):
            raise ProblemError(403, "foreign_origin", _FOREIGN)

    def _is_own(self, host: str) -> bool:
        if self._name is None or host in (self._name, "localhost"):
            return True
        try:
            ipaddress.ip_address(host.strip("[]"))
        except ValueError:  # another name
            return False
        return True


def origin_of(url: str) -> str:
    """Return scheme and host of an address, as browsers send them in `Origin`."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()
