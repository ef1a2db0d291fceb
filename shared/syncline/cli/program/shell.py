"""What a command works with: settings, database, Kafka, and where it prints.

Data goes to standard output, progress and errors to standard error. What talks to servers is
imported when it is needed: most commands need only a part, and they should feel instant.
"""

from __future__ import annotations

import asyncio
import getpass
import os
import shlex
import shutil
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    contextmanager,
)
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec
import typer
from rich.console import Console

from syncline.cli.program.errors import NoInstallationError, OutsideError, explain
from syncline.cli.program.tables import Column, table
from syncline.domain.errors import RetriableError

if TYPE_CHECKING:
    from syncline.bootstrap.settings import Settings
    from syncline.contracts.wire import Outbound
    from syncline.kafka.admin import KafkaAdmin
    from syncline.kafka.reader import KafkaReader
    from syncline.postgres.configuration.changes import ConfigurationStore
    from syncline.postgres.database.database import Database

S = TypeVar("S")
T = TypeVar("T")
WITHIN = 10.0
"""Seconds until a server counts as away."""
WIDE = 100_000
"""Cells of a line where nothing is to be cut: a file or a pipe."""
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
    """One command's surroundings; `json`: data is printed as JSON."""

    def __init__(self, tenant: str = "default") -> None:
        self.json = False
        self.tenant = tenant

    @cached_property
    def out(self) -> Console:
        """Standard output; into a file or pipe nothing is cut to a terminal's width."""
        return _console(sys.stdout.isatty(), soft_wrap=True)

    @cached_property
    def err(self) -> Console:
        """Standard error; into a file or pipe nothing is wrapped."""
        return _console(sys.stderr.isatty(), stderr=True)

    @cached_property
    def settings(self) -> Settings:
        """The settings. Raises InvalidInputError; NoInstallationError where nothing names one."""
        from syncline.bootstrap.settings_sources import (  # noqa: PLC0415
            installation_here,
            load_settings,
        )

        here = Path.cwd()
        if not installation_here(os.environ, here):
            above = next((f for f in here.parents if installation_here({}, f)), None)
            raise NoInstallationError(here, above)
        return load_settings()

    @property
    def settings_hint(self) -> dict[str, str]:
        """What hints on errors mention; never a password."""
        known: Settings | None = self.__dict__.get("settings")
        if known is None:
            return {"kafka": "its address", "postgres": "its address"}
        address = known.postgres_dsn.get_secret_value().rpartition("@")[2].partition("?")[0]
        return {"kafka": known.kafka_bootstrap, "postgres": address.removeprefix("postgresql://")}

    @property
    def actor(self) -> str:
        """Who runs the command, for the audit log."""
        try:
            return getpass.getuser()
        except (KeyError, OSError):  # an account that has no name
            return "unknown"

    @property
    def is_interactive(self) -> bool:
        """Whether a person can answer a question."""
        return sys.stdin.isatty() and sys.stderr.isatty() and not self.json

    def run(self, work: Coroutine[object, None, T]) -> T:
        """Run asynchronous work to its end; libraries keep quiet meanwhile."""
        from syncline.telemetry.logs import configure_logs  # noqa: PLC0415

        configure_logs("cli", "CRITICAL")
        return asyncio.run(work)

    def ask(self, question: Callable[[Database], Coroutine[object, None, T]]) -> T:
        """Open the database for one question and return its answer. Raises as `database` does."""
        return self.run(_answer(self.database(), question))

    def configure(self, work: Callable[[ConfigurationStore], Coroutine[object, None, T]]) -> T:
        """Open the stored configuration, do something with it. Raises as `configuration` does."""
        return self.run(_answer(self.configuration(), work))

    def confirm(self, what: str, refusal: str, *, otherwise: str = "") -> None:
        """Ask a person for a yes; `otherwise` is printed after a no, which raises typer.Exit.

        Raises OutsideError with `refusal`, what was not done, where there is nobody to ask.
        """
        if not self.is_interactive:
            raise OutsideError("not_confirmed", refusal, "add --yes to do it without asking")
        if not typer.confirm(f"{what}?", err=True):
            if otherwise:
                self.note(otherwise)
            raise typer.Exit(1)

    @asynccontextmanager
    async def database(self) -> AsyncIterator[Database]:
        """Open the database. Raises RetriableError; OutsideError when it has another schema."""
        from syncline.postgres.database.database import open_database  # noqa: PLC0415
        from syncline.postgres.database.migration import schema_of  # noqa: PLC0415

        dsn = self.settings.postgres_dsn.get_secret_value()
        opening = open_database(dsn, size=2, name="syncline-cli")
        async with AsyncExitStack() as stack:
            with _away_after("PostgreSQL did not answer", "database_unavailable"):
                async with asyncio.timeout(WITHIN):
                    database = await stack.enter_async_context(opening)
            if missing := (await schema_of(database)).missing:
                message = f"the database lacks {len(missing)} migrations of this release"
                raise OutsideError("schema_missing", message, "run `syncline migrate`")
            yield database

    @asynccontextmanager
    async def configuration(self) -> AsyncIterator[ConfigurationStore]:
        """Open the stored configuration. Raises RetriableError, SecretsError."""
        from syncline.postgres.configuration.changes import ConfigurationStore  # noqa: PLC0415

        keyring = self.settings.keyring()
        async with self.database() as database:
            yield ConfigurationStore(database, keyring)

    async def send(self, messages: Sequence[Outbound]) -> None:
        """Publish messages and return when Kafka has them. Raises RetriableError."""
        from syncline.kafka.producer import KafkaProducer  # noqa: PLC0415

        producer = KafkaProducer(self.settings.kafka(), deadline=WITHIN)
        try:
            await producer.send(messages)
        finally:
            await producer.stop()

    def reader(
        self, topic: str, *, from_beginning: bool = False, with_foreign: bool = False
    ) -> KafkaReader:
        """Return a reader of one topic, not started."""
        from syncline.kafka.reader import KafkaReader  # noqa: PLC0415

        return KafkaReader(
            self.settings.kafka(), topic, from_beginning=from_beginning, with_foreign=with_foreign
        )

    def admin(self) -> KafkaAdmin:
        """Return what creates and lists topics."""
        from syncline.kafka.admin import KafkaAdmin  # noqa: PLC0415

        return KafkaAdmin(self.settings.kafka())

    async def kafka_answers(self, work: Coroutine[object, None, T]) -> T:
        """Wait for something of Kafka, but not for long. Raises RetriableError."""
        with _away_after("Kafka is not available", "kafka_unavailable"):
            async with asyncio.timeout(WITHIN):
                return await work

    def show(self, document: object, *lines: object) -> None:
        """Print a result: the document as JSON, or the lines (texts, tables) for people."""
        if self.json:
            sys.stdout.write(msgspec.json.format(_encode(document), indent=2).decode() + "\n")
            return
        for line in lines:
            self.out.print(line, markup=False)

    def show_line(self, document: object, line: object) -> None:
        """Print one of a stream of results: as one line of JSON, or for people."""
        if self.json:
            sys.stdout.write(_encode(document).decode() + "\n")
            sys.stdout.flush()
            return
        self.out.print(line, markup=False)

    def show_list(
        self,
        listed: Sequence[S],
        columns: Sequence[Column],
        none: str,
        *,
        document: Callable[[S], object] = lambda one: one,
        limit: int | None = None,
    ) -> Sequence[S]:
        """Print things as a table that fits, and return what was shown.

        Args:
            none: is said when there are none.
            document: makes what programs get of each.
            limit: so many are shown, and it is said when there are more.
        """
        shown = listed[:limit]
        if self.json or shown:
            documents = [document(one) for one in shown]
            self.show(documents, *table(columns, shown, self.out.width))
        else:
            self.note(none)
        if len(shown) < len(listed):
            self.note("there are more: --limit shows more")
        return shown

    def note(self, text: str) -> None:
        """Tell progress or a hint."""
        self.err.print(text, markup=False, soft_wrap=True)

    def complain(self, error: Exception) -> int:
        """Tell an error, and return its exit code."""
        explained = explain(error, self.settings_hint)
        if self.json:
            sys.stderr.write(_encode({"error": explained}).decode() + "\n")
        else:
            for line in explained.lines():
                self.err.print(line, markup=False, soft_wrap=True)
        if explained.code == "unexpected_error" and os.environ.get("SYNCLINE_LOG_LEVEL") == "DEBUG":
            raise error
        return explained.exit_code


async def _answer(
    opening: AbstractAsyncContextManager[S], work: Callable[[S], Coroutine[object, None, T]]
) -> T:
    async with opening as opened:
        return await work(opened)


def _console(is_terminal: bool, *, stderr: bool = False, soft_wrap: bool = False) -> Console:
    """Print texts as they are: nothing is a link, a number or, as `:100:` would be, a picture."""
    width = None if is_terminal else WIDE
    return Console(width=width, stderr=stderr, soft_wrap=soft_wrap, highlight=False, emoji=False)


@contextmanager
def _away_after(message: str, code: str) -> Iterator[None]:
    """Turn the end of the time that a server has for its answer into RetriableError."""
    try:
        yield
    except TimeoutError:
        raise RetriableError(f"{message} within {WITHIN:.0f} s", code=code) from None
