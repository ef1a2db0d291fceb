"""`make realworld`: a real ERP, a real API, Syncline between them, and a look at what came out."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import httpx
from rich.console import Console

from demo.realworld.counts import CountingProxy
from demo.realworld.player import Place, Player, Refuted
from demo.realworld.story import steps
from demo.realworld.systems import (
    COUNTED_PORT,
    DIRECTUS_PORT,
    TOKEN,
    TRYTON,
    Erp,
    Shop,
    SystemsError,
    install,
    restart_directus,
    script,
)
from syncline.demo.place import plan
from syncline.domain.errors import SynclineError
from syncline.embedded.installation import LocalInstallation
from syncline.postgres.configuration.changes import ConfigurationStore
from syncline.postgres.database.database import open_database
from syncline.resources.loader import load
from syncline.resources.plan import apply
from syncline.telemetry.logs import configure_logs

CONFIG = Path(__file__).with_name("config")


async def run(console: Console, folder: Path) -> None:
    """Play the whole story. Raises Refuted where something came out otherwise than it must."""
    began = time.monotonic()
    await asyncio.to_thread(install)
    await asyncio.to_thread(script, "tryton/reset.sh")
    await restart_directus()
    console.print(f"Tryton is as seeded, Directus runs; {time.monotonic() - began:.1f} s")
    began = time.monotonic()
    planned = plan(folder, os.environ)
    installation = LocalInstallation(planned)
    try:
        await installation.start(fresh=True)
        console.print(f"Syncline runs; {time.monotonic() - began:.1f} s")
        await _play(console, installation)
    finally:
        await installation.stop()


async def _play(console: Console, installation: LocalInstallation) -> None:
    server = installation.postgres
    assert server is not None
    async with AsyncExitStack() as stack:
        product = await stack.enter_async_context(open_database(server.dsn()))
        erp = await stack.enter_async_context(open_database(TRYTON.format(user="acc")))
        client = await stack.enter_async_context(httpx.AsyncClient(trust_env=False))
        proxy = stack.enter_context(CountingProxy(COUNTED_PORT, DIRECTUS_PORT))
        store = ConfigurationStore(product, installation.settings.keyring())
        configured = partial(_apply, store, installation.plan.folder / "config")
        await configured(False)
        shop = Shop(client)
        await shop.empty()
        connection = installation.settings.kafka()
        place = Place(connection, product, Erp(erp), shop, proxy, configured)
        player = Player(console, place)
        for number, step in enumerate(steps(), 1):
            await player.step(number, step)
        await player.end()


async def _apply(store: ConfigurationStore, folder: Path, corrected: bool) -> None:
    """Apply the files; at first without the transformer that the first run shows to be missing."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(CONFIG, folder)
    if not corrected:
        products = folder / "products.yaml"
        products.write_text(products.read_text().replace(", transform: toInt }", " }"))
    secrets = {"TRYTON_PASSWORD": "erp_reader", "DIRECTUS_TOKEN": TOKEN}
    await apply(store, load([str(folder)], secrets), "default", "realworld")


def main() -> int:
    """Run in a folder of its own that is removed when all went well."""
    configure_logs("realworld", "CRITICAL")
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 150)
    folder = Path(tempfile.mkdtemp(prefix="syncline-realworld-"))
    folder.chmod(0o755)
    try:
        asyncio.run(run(console, folder))
        shutil.rmtree(folder, ignore_errors=True)
    except (Refuted, SystemsError, SynclineError) as error:
        console.print(f"\n[bold red]realworld:[/] {error}\nlogs are in {folder}/services")
        return 1
    finally:
        script("directus/stop.sh")
        script("tryton/stop.sh")
        script("pg/stop.sh")
    return 0


if __name__ == "__main__":
    sys.exit(main())
