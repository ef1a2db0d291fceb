"""The checks of `syncline doctor`. A check never raises: what is wrong is its answer."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial

from syncline.actions.connections.connection_test import HINTS, checks_of
from syncline.bootstrap.restore_check import published_mark
from syncline.bootstrap.services import SERVICES
from syncline.bootstrap.settings_sources import unknown_variables
from syncline.cli.doctor.answers import CheckAnswer, Checked, Level
from syncline.cli.doctor.cluster_checks import ClusterChecks
from syncline.cli.doctor.processes import GONE_HINT, check_processes, heard
from syncline.cli.program.errors import explain, one_line
from syncline.cli.program.shell import Shell, own_name
from syncline.cli.program.texts import number, plural
from syncline.connectors.registry import connector_class
from syncline.contracts.snapshots import Snapshot
from syncline.contracts.topics import READS, SNAPSHOTS, STATUS, TOPICS
from syncline.domain.configuration.documents import ProfileConfig, TenantConfiguration
from syncline.domain.installation import restored
from syncline.postgres.limits.breakers import SystemAwayError, open_breakers
from syncline.postgres.monitoring.installation_mark import read_mark
from syncline.postgres.notifications.mail_addresses import unconfirmed_addresses
from syncline.postgres.runs.auditor import CHECKS, audit
from syncline.postgres.runs.open_lanes import moved_lanes
from syncline.postgres.schedules.schedule_list import ScheduleList
from syncline.runtime.clock import SystemClock

PROFILE_WITHIN = 12.0
"""Seconds a profile's test may take; a connector's own limit is 10."""
OVERDUE = 60.0
"""Seconds after which a slot should have been looked at."""
HIGH_LAG = 10_000
"""Messages above which a service is far behind."""
TOPICS_OF = {**READS, "notifier": [STATUS], "monitor": [SNAPSHOTS]}
AUDIT_WITHIN = 60.0
"""Seconds that the auditor may take here."""
WITHOUT_GROUP = {"gateway", "scheduler"}
"""Services that every process of which reads everything, or nothing."""
assert set(TOPICS_OF) | WITHOUT_GROUP == set(SERVICES)


class Checker:
    """Runs the checks in an order in which each needs only what came before."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._cluster = ClusterChecks(shell)

    async def everything(self, *, profiles: bool, audit: bool) -> AsyncIterator[Checked]:
        """Yield each answer as it comes; `profiles` calls the other systems, `audit` takes time."""
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
            async for check in self._stored(kafka, profiles=profiles, audit=audit):
                yield check
        yield await self._safely("folders", self._folders)
        if kafka.level is Level.OK:
            async for check in self._services():
                yield check

    async def _stored(
        self, kafka: Checked, *, profiles: bool, audit: bool
    ) -> AsyncIterator[Checked]:
        """Look at the database's copies, and at what it holds."""
        yield await self._safely("standbys", self._cluster.standbys)
        async for check in self._configuration(profiles=profiles):
            yield check
        yield await self._safely("circuit breakers", self._breakers)
        yield await self._safely("schedules", self._schedules)
        yield await self._safely("e-mail addresses", self._mail_addresses)
        if audit:
            yield await self._safely("audit", self._audit)
        if kafka.level is Level.OK:
            yield await self._safely("database and topics", self._restored)
            yield await self._safely("retention", self._cluster.retention)

    async def _services(self) -> AsyncIterator[Checked]:
        """Look at the brokers, and at every service: its processes, its group's lag."""
        for name, work in self._cluster.of_kafka():
            yield await self._safely(name, work)
        yield await self._safely("partitions", self._partitions)
        snapshots: list[Snapshot] = []

        async def listen() -> CheckAnswer:
            found = await heard(self._shell)
            snapshots.extend(found.snapshots)
            self._cluster.ahead_of_broker = found.ahead
            text = f"{plural(len(snapshots), 'process tells', 'processes tell')} of themselves"
            return Level.OK, text

        yield await self._safely("processes", listen)
        yield await self._safely("clocks", self._cluster.clocks)
        for service in SERVICES:
            name = f"service {service}"
            living = await self._safely(name, partial(check_processes, service, snapshots))
            if living.level is Level.FAIL or service not in TOPICS_OF:
                yield living
                continue
            group = await self._safely(name, partial(self._service, service))
            yield living if group.level is Level.OK and living.level is Level.WARN else group

    async def _safely(self, name: str, check: Callable[[], Awaitable[CheckAnswer]]) -> Checked:
        try:
            level, *said = await check()
            return Checked(level, name, *said)
        except Exception as error:  # noqa: BLE001 - whatever is wrong is what was asked for
            explained = explain(error, self._shell.settings_hint)
            words = [f"{p['path']}: {p['message']}" for p in explained.problems]
            words = words or [explained.message]
            return Checked(Level.FAIL, name, one_line("; ".join(words)), explained.hint)

    async def _settings(self) -> CheckAnswer:
        broker = self._shell.settings.kafka_bootstrap
        return Level.OK, f"Kafka {broker}, PostgreSQL {self._shell.settings_hint['postgres']}"

    async def _kafka(self) -> CheckAnswer:
        topics = await self._shell.kafka_answers(self._shell.admin().topics())
        missing = [topic.name for topic in topics if not topic.partitions]
        if missing:
            shown = ", ".join(missing[:3]) + (", …" if len(missing) > 3 else "")
            text = f"answers; {plural(len(missing), 'topic is', 'topics are')} missing: {shown}"
            return Level.FAIL, text, f"run `{own_name()} topics create`"
        partitions = max(topic.partitions for topic in topics)
        most = plural(partitions, "partition")
        return Level.OK, f"answers; {len(topics)} topics of up to {most}"

    async def _partitions(self) -> CheckAnswer:
        """Compare the topics with the setting, and the setting with the lanes of open runs."""
        wanted = self._shell.settings.kafka_partitions
        async with self._shell.database() as database:
            moved = await moved_lanes(database, wanted)
        if moved is not None:
            return Level.FAIL, moved, "services that start do not begin until then"
        states = await self._shell.kafka_answers(self._shell.admin().topics())
        pairs = zip(states, TOPICS, strict=True)
        spread = {state.name: state.partitions for state, topic in pairs if not topic.single}
        if few := {name: count for name, count in spread.items() if count < wanted}:
            name, count = next(iter(few.items()))
            text = f"{name} has {count}, SYNCLINE_KAFKA_PARTITIONS is {wanted}"
            return Level.WARN, text, "give the setting the number that the topics have"
        if any(count > wanted for count in spread.values()):
            text = f"topics have up to {max(spread.values())}, of which {wanted} are used"
            return Level.WARN, text, "see Scaling in docs/deployment.md"
        return Level.OK, f"{wanted} on every topic that is spread"

    async def _postgres(self) -> CheckAnswer:
        async with self._shell.database() as database:
            version = await database.fetchval("show server_version")
        return Level.OK, f"{version}; the schema is this release's"

    async def _configuration(self, *, profiles: bool) -> AsyncIterator[Checked]:
        found = TenantConfiguration()

        async def read() -> CheckAnswer:
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
            return level, ", ".join(counts) + "; secrets readable", hint

        yield await self._safely("configuration", read)
        for profile in found.profiles.values() if profiles else ():
            yield await self._safely(f"profile {profile.name}", partial(self._profile, profile))

    async def _profile(self, profile: ProfileConfig) -> CheckAnswer:
        kind = connector_class(profile.connector)
        around = self._shell.settings.surroundings(self._shell.tenant)
        connector = kind(profile.config, profile.secrets, around)
        steps = await checks_of(connector, PROFILE_WITHIN)
        wrong = next((step for step in steps if not step.ok), None)
        if wrong is None:
            return Level.OK, f"{profile.connector}: {', '.join(step.part for step in steps)}"
        level, inactive = (Level.FAIL, "") if profile.active else (Level.WARN, " (it is Inactive)")
        return level, f"{wrong.part}: {wrong.message}{inactive}", HINTS.get(wrong.part)

    async def _service(self, service: str) -> CheckAnswer:
        admin = self._shell.admin()
        group = await self._shell.kafka_answers(admin.lag(service, TOPICS_OF[service]))
        if group.gone:
            where = ", ".join(
                f"{plural(n, 'message')} of {t}/{p}" for (t, p), n in group.gone.items()
            )
            return Level.FAIL, f"retention deleted what it had not read: {where}", GONE_HINT
        members, lag = group.members, sum(group.by_topic().values())
        waiting = f"{plural(lag, 'message')} waiting"
        if not members:
            hint = f"start it: `{own_name()} run {service}`, or everything with `dev`"
            return Level.FAIL, f"no process; {waiting}", hint
        text = f"{plural(members, 'process', 'processes')}, {waiting}"
        if lag > HIGH_LAG:
            hint = f"it is {number(lag)} behind: start more of it"
            return Level.WARN, text, hint
        return Level.OK, text

    async def _schedules(self) -> CheckAnswer:
        async with self._shell.database() as database:
            overdue = await ScheduleList(database).overdue(OVERDUE)
        if overdue:
            text = f"{plural(overdue, 'schedule is', 'schedules are')} overdue"
            hint = f"is the scheduler running? `{own_name()} run scheduler` starts it"
            return Level.FAIL, text, hint
        return Level.OK, "none is overdue"

    async def _breakers(self) -> CheckAnswer:
        async with self._shell.database() as database:
            away = await open_breakers(database)
        if away:
            text = "; ".join(str(SystemAwayError(breaker)) for breaker in away)
            return Level.WARN, text, "runs go on by themselves when it answers again"
        return Level.OK, "every system answers, as far as is known"

    async def _mail_addresses(self) -> CheckAnswer:
        async with self._shell.database() as database:
            unconfirmed = await unconfirmed_addresses(database, self._shell.tenant)
        if unconfirmed:
            text = f"not confirmed, so nothing is sent to {', '.join(unconfirmed)}"
            return (
                Level.WARN,
                text,
                "*Test* on the page Notifications asks their owners by e-mail, once an hour",
            )
        return Level.OK, "every address of a subscription is confirmed"

    async def _audit(self) -> CheckAnswer:
        """Derive the counters of all runs anew, and hold them against what is shown."""
        try:
            async with asyncio.timeout(AUDIT_WITHIN), self._shell.database() as database:
                findings = await audit(database)
        except TimeoutError:  # the warning tells it
            text = f"the auditor found no end within {AUDIT_WITHIN:.0f} s"
            return Level.WARN, text, "`doctor --no-audit` leaves it out"
        if not findings:
            return Level.OK, f"{len(CHECKS)} promises hold of every run"
        broken = "; ".join(f"{f.check}: {', '.join(f.offenders[0].values())}" for f in findings)
        hint = "this should not be: keep the database as it is, and tell whoever maintains Syncline"
        return Level.FAIL, f"does not hold: {broken}", hint

    async def _restored(self) -> CheckAnswer:
        connection = self._shell.settings.kafka()
        published = await self._shell.kafka_answers(published_mark(connection, SystemClock()))
        async with self._shell.database() as database:
            problem = restored(await read_mark(database), published)
        if problem is not None:
            return Level.FAIL, problem
        return Level.OK, "the database is as new as the topics"

    async def _folders(self) -> CheckAnswer:
        folders = self._shell.settings.roots()
        gone = [folder for folder in folders if not await asyncio.to_thread(os.path.isdir, folder)]
        if gone:
            text = f"SYNCLINE_FILES_ROOTS names {gone[0]}, which is no folder here"
            return Level.WARN, text, "make it, or take it out of the setting"
        text = plural(len(folders), "folder") + " for files" if folders else "no folder for files"
        return Level.OK, text
