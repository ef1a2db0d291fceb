"""Deadletter: reads dead letters from `dlq`, stores them, then reports their records as failed.

A dead letter is stored before its outcome is published, so each Failed record of a run has exactly
one, whatever crashes in between.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec
import structlog

from syncline.contracts.events import DeadLetter
from syncline.contracts.outbound import report_message
from syncline.contracts.wire import Outbound
from syncline.domain.dead_letter.replay import PoisonMessage
from syncline.domain.errors import RetriableError
from syncline.runtime.spec import Handler, SideTask
from syncline.telemetry.run_log import RUN_LOG
from syncline_deadletter.rules import DlqMessage, settled

log = structlog.get_logger()


class DeadLetters(Protocol):
    """See syncline.postgres.dead_letters.store."""

    async def store(self, letters: Sequence[DeadLetter]) -> None: ...
    async def store_poison(self, letters: Sequence[PoisonMessage]) -> None: ...


class DeadletterHandler(Handler[DlqMessage]):
    """Stores the dead letters of one poll in one transaction."""

    def __init__(self, letters: DeadLetters, side_tasks: Mapping[str, SideTask]) -> None:
        self._letters = letters
        self._side_tasks = side_tasks

    def side_tasks(self) -> Mapping[str, SideTask]:
        return self._side_tasks

    async def handle(self, items: Sequence[DlqMessage]) -> list[Outbound]:
        records = [letter.record for letter in items if letter.record is not None]
        poison = [letter.poison for letter in items if letter.record is None]
        if poison:
            await self._letters.store_poison(poison)
        if not records:
            return []
        try:
            await self._letters.store(records)
        except RetriableError:
            raise
        except Exception as error:  # noqa: BLE001 - anyone may write to the DLQ, and there is no other DLQ behind it
            log.warning("dead_letters_not_stored", letters=len(records), error=str(error)[:500])
            records = [x.record for x in items if x.record and await self._stored(x)]
        reports = [settled(record) for record in records]
        for report, record in zip(reports, records, strict=True):
            RUN_LOG.note(
                "dead_letter",
                record.stage,
                report.run,
                {record.failure.code: 1},
                dead_letter=record.id,
                field=record.failure.field,
                attempts=len(record.attempts),
            )
        return [report_message(report) for report in reports]

    async def _stored(self, letter: DlqMessage) -> bool:
        """Store one dead letter, or as poison what the database refuses."""
        assert letter.record is not None
        try:
            await self._letters.store([letter.record])
        except RetriableError:
            raise
        except Exception as error:  # noqa: BLE001 - see handle
            words = f"{letter.poison.error}: {error}"
            await self._letters.store_poison([msgspec.structs.replace(letter.poison, error=words)])
            return False
        return True
