"""A real PostgreSQL 18 as a child process."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
from collections.abc import Callable, Mapping
from pathlib import Path

from syncline.embedded.accounts import Account, give, run_as, unprivileged
from syncline.embedded.errors import EmbeddedServerError
from syncline.embedded.postgres_install import data_place, programs
from syncline.embedded.probes import postgres_answers
from syncline.embedded.processes import in_thread, quiet
from syncline.embedded.server import EmbeddedServer

USER = "syncline"
DATABASE = "syncline"
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # a socket's path may be too long, and nobody needs it
    "max_connections": "200",
    "shared_buffers": "128MB",
    "max_wal_size": "2GB",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


class EmbeddedPostgres(EmbeddedServer):
    """PostgreSQL as an embedded server.

    Run by root, the server runs as `postgres` or `nobody`, because it refuses to run as root.

    Args:
        settings: server settings beside the embedded defaults, e.g. `{"fsync": "off"}` in tests.
    """

    name = "PostgreSQL"
    port_name = "postgres"
    start_within = 60.0  # after a crash it replays its log first
    stop_signal = signal.SIGINT  # its fast stop; SIGTERM would wait for clients to leave

    def __init__(
        self,
        folder: Path,
        port: int,
        *,
        settings: Mapping[str, str] | None = None,
        say: Callable[[str], None] = quiet,
    ) -> None:
        super().__init__(folder, port, say)
        self._settings = _SETTINGS | dict(settings or {})

    def dsn(self, database: str = DATABASE) -> str:
        """Return the address of a database for clients, with user and password."""
        password = self._password_file.read_text().strip()
        return f"postgresql://{USER}:{password}@127.0.0.1:{self.port}/{database}"

    @property
    def programs(self) -> Path:
        """The folder of its programs: pg_dump, pg_restore, psql. Raises EmbeddedServerError."""
        return programs(unprivileged(self.folder / "data"))

    @property
    def _password_file(self) -> Path:
        return self.folder / "password"

    async def _answers(self) -> bool:
        return await postgres_answers(self.port)

    async def _launch(self) -> None:
        await in_thread(self._create_and_launch)

    def _delete(self) -> None:
        """Delete also the part that lives elsewhere (see `data_place`)."""
        data = self.folder / "data"
        if data.is_symlink():
            shutil.rmtree(data.readlink().parent, ignore_errors=True)
        super()._delete()

    def _create_and_launch(self) -> None:
        account = unprivileged(self.folder / "data")
        binaries = programs(account)
        data = data_place(self.folder, account)
        if not data.exists():
            self._say("creating the PostgreSQL database")
            self._create(binaries, data, account)
        elif not self._password_file.exists():
            raise EmbeddedServerError(
                f"{self._password_file} is gone, and nothing reaches the data beside it without: "
                "bring it back from a copy, or begin anew with --fresh"
            )
        options = [part for item in self._settings.items() for part in ("-c", "=".join(item))]
        command = [str(binaries / "postgres"), "-D", str(data), "-p", str(self.port), *options]
        self.launch(command, _environment(), cwd=Path("/"), account=account)

    def _create(self, binaries: Path, data: Path, account: Account | None) -> None:
        """Make the cluster and its one database aside, so that a crash leaves nothing half-made."""
        made = data.with_name("data.new")
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir(mode=0o700)
        give(account, made)
        self._password_file.touch(mode=0o600)
        self._password_file.write_text(secrets.token_hex(16) + "\n")
        lent = data.with_name("password.lent")
        try:
            lent.touch(mode=0o600)
            lent.write_text(self._password_file.read_text())
            give(account, lent)
            locale = ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
            login = [f"--username={USER}", "--auth=scram-sha-256", f"--pwfile={lent}"]
            initdb = [str(binaries / "initdb"), "-D", str(made), "--locale=C", *locale, *login]
            _run(initdb, account)
        finally:
            lent.unlink(missing_ok=True)
        alone = [str(binaries / "postgres"), "--single", "-D", str(made), "template1"]
        _run(alone, account, f"create database {DATABASE}\n")
        made.rename(data)


def _environment() -> dict[str, str]:
    """Return our environment without the PG* variables that would turn the server's head."""
    return {k: v for k, v in os.environ.items() if not k.startswith("PG")}


def _run(command: list[str], account: Account | None, text: str | None = None) -> None:
    done = run_as(account, command, _environment(), text)
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or ["no reason given"]
        raise EmbeddedServerError(
            f"PostgreSQL cannot create its data: {said[-1][:300]} ({Path(command[0]).name})"
        )
