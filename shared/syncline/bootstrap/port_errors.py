"""Tells a port that cannot be opened as a mistake in the setting that names it."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from syncline.domain.errors import InvalidInputError, Problem

_NOT_OURS = (
    *(errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT),
    *(socket.EAI_NONAME, socket.EAI_AGAIN, socket.EAI_FAIL),
)
"""The host is another machine's address, of a kind that this one has not, or no known name."""
_FORBIDDEN = (errno.EACCES, errno.EPERM)


@contextmanager
def port_errors_explained(setting: str, host: str, port: int) -> Iterator[None]:
    """Open a port inside; `setting` is `SYNCLINE_HTTP` or `SYNCLINE_HEALTH`, for the error text.

    Raises InvalidInputError: the port is taken or forbidden, or the host is not this machine's.
    """
    try:
        yield
    except OSError as error:
        raise InvalidInputError([_problem(setting, host, port, error)]) from error


def _problem(setting: str, host: str, port: int, error: OSError) -> Problem:
    where = f"port {port} of {host}"
    if error.errno == errno.EADDRINUSE:
        words = f"{where} is taken by another process: stop it, or set a free port"
        return Problem(f"{setting}_PORT", words)
    if error.errno in _FORBIDDEN:
        return Problem(f"{setting}_PORT", f"{where} may not be opened: set one above 1023")
    if error.errno in _NOT_OURS:
        words = f"must be an address of this machine, not {host!r}, such as 127.0.0.1 or 0.0.0.0"
        return Problem(f"{setting}_HOST", words)
    reason = os.strerror(error.errno) if error.errno else str(error)
    return Problem(f"{setting}_PORT", f"{where} cannot be opened: {reason}")
