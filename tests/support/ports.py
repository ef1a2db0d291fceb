"""Ports for the servers of tests, each given once, below the range of the system's own.

A port that is only looked at and found free is often not taken yet when the next one is looked for;
two servers of one test run then got the same. `make test` runs several processes at a time, so a
port is claimed for all of them: by a lock on its byte of one file, which ends with its process.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from pathlib import Path
from random import sample

from syncline.embedded.ports import HIGHEST, is_free

_LOWEST = 24_000
"""Below it, `syncline` looks for ports of its own, which knows of no claims."""


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on and that no test run gave to anybody."""
    return next(port for port in _SHUFFLED if _claim(port) and is_free(port))


def _claim(port: int) -> bool:
    """Claim the port for this process as long as it lives; False when another process has it."""
    try:
        fcntl.lockf(_CLAIMS, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError:  # the answer is No
        return False
    return True


_CLAIMS = os.open(
    Path(tempfile.gettempdir()) / f"syncline-test-ports-{os.getuid()}",
    os.O_RDWR | os.O_CREAT,
    0o600,
)
_SHUFFLED = iter(sample(range(_LOWEST, HIGHEST + 1), HIGHEST + 1 - _LOWEST))
"""All there are, in an order that other test runs of this machine do not have."""
