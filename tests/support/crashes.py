"""Sessions that die without stopping what they started."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

_SESSION = """
import asyncio, os, pathlib, sys
from {module} import {name}
server = {name}(pathlib.Path(sys.argv[1]), int(sys.argv[2]))
asyncio.run(server.start())
print(server.pid, flush=True)
os._exit(9)
"""


async def crashed_session(server: type, folder: Path, port: int) -> int:
    """Start an embedded server in a session that dies at once; return the server's PID."""
    script = _SESSION.format(module=server.__module__, name=server.__name__)
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    command = [sys.executable, "-c", script, str(folder), str(port)]
    session = await asyncio.create_subprocess_exec(
        *command, env=env, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await session.communicate()
    return int(said)
