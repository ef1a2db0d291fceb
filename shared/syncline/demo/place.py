"""Where the demo plays: an installation of its own, an ERP, a shop and a warehouse beside it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from importlib import resources
from pathlib import Path
from string import Template

import msgspec

from syncline.bootstrap.services import SERVICES
from syncline.demo import erp
from syncline.demo.shop import Shop, serve
from syncline.embedded.installation import LocalInstallation, Plan
from syncline.embedded.ports import DevPorts, free_port, free_ports
from syncline.postgres.configuration.changes import ConfigurationStore
from syncline.postgres.database.database import Database, open_database
from syncline.resources.loader import load
from syncline.resources.plan import apply
from syncline.resources.schema import text as schema_text

_IN_REPOSITORY = "../../../../docs/schemas/"
_SCHEMA = "syncline.schema.json"
_WAREHOUSE = """
create table items (sku text primary key, name text not null, item_group int, active boolean,
  stock numeric, price numeric, unit text);
create table partners (code text primary key, name text not null, kind text, balance numeric,
  currency text, frozen boolean, country text);
create table orders (number int primary key, partner text not null, placed timestamp, due date,
  total numeric, currency text, cancelled boolean, lines jsonb not null);
"""


class Place(msgspec.Struct, frozen=True):
    """What the steps work with."""

    installation: LocalInstallation
    product: Database
    erp: Database
    warehouse: Database
    shop: Shop
    shop_port: int
    config: Path


def plan(folder: Path, environ: Mapping[str, str]) -> Plan:
    """Plan an installation on free ports that shares nothing with any other.

    Servers and settings of the environment are left alone: a demo must not write to them.
    """
    ports = free_ports(len(SERVICES))
    own = {name: value for name, value in environ.items() if not name.startswith("SYNCLINE_")}
    return Plan(folder, DevPorts(free_port(), free_port(), ports[0], free_port()), {}, own)


@asynccontextmanager
async def opened(
    installation: LocalInstallation, say: Callable[[str], None]
) -> AsyncIterator[Place]:
    """Fill the ERP of a started installation, open shop and warehouse, apply the documents."""
    server = installation.postgres
    assert server is not None
    async with open_database(server.dsn(), name="syncline-demo") as product:
        for name in ("erp", "warehouse"):
            await product.execute(f"create database {name}")
        shop, port = Shop(), free_port()
        listener = await serve(shop, port)
        async with (
            listener,
            open_database(server.dsn("erp"), size=2) as erp_database,
            open_database(server.dsn("warehouse"), size=2) as warehouse,
        ):
            await erp.build(server.dsn("erp"))
            say(
                f"the ERP has {erp.ITEMS:,} items, {erp.PARTNERS:,} partners, {erp.ORDERS:,} orders"
            )
            await warehouse.execute(_WAREHOUSE)
            config = _write_configuration(installation, port)
            place = Place(installation, product, erp_database, warehouse, shop, port, config)
            count = await _apply(place)
            say(f"{count} documents of configuration applied from {config}")
            yield place


def _write_configuration(installation: LocalInstallation, shop_port: int) -> Path:
    """Write the shipped files with the demo's ports, and the schema that editors check them by."""
    folder = installation.plan.folder / "config"
    folder.mkdir(exist_ok=True)
    (folder.parent / _SCHEMA).write_text(schema_text())
    ports = {"POSTGRES_PORT": installation.plan.ports.postgres, "SHOP_PORT": shop_port}
    for file in resources.files("syncline.demo").joinpath("config").iterdir():
        text = file.read_text(encoding="utf-8").replace(_IN_REPOSITORY, "../")
        (folder / file.name).write_text(Template(text).safe_substitute(ports), encoding="utf-8")
    return folder


async def _apply(place: Place) -> int:
    """Apply the files exactly as `syncline apply -f` does."""
    loaded = load([str(place.config)], os.environ)
    store = ConfigurationStore(place.product, place.installation.settings.keyring())
    return len(await apply(store, loaded, "default", "demo"))
