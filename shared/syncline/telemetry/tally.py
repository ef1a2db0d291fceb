"""Counts of what this process has done so far, for its snapshots. They only grow."""

from __future__ import annotations

from collections.abc import Sequence

from syncline.contracts.topics import DLQ, RETRY_PREFIX
from syncline.contracts.wire import Outbound


class Tally:
    """Counts of one process since its start.

    Attributes:
        records_in, records_out: received, and sent on or settled; in stages that handle runs, runs.
        failed, retried: records sent to the DLQ and to a retry topic.
        messages: taken from topics.
        gone_unread: messages that retention deleted before they were read.
        busy: seconds in handler calls; calls at the same time are added up.
    """

    def __init__(self) -> None:
        self.records_in = 0
        self.records_out = 0
        self.failed = 0
        self.retried = 0
        self.messages = 0
        self.gone_unread = 0
        self.busy = 0.0

    def count_sent(self, messages: Sequence[Outbound]) -> None:
        """Count the records of acknowledged messages by topic."""
        for message in messages:
            if message.topic == DLQ:
                self.failed += message.records
            elif message.topic.startswith(RETRY_PREFIX):
                self.retried += message.records
            else:
                self.records_out += message.records


TALLY = Tally()
