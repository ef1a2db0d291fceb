"""Two processes of a test run never get the same port."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.support.ports import free_port

_TAKE = "from tests.support.ports import free_port; print([free_port() for _ in range(2000)])"


def test_a_port_is_given_to_one_process_only() -> None:
    own = {free_port() for _ in range(200)}
    taken = subprocess.run(
        [sys.executable, "-c", _TAKE], check=True, capture_output=True, text=True
    )
    assert own.isdisjoint(json.loads(taken.stdout))
