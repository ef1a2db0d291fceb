"""Execute: takes bundles from `payload`, writes them to the target, reports to Finalize."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

import structlog

from syncline.contracts.bundle import Bundle
from syncline.contracts.messages import Halted, Waiting
from syncline.contracts.outbound import report_message, settled_message
from syncline.contracts.run_ref import RunRef
from syncline.contracts.topics import Stage
from syncline.contracts.wire import Outbound
from syncline.domain.errors import (
    Category,
    ConflictError,
    Failure,
    InvalidInputError,
    NotFoundError,
)
from syncline.domain.run import Outcome
from syncline.runtime.clock import Clock
from syncline.runtime.commands.stopped_bundles import RunCommands, split_cancelled
from syncline.runtime.failure.failure_router import storable
from syncline.runtime.ports import Producer
from syncline.runtime.spec import Handler
from syncline.security.secrets import SecretsError
from syncline_execute.parents import ExecuteRouter
from syncline_execute.rules import items_of
from syncline_execute.targets import RunTargets, Target
from syncline_execute.work import Halts, Work
from syncline_execute.writer import Writer

REPORT_EVERY = 1.0
"""Seconds after which outcomes are reported although the call of the handler goes on."""
LOOK_EVERY = 1.0
"""Seconds between two looks whether the target asked to wait."""
LONG_WAIT = 2.0
"""Seconds of a wait on the spot from which on people are shown it."""
log = structlog.get_logger()


class ExecuteHandler(Handler[Bundle]):
    """Writes what changed; all bundles of one run that arrived together go out together."""

    def __init__(
        self,
        targets: RunTargets,
        writer: Writer,
        commands: RunCommands,
        router: ExecuteRouter,
        clock: Clock,
        producer: Producer,
    ) -> None:
        self._producer = producer
        self._targets = targets
        self._writer = writer
        self._commands = commands
        self._router = router
        self._clock = clock
        self._halts = Halts()

    async def handle(self, items: Sequence[Bundle]) -> list[Outbound]:
        live, messages = split_cancelled(items, self._commands, Stage.EXECUTE)
        await self._forget([b for b in items if self._commands.is_cancelled(b.run.id)])
        by_run: dict[str, list[Bundle]] = defaultdict(list)
        for bundle in live:
            by_run[bundle.run.id].append(bundle)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._run(same)) for same in by_run.values()]
        return messages + [message for task in tasks for message in task.result()]

    async def _run(self, bundles: Sequence[Bundle]) -> list[Outbound]:
        run = bundles[0].run
        if (failure := self._halts.of(run.id)) is not None:
            return await self._stopped(bundles, failure)
        try:
            target = await self._targets.of(run)
        except ConflictError as error:
            return await self._unusable(bundles, "configuration_changed", error)
        except (NotFoundError, InvalidInputError, SecretsError) as error:
            return await self._unusable(bundles, "configuration_unusable", error)
        with self._router.budgets.of(run, bundles, target.retry) as budget:
            work = Work(self._halts, self._commands, run.id, budget)
            await self._write(run, target, bundles, work)
        messages = self._outcomes(bundles, work)
        for number, failures in work.failed.items():
            now = self._clock.now()
            judged = await self._router.judge(bundles[number], failures, now)
            messages += self._router.route(bundles[number], judged, target.retry, now)
        return messages

    async def _write(
        self, run: RunRef, target: Target, bundles: Sequence[Bundle], work: Work
    ) -> None:
        """Write bundles, and report outcomes meanwhile where that takes long.

        So a run that moves is never taken for stalled. Failures are reported at the end: a record
        that is written after all, because the bundles came again, must not lie in the DLQ. What the
        target asked to wait for is reported once for each wait.
        """
        on_create = target.transformation.on_create
        items = items_of(bundles, lines=target.capabilities.reads_lines, on_create=on_create)
        writing = asyncio.ensure_future(self._writer.write(run, target, items, work))
        try:
            due, until = self._clock.monotonic() + REPORT_EVERY, 0.0
            while not (await asyncio.wait([writing], timeout=LOOK_EVERY))[0]:
                now, (left, reason) = self._clock.monotonic(), target.limiter.pause.left()
                if left > LONG_WAIT and now + left > until + LONG_WAIT:
                    until = now + left
                    await self._producer.send(
                        [self._wait(run, len(items) - work.done, left, reason)]
                    )
                if work.settled and now >= due:
                    due = now + REPORT_EVERY
                    await self._producer.send(self._outcomes(bundles, work))
            writing.result()
        finally:
            writing.cancel()
            await asyncio.wait([writing])
            _ = writing.cancelled() or writing.exception()  # asyncio logs what nobody has read

    def _wait(self, run: RunRef, records: int, seconds: float, reason: str) -> Outbound:
        """Report that records wait on the spot: their target asked for it."""
        due = self._clock.now() + timedelta(seconds=seconds)
        return report_message(Waiting(run, records, int(due.timestamp() * 1000), reason))

    def _outcomes(self, bundles: Sequence[Bundle], work: Work) -> list[Outbound]:
        """Report the outcomes that are known by now; what halted the run comes before them."""
        halt = work.take_halt()
        return [
            *([] if halt is None else [self._halt(bundles[0].run, halt)]),
            *(
                settled_message(bundles[number], sorted(places), outcome, Stage.EXECUTE)
                for number, outcomes in sorted(work.take_settled().items())
                for outcome, places in outcomes.items()
            ),
        ]

    def _halt(self, run: RunRef, failure: Failure) -> Outbound:
        """Stop a run's writing.

        It is told before what it keeps from being written, so that no record is skipped in a run
        that does not end as failed.
        """
        log.warning(
            "run_halted",
            correlation_id=run.id,
            tenant=run.tenant,
            code=failure.code,
            error=failure.message,
        )
        return report_message(Halted(run, storable(failure)))

    async def _unusable(
        self, bundles: Sequence[Bundle], code: str, error: Exception
    ) -> list[Outbound]:
        """Stop a run whose target cannot be used any more."""
        failure = Failure(Category.PERMANENT, code, str(error))
        return await self._stopped(bundles, self._halts.note(bundles[0].run.id, failure))

    async def _stopped(self, bundles: Sequence[Bundle], failure: Failure) -> list[Outbound]:
        """Skip what came before the other stages heard of the halt."""
        await self._forget(bundles)
        return [
            report_message(Halted(bundles[0].run, storable(failure))),
            *(
                settled_message(bundle, range(len(bundle)), Outcome.CANCELLED, Stage.EXECUTE)
                for bundle in bundles
            ),
        ]

    async def on_bug(self, item: Bundle, error: Exception) -> list[Outbound]:
        """Make dead letters of a bundle that breaks this stage every time."""
        await self._forget([item])
        return self._router.give_up(item, error, self._clock.now())

    async def _forget(self, bundles: Sequence[Bundle]) -> None:
        """Let none of these records be skipped as unchanged by the next run.

        They end unwritten, but a process that had them before may have ended between a call and its
        acknowledgement: the ledger then has the old payload, and the target this one.
        """
        for bundle in bundles:
            await self._writer.forget(bundle.run, bundle.ids)
