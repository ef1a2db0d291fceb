"""`syncline topics`: create, list and tail."""

from __future__ import annotations

import re
from typing import Annotated

import msgspec
import typer
import yaml
from rich.text import Text

from syncline.cli.program.app import Commands
from syncline.cli.program.shell import Shell, own_name
from syncline.cli.program.tables import Column, printable
from syncline.cli.program.texts import plural
from syncline.cli.runs.runs import run_id_of
from syncline.contracts.messages import decoder_of
from syncline.contracts.topics import BY_NAME, TENANT_TRIGGERS
from syncline.contracts.wire import Delivery
from syncline.domain.errors import InvalidInputError, Problem
from syncline.domain.installation import restored
from syncline.domain.naming import hint, shown
from syncline.domain.record import JsonObject, Value
from syncline.kafka.acl_commands import commands as commands_of
from syncline.kafka.acl_commands import strimzi_users
from syncline.postgres.monitoring.installation_mark import adopt_mark, read_mark
from syncline.runtime.clock import SystemClock

commands = Commands("Create, list and tail topics.")
_TOPIC = typer.Argument(metavar="TOPIC", help="Such as `status`, with or without its prefix.")
_TRIGGER_TOPIC = typer.Option(
    "--trigger-topic", metavar="TENANT", help="Create a tenant's own trigger topic, too."
)
_PRINCIPAL = typer.Option(
    "--principal", metavar="USER", help="Kafka's user of each service; SERVICE is its name."
)
_STRIMZI = typer.Option(
    "--strimzi", metavar="CLUSTER", help="Print KafkaUser resources for this Kafka instead."
)
_BEGINNING = typer.Option("--from-beginning", help="Begin with the oldest message.")
_KEY = typer.Option("--key", metavar="CORRELATION_ID", help="Only messages of this run.")
_LIMIT = typer.Option("--limit", min=1, help="Stop after so many messages.")


@commands.add("create", tenant=False)
def create(shell: Shell, trigger_topic: Annotated[list[str] | None, _TRIGGER_TOPIC] = None) -> None:
    """Create the topics that are missing; what exists stays as it is."""
    settings = shell.settings
    tenants = trigger_topic or []
    if wrong := [tenant for tenant in tenants if not re.fullmatch("[a-z0-9-]{1,63}", tenant)]:
        message = f"{shown(wrong[0])} is no name of a tenant"
        raise InvalidInputError([Problem("--trigger-topic", message)])

    async def create_missing() -> list[str]:
        admin = shell.admin()
        await shell.kafka_answers(admin.topics())  # away is soon said; creating may take a while
        return await admin.create_topics(
            settings.kafka_partitions, settings.kafka_replication, tenants
        )

    names = shell.run(create_missing())
    lines = [f"created {name}" for name in names] or ["every topic exists"]
    shell.show({"created": names}, *lines)


@commands.add("list", tenant=False)
def list_(shell: Shell) -> None:
    """List the topics of the installation with their partitions."""
    found = shell.run(shell.kafka_answers(shell.admin().topics()))
    prefix = shell.settings.kafka_prefix
    columns = (
        Column("topic", "name"),
        Column("partitions", lambda state: state.partitions or "missing", right=True),
        Column("writers", lambda state: BY_NAME[state.name.removeprefix(prefix)].writers, rank=2),
        Column("readers", lambda state: BY_NAME[state.name.removeprefix(prefix)].readers, rank=1),
        Column("purpose", rank=3, cut=True),
    )
    shell.show_list(found, columns, "no topics")
    missing = [state.name for state in found if not state.partitions]
    if missing:
        text = plural(len(missing), "topic is", "topics are")
        shell.note(f"{text} missing: `{own_name()} topics create` creates them")


@commands.add("acls", tenant=False)
def acls(
    shell: Shell,
    principal: Annotated[str, _PRINCIPAL] = "syncline-SERVICE",
    strimzi: Annotated[str | None, _STRIMZI] = None,
) -> None:
    """Print the commands that grant each service what it may do on Kafka, and no more."""
    settings = shell.settings
    prefix = settings.kafka_prefix
    if strimzi is not None:
        users = strimzi_users(prefix, principal, strimzi)
        _show_as_it_is(shell, {"users": users}, yaml.safe_dump_all(users, sort_keys=False))
        return
    lines = list(commands_of(prefix, principal, settings.kafka_bootstrap))
    _show_as_it_is(shell, {"commands": lines}, "\n".join(lines))


def _show_as_it_is(shell: Shell, document: JsonObject, text: str) -> None:
    """Print what another program is to read: no line may be broken."""
    if shell.json:
        shell.show(document)
    else:
        typer.echo(text)


@commands.add("adopt", tenant=False)
def adopt(shell: Shell) -> None:
    """Go on with the topics as they are, although the database was restored to an earlier time.

    Runs, dead letters and acknowledgements of after that time are lost: messages of unknown runs
    are set aside, and what was written to targets since is written again.
    """
    from syncline.bootstrap.restore_check import published_mark  # noqa: PLC0415

    async def go_on() -> bool:
        published = await shell.kafka_answers(published_mark(shell.settings.kafka(), SystemClock()))
        async with shell.database() as database:
            if published is None or restored(await read_mark(database), published) is None:
                return False
            await adopt_mark(database, published)
        return True

    changed = shell.run(go_on())
    line = (
        "the services go on with the topics" if changed else "the database is as new as the topics"
    )
    shell.show({"adopted": changed}, line)


@commands.add("tail", tenant=False)
def tail(
    shell: Shell,
    topic: Annotated[str, _TOPIC],
    from_beginning: Annotated[bool, _BEGINNING] = False,
    key: Annotated[str | None, _KEY] = None,
    limit: Annotated[int | None, _LIMIT] = None,
) -> None:
    """Print messages as they come, until Ctrl-C; with --json one document a line."""
    name = topic.removeprefix(shell.settings.kafka_prefix)
    if name not in BY_NAME and not name.startswith(TENANT_TRIGGERS):
        like = hint(name, list(BY_NAME))
        message = f"unknown topic {shown(topic)}{like}"
        raise InvalidInputError([Problem("TOPIC", message)])
    wanted = run_id_of(key).encode() if key else None
    shell.run(_tail(shell, name, wanted, limit, from_beginning=from_beginning))


async def _tail(
    shell: Shell, topic: str, key: bytes | None, limit: int | None, *, from_beginning: bool
) -> None:
    reader = shell.reader(topic, from_beginning=from_beginning, with_foreign=True)
    await shell.kafka_answers(reader.start())
    shown = 0
    try:
        async for delivery in reader.follow():
            if key in (None, delivery.key):
                shell.show_line(_document(delivery), _line(delivery))
                shown += 1
            if limit is not None and shown >= limit:
                return
    finally:
        await reader.stop()


def _document(delivery: Delivery) -> JsonObject:
    return {
        "topic": delivery.topic,
        "partition": delivery.partition,
        "offset": delivery.offset,
        "timestamp": delivery.timestamp,
        "key": _words(delivery.key),
        "headers": {name: _words(value) for name, value in delivery.headers},
        "value": _value(delivery.value),
        **({} if delivery.foreign is None else {"foreign": delivery.foreign}),
    }


def _line(delivery: Delivery) -> Text:
    place = f"{delivery.partition}/{delivery.offset} {_words(delivery.key)} "
    foreign = "" if delivery.foreign is None else f"foreign message: {delivery.foreign}: "
    return Text.assemble((place, "dim"), (foreign, "red"), _words(delivery.value) or "(tombstone)")


def _value(value: bytes | None) -> Value:
    try:
        return None if value is None else decoder_of(object).decode(value)
    except (msgspec.DecodeError, RecursionError):  # no JSON: shown as the text that it is
        return _words(value)


def _words(value: bytes | None) -> str:
    return printable((value or b"").decode(errors="backslashreplace"))
