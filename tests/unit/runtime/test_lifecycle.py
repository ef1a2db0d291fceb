"""The end of a process."""

from __future__ import annotations

import signal
import subprocess
import sys

PROGRAM = """
import asyncio
from syncline.runtime.process import lifecycle
from syncline.telemetry.logs import configure_logs
lifecycle.STOP_WITHIN = 0.5
configure_logs('x')
async def main():
    async with lifecycle.stop_signals() as stopping:
        print('begun', flush=True)
        await stopping.wait()
        {end}
asyncio.run(main())
"""


def ended(end: str) -> tuple[int, bytes]:
    """Stop a process that ends so; return its exit code and its log."""
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", PROGRAM.format(end=end)]
    with subprocess.Popen(command, stdout=pipe, stderr=pipe) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        log = process.stderr.read()
    return process.returncode, log


def test_a_process_that_does_not_come_to_its_end_ends() -> None:
    code, log = ended("await asyncio.Event().wait()")
    assert code == 1
    assert b"stop_took_too_long" in log


def test_a_process_whose_loop_stands_still_ends() -> None:
    code, log = ended("import time; time.sleep(60)")
    assert code == 1
    assert b"stop_took_too_long" in log


def test_a_process_that_ends_in_time_is_left_alone() -> None:
    code, log = ended("pass")
    assert code == 0
    assert b"stop_took_too_long" not in log
