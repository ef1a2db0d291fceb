"""What a command works with: settings, database, Kafka, and where it prints.

Data goes to standard output, progress and errors to standard error.
"""

from __future__ import annotations

import asyncio
import getpass
import shlex
import shutil
import sys
from collections.abc import AsyncIterator, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from rich.console import Console
from rich.table import Table

from syncline.bootstrap.settings import Settings, load_settings
from syncline.cli.errors import Explained
from syncline.contracts.wire import Outbound
from syncline.kafka.admin import KafkaAdmin
from syncline.kafka.producer import KafkaProducer
from syncline.kafka.reader import KafkaReader
from syncline.postgres.configuring import ConfigurationStore
from syncline.postgres.database import Database, open_database
from syncline.telemetry.logs import configure_logs

T = TypeVar("T")
SEND_WITHIN = 10.0
"""Seconds until a broker counts as away."""
WIDE = 500
_encode = msgspec.json.Encoder(decimal_format="number", enc_hook=str).encode


def own_name() -> str:
    """Return how this program is called from here, for commands that a person may copy."""
    own = Path(sys.argv[0])
    if own.name != "syncline":
        return f"{Path(sys.executable).name} -m syncline.cli"
    on_path = shutil.which(own.name)
    if on_path is not None and Path(on_path).resolve() == own.resolve():
        return own.name
    path, here = own.absolute(), Path.cwd()
    return shlex.quote(str(path.relative_to(here) if path.is_relative_to(here) else path))


class Shell:
    """One command's surroundings.

    Attributes:
        json: data is printed as JSON.
        tenant: what the command works in.
    """

    def __init__(self, tenant: str = "default") -> None:
        self.json = False
        self.tenant = tenant

    @cached_property
    def out(self) -> Console:
        """Standard output; into a file or pipe nothing is cut to a terminal's width."""
        return Console(width=None if sys.stdout.isatty() else WIDE, highlight=False, soft_wrap=True)

    @cached_property
    def err(self) -> Console:
        """Standard error."""
        return Console(stderr=True, highlight=False)

    @cached_property
    def settings(self) -> Settings:
        """The settings. Raises InvalidInputError."""
        return load_settings()

    @property
    def settings_hint(self) -> dict[str, str]:
        """What hints on errors mention; empty while the settings are what is wrong."""
        known = self.__dict__.get("settings")
        return {"kafka": known.kafka_bootstrap if known else "its address"}

    @property
    def actor(self) -> str:
        """Who runs the command, for the audit log."""
        try:
            return getpass.getuser()
        except (KeyError, OSError):
            return "unknown"

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run asynchronous work to its end; libraries keep quiet meanwhile."""
        configure_logs("cli", "CRITICAL")
        return asyncio.run(work)

    @asynccontextmanager
    async def database(self) -> AsyncIterator[Database]:
        """Open the database. Raises RetriableError."""
        dsn = self.settings.postgres_dsn.get_secret_value()
        async with open_database(dsn, size=2, name="syncline-cli") as database:
            yield database

    @asynccontextmanager
    async def configuration(self) -> AsyncIterator[ConfigurationStore]:
        """Open the stored configuration. Raises RetriableError, SecretsError."""
        keyring = self.settings.keyring()
        async with self.database() as database:
            yield ConfigurationStore(database, keyring)

    async def send(self, messages: Sequence[Outbound]) -> None:
        """Publish messages and return when Kafka has them. Raises RetriableError."""
        producer = KafkaProducer(self.settings.kafka(), deadline=SEND_WITHIN)
        try:
            await producer.send(messages)
        finally:
            await producer.stop()

    def reader(self, topic: str, *, from_beginning: bool = False) -> KafkaReader:
        """Return a reader of one topic, not started."""
        return KafkaReader(self.settings.kafka(), topic, from_beginning=from_beginning)

    def admin(self) -> KafkaAdmin:
        """Return what creates and lists topics."""
        return KafkaAdmin(self.settings.kafka())

    def show(self, document: object, *lines: object) -> None:
        """Print a result: the document as JSON, or the lines (texts, tables) for people."""
        if self.json:
            sys.stdout.write(msgspec.json.format(_encode(document), indent=2).decode() + "\n")
            return
        for line in lines:
            self.out.print(line, markup=False)

    def show_table(
        self, document: object, rows: Iterable[Sequence[object]], columns: Sequence[str], none: str
    ) -> None:
        """Print rows as a table; `none` is said when there are none. A None cell is empty."""
        cells = [["" if cell is None else str(cell) for cell in row] for row in rows]
        table = Table(*columns, box=None, pad_edge=False, header_style="bold")
        for column in table.columns:
            column.overflow = "fold"
        for row in cells:
            table.add_row(*row)
        if cells or self.json:
            self.show(document, table)
        else:
            self.note(none)

    def note(self, text: str) -> None:
        """Tell progress or a hint."""
        self.err.print(text, markup=False, soft_wrap=True)

    def complain(self, error: Explained) -> None:
        """Tell an error."""
        if self.json:
            sys.stderr.write(_encode({"error": error}).decode() + "\n")
            return
        for line in error.lines():
            self.err.print(line, markup=False, soft_wrap=True)
