"""A full disk is an outage: it is told in one line, and what it hinders is tried again.

`/dev/full` is a disk without room: whatever is written there fails as on a full one.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from syncline.embedded.errors import EmbeddedServerError
from syncline.embedded.processes import ServerProcess, quiet
from syncline.embedded.server import EmbeddedServer

FULL = Path("/dev/full")
pytestmark = pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
_SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


class Sleeper(EmbeddedServer):
    """A server that writes a file before it starts, and that answers once it runs."""

    name = "the sleeper"
    port_name = "http"
    start_within = 10.0

    async def _answers(self) -> bool:
        return True

    async def _launch(self) -> None:
        (self.folder / "settings").write_text("one=1\n")
        self.launch(_SLEEP, {}, cwd=self.folder)


async def test_a_server_starts_again_when_there_is_room(tmp_path: Path) -> None:
    (tmp_path / "settings").symlink_to(FULL)
    server = Sleeper(tmp_path, 20, quiet)
    for _ in range(2):
        with pytest.raises(EmbeddedServerError, match="No space left on device") as told:
            await server.start()
        assert "the sleeper cannot be started" in str(told.value)
    (tmp_path / "settings").unlink()
    await server.start()
    assert server.pid is not None
    await server.stop()


def test_a_folder_is_claimed_without_room_for_a_name(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(FULL)
    process = ServerProcess("x", tmp_path, 20)
    process.claim.take()
    assert process.claim.held
    process.claim.release()


def test_a_service_goes_on_when_its_log_cannot_be_written() -> None:
    program = (
        "import structlog; from syncline.telemetry.logs import configure_logs; "
        "configure_logs('x'); log = structlog.get_logger(); "
        "[log.warning('stage_waits', n=n) for n in range(1000)]; print('went on')"
    )
    with FULL.open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", program], check=False, stdout=subprocess.PIPE, stderr=full
        )
    assert done.stdout == b"went on\n"
