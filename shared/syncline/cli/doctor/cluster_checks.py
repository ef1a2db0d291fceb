"""Asks a cluster for what `cluster` judges."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from syncline.cli.doctor import cluster
from syncline.cli.doctor.answers import CheckAnswer, Level
from syncline.cli.program.shell import Shell
from syncline.contracts.topics import TOPICS
from syncline.kafka.cluster_state import ClusterState
from syncline.kafka.failures import BrokerRefusedError
from syncline.postgres.monitoring.standbys import (
    database_time,
    oldest_open_run,
    read_replication,
)
from syncline.runtime.clock import SystemClock


class ClusterChecks:
    """The checks of what runs on more than one machine.

    Attributes:
        ahead_of_broker: seconds that this machine's clock is ahead of the broker's; None: unknown.
    """

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self.ahead_of_broker: float | None = None

    def of_kafka(self) -> Sequence[tuple[str, Callable[[], Awaitable[CheckAnswer]]]]:
        """Return the checks that need Kafka alone."""
        return [
            ("brokers", self._brokers), ("copies", self._copies), ("access control", self._rights),
        ]  # fmt: skip

    async def _state(self) -> ClusterState:
        return await self._shell.kafka_answers(self._shell.admin().state())

    async def _brokers(self) -> CheckAnswer:
        return cluster.judge_brokers(await self._state(), self._shell.settings.kafka_bootstrap)

    async def _copies(self) -> CheckAnswer:
        return cluster.judge_copies(await self._state(), self._shell.settings.kafka_replication)

    async def _rights(self) -> CheckAnswer:
        try:
            missing = await self._shell.kafka_answers(self._shell.admin().missing_rights())
        except BrokerRefusedError:  # that there is access control is all that can be said
            text = "this user may not ask what was granted: it needs Describe on the cluster"
            return Level.OK, text
        return cluster.judge_rights(missing)

    async def retention(self) -> CheckAnswer:
        """Hold what topics keep against the runs that are open."""
        prefix = self._shell.settings.kafka_prefix
        async with self._shell.database() as database:
            oldest = await oldest_open_run(database)
        topics = {f"{prefix}{topic.name}": topic for topic in TOPICS}
        return cluster.judge_retention(await self._state(), topics, oldest)

    async def standbys(self) -> CheckAnswer:
        """Say what a failover of PostgreSQL would lose."""
        async with self._shell.database() as database:
            return cluster.judge_replication(await read_replication(database))

    async def clocks(self) -> CheckAnswer:
        """Compare this machine's clock and the broker's with the database's."""
        clock = SystemClock()
        async with self._shell.database() as database:
            theirs = await database_time(database)
            ahead = (clock.now() - theirs).total_seconds()
        found = {"this machine": ahead}
        if self.ahead_of_broker is not None:
            found["the broker"] = ahead - self.ahead_of_broker
        return cluster.judge_clocks(found)
