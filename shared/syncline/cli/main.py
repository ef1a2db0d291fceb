"""`syncline`: the commands, each in the module of its group."""

from __future__ import annotations

import asyncio
import importlib

import typer

from syncline.bootstrap.services import SERVICES
from syncline.bootstrap.settings import load_settings
from syncline.cli.app import Commands
from syncline.cli.demo import demo
from syncline.cli.dev import dev
from syncline.cli.shell import Shell
from syncline.kafka.admin import KafkaAdmin
from syncline.postgres.migrate import migrate as apply_migrations

app = Commands("Moves business records between systems.")
app.add("dev")(dev)
app.add("demo")(demo)
topics = typer.Typer(no_args_is_help=True, help="Topics of the installation.")
app.add_typer(topics, name="topics")


@app.callback()
def begin(ctx: typer.Context) -> None:
    """Moves business records between systems."""
    ctx.obj = Shell()


@app.command()
def run(service: str) -> None:
    """Run one service until it is told to stop."""
    if service not in SERVICES:
        typer.echo(f"unknown service {service!r}; known: {', '.join(SERVICES)}", err=True)
        raise typer.Exit(2)
    importlib.import_module(f"syncline_{service}.main").main(load_settings())


@app.command()
def migrate() -> None:
    """Bring the database to this release's schema."""
    settings = load_settings()
    for name in asyncio.run(apply_migrations(settings.postgres_dsn.get_secret_value())):
        typer.echo(f"applied {name}")


@topics.command("create")
def create() -> None:
    """Create the topics that are missing."""
    settings = load_settings()
    admin = KafkaAdmin(settings.kafka())
    partitions, replication = settings.kafka_partitions, settings.kafka_replication
    for name in asyncio.run(admin.create_topics(partitions, replication)):
        typer.echo(f"created {name}")


def main() -> None:
    app()
