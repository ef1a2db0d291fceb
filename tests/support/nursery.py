"""Children that begin with everything imported: a process that imports once, and forks for each.

The imports of a service or a command take half a second of a core, which hundreds of processes of a
test run need not pay each. What is forked is as much a process of its own as any: it has its
arguments, environment, folder and files, and is stopped and killed as any.

Run as a script: its one argument is the file descriptor of a socket to `tests.support.processes`.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import select
import signal
import socket
import sys
import threading
import time
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script, it is in no package

import syncline.cli
from syncline.bootstrap.services import SERVICES
from syncline.cli.main import COMMANDS, main
from tests.support.chaos.fault_points import FAULT_POINT, arm

LONGEST = 1_000_000
"""Bytes of one request: most of it is an environment."""


def serve(requests: socket.socket) -> None:
    """Fork what is asked for, and tell how it ended, until nobody asks any more."""
    for name in SERVICES:
        import_module(f"syncline_{name}.main")
    for entry in COMMANDS.values():
        import_module(f"syncline.cli.{entry.module}")
    gc.collect()
    gc.freeze()  # a collection in a child would copy every page that it looks at
    ended, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the test run is stopped by it, and then stops us
    asked = requests.fileno()
    while True:
        ready, _, _ = select.select([asked, ended], [], [])
        if ended in ready:
            os.read(ended, 4096)
            _tell_ended(requests)
        if asked in ready:
            text, files, _, _ = socket.recv_fds(requests, LONGEST, 2)
            if not text:
                return
            _begin(requests, json.loads(text), files)


def _begin(requests: socket.socket, asked: dict[str, Any], files: list[int]) -> None:
    pid = os.fork()
    if pid == 0:
        signal.set_wakeup_fd(-1)
        requests.close()
        _become(asked, files)
    for file in files:
        os.close(file)
    requests.send(json.dumps({"begun": pid}).encode())


def _tell_ended(requests: socket.socket) -> None:
    with suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            code = os.waitstatus_to_exitcode(status)
            requests.send(json.dumps({"ended": pid, "code": code}).encode())


def _become(asked: dict[str, Any], files: list[int]) -> None:
    """Be the process that was asked for; never returns."""
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    files = [os.open(os.devnull, os.O_RDONLY), *files]
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(asked["environment"])
    time.tzset()
    os.chdir(asked["folder"])
    if point := os.environ.pop(FAULT_POINT, None):
        arm(point)
    sys.argv = [str(Path(syncline.cli.__path__[0]) / "__main__.py"), *asked["arguments"]]
    _leave(_exit_code(asked["arguments"]))


def _exit_code(arguments: list[str]) -> int:
    try:
        main(arguments)
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return 0


def _leave(code: int) -> None:
    """End as Python does, but leave the modules alone: tearing them down copies all of them."""
    threading._shutdown()  # type: ignore[attr-defined] # ends idle threads of pools, and joins those that are no daemons
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as asked_by:
        serve(asked_by)
