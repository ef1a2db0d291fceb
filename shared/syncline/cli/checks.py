"""The checks of `syncline doctor`. A check never raises: what is wrong is its answer."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from enum import StrEnum
from functools import partial

import msgspec

from syncline.bootstrap.services import SERVICES
from syncline.bootstrap.settings_loading import unknown_variables
from syncline.cli.errors import explain, one_line
from syncline.cli.shell import Shell, own_name
from syncline.cli.words import number, plural
from syncline.connectors.registry import connector_class
from syncline.contracts.topics import READS, SNAPSHOTS, STATUS
from syncline.domain.configuration import Configured, ProfileConfig
from syncline.postgres.schedule_views import ScheduleViews

PROFILE_WITHIN = 12.0
"""Seconds a profile's test may take; a connector's own limit is 10."""
OVERDUE = 60.0
"""Seconds after which a slot should have been looked at."""
HIGH_LAG = 10_000
"""Messages above which a service is far behind."""
TOPICS_OF = {**READS, "notifier": [STATUS], "monitor": [SNAPSHOTS]}
WITHOUT_GROUP = {"gateway", "scheduler"}
"""Services that every process of which reads everything, or nothing."""
assert set(TOPICS_OF) | WITHOUT_GROUP == set(SERVICES)


class Level(StrEnum):
    """How a check came out."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Checked(msgspec.Struct, frozen=True):
    """The answer of one check; `hint` says what to do."""

    level: Level
    name: str
    message: str
    hint: str | None = None


class Checker:
    """Runs the checks in an order in which each needs only what came before."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    async def everything(self, *, profiles: bool) -> AsyncIterator[Checked]:
        """Yield each answer as it comes."""
        settings = await self._safely("settings", self._settings)
        yield settings
        if settings.level is Level.FAIL:
            return  # nothing else can be known
        for problem in unknown_variables(os.environ):
            name = f"SYNCLINE_{problem.path.upper()}"
            yield Checked(Level.WARN, "settings", f"nothing reads {name}", problem.message)
        kafka = await self._safely("Kafka", self._kafka)
        yield kafka
        postgres = await self._safely("PostgreSQL", self._postgres)
        yield postgres
        if postgres.level is Level.OK:
            async for check in self._configuration(profiles=profiles):
                yield check
            yield await self._safely("service scheduler", self._scheduler)
        if kafka.level is Level.OK:
            for service in TOPICS_OF:
                yield await self._safely(f"service {service}", partial(self._service, service))

    async def _safely(self, name: str, check: Callable[[], Awaitable[Checked]]) -> Checked:
        try:
            return await check()
        except Exception as error:  # noqa: BLE001 - whatever is wrong is what was asked for
            explained = explain(error, self._shell.settings_hint)
            words = [explained.message]
            words = [f"{p['path']}: {p['message']}" for p in explained.problems] or words
            return Checked(Level.FAIL, name, one_line("; ".join(words)), explained.hint)

    async def _settings(self) -> Checked:
        settings = self._shell.settings
        hint = self._shell.settings_hint
        where = f"Kafka {settings.kafka_bootstrap}, PostgreSQL {hint['postgres']}"
        return Checked(Level.OK, "settings", where)

    async def _kafka(self) -> Checked:
        topics = await self._shell.kafka_answers(self._shell.admin().topics())
        missing = [topic.name for topic in topics if not topic.partitions]
        if missing:
            shown = ", ".join(missing[:3]) + (", …" if len(missing) > 3 else "")
            text = f"answers; {plural(len(missing), 'topic is', 'topics are')} missing: {shown}"
            return Checked(Level.FAIL, "Kafka", text, f"run `{own_name()} topics create`")
        partitions = max(topic.partitions for topic in topics)
        most = plural(partitions, "partition")
        return Checked(Level.OK, "Kafka", f"answers; {len(topics)} topics of up to {most}")

    async def _postgres(self) -> Checked:
        async with self._shell.database() as database:
            version = await database.fetchval("show server_version")
        return Checked(Level.OK, "PostgreSQL", f"{version}; the schema is this release's")

    async def _configuration(self, *, profiles: bool) -> AsyncIterator[Checked]:
        found = Configured()

        async def read() -> Checked:
            nonlocal found
            async with self._shell.configuration() as stored:
                found = await stored.stored(self._shell.tenant)
            counts = [
                plural(len(found.profiles), "profile"),
                plural(len(found.mappings), "mapping"),
                plural(len(found.instances), "instance"),
            ]
            hint = None if found.instances else f"`{own_name()} apply -f FILE` stores some"
            level = Level.OK if found.instances else Level.WARN
            return Checked(level, "configuration", ", ".join(counts) + "; secrets readable", hint)

        yield await self._safely("configuration", read)
        for profile in found.profiles.values() if profiles else ():
            yield await self._safely(f"profile {profile.name}", partial(self._profile, profile))

    async def _profile(self, profile: ProfileConfig) -> Checked:
        name = f"profile {profile.name}"
        surroundings = self._shell.settings.surroundings()
        kind = connector_class(profile.connector)
        connector = kind(profile.config, profile.secrets, surroundings)
        try:
            async with asyncio.timeout(PROFILE_WITHIN):
                steps = await connector.test()
        except TimeoutError:
            text = f"no answer within {PROFILE_WITHIN:.0f} s"
            return Checked(Level.FAIL, name, text, "is its host the right one, and reachable?")
        finally:
            await connector.close()
        wrong = [step for step in steps if not step.ok]
        level = Level.FAIL if wrong and profile.active else Level.WARN if wrong else Level.OK
        if wrong:
            inactive = "" if profile.active else " (it is Inactive)"
            return Checked(level, name, f"{wrong[0].part}: {wrong[0].message}{inactive}")
        parts = ", ".join(step.part for step in steps)
        return Checked(level, name, f"{profile.connector}: {parts}")

    async def _service(self, service: str) -> Checked:
        name = f"service {service}"
        admin = self._shell.admin()
        members = await self._shell.kafka_answers(admin.members(service))
        lag = sum(
            (await self._shell.kafka_answers(admin.lag(service, TOPICS_OF[service]))).values()
        )
        waiting = f"{plural(lag, 'message')} waiting"
        if not members:
            hint = f"start it: `{own_name()} run {service}`, or everything with `dev`"
            return Checked(Level.FAIL, name, f"no process; {waiting}", hint)
        text = f"{plural(members, 'process', 'processes')}, {waiting}"
        if lag > HIGH_LAG:
            hint = f"it is {number(lag)} behind: start more of it"
            return Checked(Level.WARN, name, text, hint)
        return Checked(Level.OK, name, text)

    async def _scheduler(self) -> Checked:
        """Look at its work: it reads no topic, so no group says whether it runs."""
        name = "service scheduler"
        async with self._shell.database() as database:
            overdue = await ScheduleViews(database).overdue(OVERDUE)
        if overdue:
            text = f"{plural(overdue, 'schedule is', 'schedules are')} overdue"
            return Checked(Level.FAIL, name, text, f"start it: `{own_name()} run scheduler`")
        return Checked(Level.OK, name, "no schedule is overdue")
