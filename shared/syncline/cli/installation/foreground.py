"""Commands that run servers in the foreground: Ctrl-C stops in order, a second one kills."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine
from contextlib import suppress

from syncline.actions.sign_in import local_sign_in_link
from syncline.embedded.installation import LocalInstallation
from syncline.postgres.database.database import open_database
from syncline.telemetry.logs import configure_logs

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def in_foreground(
    work: Coroutine[object, None, None],
    installation: LocalInstallation,
    tell: Callable[[str], None],
) -> bool:
    """Do the work (and raise its errors), stop the installation; tell if a person stopped it."""
    configure_logs("cli", "CRITICAL")
    return asyncio.run(_in_foreground(work, installation, tell))


async def _in_foreground(
    work: Coroutine[object, None, None],
    installation: LocalInstallation,
    tell: Callable[[str], None],
) -> bool:
    task = asyncio.ensure_future(work)
    is_told = False

    def stop() -> None:
        nonlocal is_told
        if is_told:
            tell("killing everything")
            installation.kill()
            os._exit(130)
        is_told = True
        tell("stopping: services finish what they have begun; Ctrl-C again kills")
        task.cancel()

    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, stop)
    try:
        with suppress(asyncio.CancelledError):  # the person stops it; the end of all is below
            await task
    finally:
        await installation.stop()
    if is_told:
        tell("stopped")
    return is_told


async def console_link(installation: LocalInstallation) -> str:
    """Return an address of the console that signs the local admin in, once, where there is one."""
    dsn = installation.settings.postgres_dsn.get_secret_value()
    async with open_database(dsn, size=1, name="syncline-dev") as database:
        token = await local_sign_in_link(database)
    return f"{installation.console}/login#{token}" if token else installation.console
