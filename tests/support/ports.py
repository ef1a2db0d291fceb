"""Ports for the servers of tests, each given once, below the range of the system's own.

A port that is only looked at and found free is often not taken yet when the next one is looked for;
two servers of one test run then got the same.
"""

from __future__ import annotations

from random import sample

from syncline.embedded.ports import HIGHEST, is_free

_SINGLE_FROM = 20_000
"""Below it, `syncline dev` takes its rows."""


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on and that this test run gave to nobody."""
    return next(port for port in _SHUFFLED if is_free(port))


_SHUFFLED = iter(sample(range(_SINGLE_FROM, HIGHEST + 1), HIGHEST + 1 - _SINGLE_FROM))
"""All there are, in an order that other test runs of this machine do not have."""
