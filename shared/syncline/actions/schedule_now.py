"""Letting a schedule fire at once, at a person's word."""

from __future__ import annotations

from syncline.contracts.sending import trigger_message
from syncline.domain.schedule.firing import Kind, Noted, Result, run_id_of, trigger_fields
from syncline.postgres.schedule_views import ScheduleViews
from syncline.postgres.schedules import Schedules
from syncline.runtime.clock import Clock
from syncline.runtime.ports import Producer


class RunNow:
    """What firing at once needs."""

    def __init__(
        self, views: ScheduleViews, schedules: Schedules, producer: Producer, clock: Clock
    ) -> None:
        self._views = views
        self._schedules = schedules
        self._producer = producer
        self._clock = clock

    async def __call__(self, tenant: str, name: str, actor: str, source: str) -> str:
        """Start an ordinary run of the schedule and return its correlation ID.

        The firing is noted first: if this process dies before it is published, a scheduler does it.

        Raises:
            NotFoundError: no such schedule.
            RetriableError: Kafka or the database is away.
        """
        view = await self._views.get(tenant, name)
        now = self._clock.now()
        run_id = run_id_of(f"{tenant}/{name}/{actor}", now)
        noted = Noted(now, run_id, Kind.MANUAL, actor, Result.DUE)
        await self._schedules.note_manual(tenant, name, noted)
        fields = trigger_fields(tenant, view.instance, view.entity_type, actor)
        await self._producer.send([trigger_message(run_id, fields, source, now)])
        return run_id
