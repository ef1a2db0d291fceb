"""The log of a process whose standard error nobody reads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress

from syncline.telemetry.line_writer import LineWriter

PROGRAM = r"""
import structlog
from syncline.telemetry.logs import configure_logs
from syncline.telemetry.metrics import exposition
configure_logs('x')
for n in range(30_000):
    structlog.get_logger().warning('stage_waits', n=n)
told = exposition().decode().partition('\nsyncline_log_lines_lost_total ')[2]
print(told.split()[0], flush=True)
input()
"""


def test_a_process_goes_on_when_nobody_reads_its_log_and_counts_what_is_lost() -> None:
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdin=pipe, stdout=pipe, stderr=pipe
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        lost = float(process.stdout.readline())  # it got there while its pipe was full
        process.stdin.write(b"\n")
        process.stdin.close()
        lines = process.stderr.readlines()
    assert (lost > 0, process.returncode) == (True, 0)
    told = [json.loads(line) for line in lines if b"log_lines_lost" in line]
    assert sum(line["count"] for line in told) == lost
    assert len(lines) == 30_000 - lost + len(told)


def test_a_process_whose_log_is_blocked_ends() -> None:
    reading, writing = os.pipe()
    writer = LineWriter(writing)
    try:
        for _ in range(20_000):
            writer.write("x" * 100 + "\n")
        writer.close()
    finally:
        os.close(reading)  # the thread's write fails
        with suppress(OSError):
            os.close(writing)
