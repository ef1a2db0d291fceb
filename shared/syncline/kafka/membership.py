"""A consumer's membership in its group, under a name that its process keeps over restarts.

The broker gives the partitions of a name at once to whoever joins under it: to a process that was
killed and started again. It also does so where two processes have one name by mistake. They would
take the partitions from each other for ever; so the one that has lost them never joins again.
docs/decisions/0036.
"""

from __future__ import annotations

from aiokafka import AIOKafkaConsumer

from syncline.domain.errors import SynclineError
from syncline.kafka.client import members_of
from syncline.kafka.connection import KafkaConnection
from syncline.kafka.failures import MembershipLostError

_UUID = 36
"""Characters that the broker puts behind a member's name."""


class NameTakenError(SynclineError):
    """Another process has become a member of the group under this process's name."""


class Membership:
    """One consumer's, in one client after another."""

    def __init__(self, connection: KafkaConnection, group: str) -> None:
        self._connection = connection
        self._group = group
        self._id = ""  # of the newest membership
        self._client: AIOKafkaConsumer | None = None  # that has it

    async def require_own_name(self) -> None:
        """Raise NameTakenError where another process has joined under our name since we did.

        At the start of a process nobody can tell: who has the name may have been killed just now.
        """
        name = self._connection.member
        if name is not None and self._id:
            members = await members_of(self._connection, self._group)
            ours = [member for member in members if member[:-_UUID] == f"{name}-"]
            if ours and ours != [self._id]:
                raise NameTakenError(
                    f"another process has joined group {self._group} as {name}: each process of a "
                    "service needs a SYNCLINE_PROCESS_NAME of its own"
                )

    def begin(self, client: AIOKafkaConsumer) -> None:
        """Note that a client is a member now."""
        self._client, self._id = client, _id_of(client)

    def require(self) -> None:
        """Raise MembershipLostError where the broker counts the client no more as a member."""
        if self._connection.member is None or self._client is None:
            return
        if not _id_of(self._client):
            lost = MembershipLostError(f"no member of group {self._group} any more")
            # A poll that waits for the next assignment would wait for ever: there will be none.
            self._client._subscription.abort_waiters(lost)  # noqa: SLF001
            raise lost

    def end(self, client: AIOKafkaConsumer) -> None:
        """Let a client leave the group when it stops; one with a name would not."""
        self._client = None
        if (coordinator := client._coordinator) is not None:  # noqa: SLF001
            coordinator._group_instance_id = None  # noqa: SLF001


def _id_of(client: AIOKafkaConsumer) -> str:
    """Return the ID that the broker gave; empty when it has taken it back."""
    member_id: str = client._coordinator.member_id  # noqa: SLF001 - there is no other way to it
    return member_id
