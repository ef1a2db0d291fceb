"""What a process exports: its own figures, and those of the installation only if it knows them."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version

PROGRAM = """
from syncline.telemetry.metrics import METRICS, exposition
before = exposition().decode()
METRICS.pending_dead_letters.set(0)
print(before + "#after\\n" + exposition().decode())
"""


def test_a_figure_of_the_installation_is_exported_only_by_who_knows_it() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True
    )
    before, after = done.stdout.split("#after\n")
    for name in ("pending_dead_letters", "in_flight_records", "deliveries_waiting"):
        assert f"\nsyncline_{name} " not in before
    assert "\nsyncline_pending_dead_letters 0.0\n" in after
    assert "\nsyncline_in_flight_records " not in after


def test_a_process_tells_its_release_and_what_it_uses() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True
    )
    assert f'syncline_build_info{{version="{version("syncline")}"}} 1.0' in done.stdout
    assert "process_resident_memory_bytes " in done.stdout
