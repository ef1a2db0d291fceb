"""`runs`: lists by filter, one run in full, and its records."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import Depends, Query
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from syncline.contracts.topics import Stage
from syncline.domain.errors import InvalidInputError, Problem
from syncline.domain.run import Mode, State
from syncline.postgres.database.sorts import Order
from syncline.postgres.runs.records import RecordFilter, RunRecord, list_records
from syncline.postgres.runs.run_detail import RunReport, read_run_report
from syncline.postgres.runs.run_list import RUN_SORTS, RunCount, RunFilter, RunList, RunView
from syncline.postgres.runs.run_timeline import RunTimeline, read_run_timeline
from syncline.postgres.runs.runs import Runs
from syncline.postgres.runs.search import checked_id
from syncline_gateway.access.caller import Runner
from syncline_gateway.api import Api
from syncline_gateway.export import DOCUMENTED, PART, ExportDep
from syncline_gateway.requests.parameters import Id, Page, Paged, number
from syncline_gateway.requests.resource import Resource
from syncline_gateway.requests.sorted_lists import SortedPart, order_of, part_of

router = Resource(prefix="/runs", tags=["runs"])


class RunQuery(BaseModel):
    """Which runs."""

    model_config = ConfigDict(alias_generator=to_camel)
    state: list[State] = Field([], description="May be repeated.")
    instance: str | None = Field(None, max_length=200, description="Its name.")
    entity_type: str | None = Field(None, max_length=200)
    trigger: str | None = Field(
        None,
        max_length=40,
        description="Who asked: console, cli, topic, api, schedule, hook, replay, chain.",
    )
    mode: Mode | None = None
    since: AwareDatetime | None = Field(None, description="Created then or later.")
    until: AwareDatetime | None = Field(None, description="Created before.")
    id_prefix: str | None = Field(
        None,
        pattern="^[0-9a-fA-F]{1,8}(-?[0-9a-fA-F]{1,4}){0,6}$",
        max_length=36,
        description="How the correlation ID begins.",
    )
    parent: Id | None = Field(None, description="They replay failures of this run.")

    def filter(self) -> RunFilter:
        """Return what the database is asked for. Raises InvalidInputError."""
        fields = self.model_dump(exclude={"state", "id_prefix"})
        for name in ("instance", "entity_type", "trigger"):
            if fields[name] is not None:
                checked_id(fields[name], f"query.{to_camel(name)}")
        for name in ("since", "until"):
            fields[name] = _utc(name, fields[name])
        return RunFilter(
            states=tuple(state.value for state in self.state), prefix=self.id_prefix, **fields
        )


_OUTCOMES = Literal[
    "success", "skipped", "unchanged", "excluded", "superseded", "cancelled", "failed", "in_flight"
]


class RunRecordQuery(BaseModel):
    """Which records of a run."""

    model_config = ConfigDict(alias_generator=to_camel)
    outcome: _OUTCOMES | None = Field(None, description="`skipped` is for any of its four reasons.")
    source_id: str | None = Field(None, description="Exactly this one.")
    stage: Stage | None = Field(None, description="That tried them again or gave them up.")
    attempts: int | None = Field(None, ge=1, le=1000, description="At least so many.")

    def filter(self) -> RecordFilter:
        """Return what the database is asked for. Raises InvalidInputError."""
        if self.source_id is not None:
            checked_id(self.source_id, "query.sourceId")
        return RecordFilter(**self.model_dump())


Wanted = Annotated[RunQuery, Query()]
WantedRecords = Annotated[RunRecordQuery, Query()]
PartOfRuns = Annotated[SortedPart, Depends(part_of(RUN_SORTS))]
OrderOfRuns = Annotated[Order, Depends(order_of(RUN_SORTS))]


@router.get("")
async def list_runs(wanted: Wanted, part: PartOfRuns, caller: Runner, api: Api) -> Page[RunView]:
    """List runs, newest first where no other order is wanted.

    By a counter, runs that have not ended stand by what they have so far; by `seconds` they take
    longest.
    """
    runs = RunList(api.database)
    return part.page(await runs.page(caller.tenant, wanted.filter(), part.limit, part.order))


@router.get("/count")
async def count_runs(wanted: Wanted, caller: Runner, api: Api) -> RunCount:
    """Count the runs of a filter, up to 10,000."""
    return await RunList(api.database).count(caller.tenant, wanted.filter())


@router.get("/export", responses=DOCUMENTED)
async def export_runs(
    wanted: Wanted, order: OrderOfRuns, caller: Runner, api: Api, export: ExportDep
) -> StreamingResponse:
    """Export the runs of a filter, in the order in which they are listed."""
    runs, filter = RunList(api.database), wanted.filter()

    async def following(run: RunView | None) -> list[RunView]:
        return await runs.page(caller.tenant, filter, PART, order.behind(run))

    return await export.answer(caller, "run", "runs", RunView, following)


@router.get("/{correlation_id}")
async def get_run(correlation_id: Id, caller: Runner, api: Api) -> RunReport:
    """Show a run in full: stages, failures, mapping, cursor, replays."""
    return await read_run_report(api.database, caller.tenant, correlation_id)


@router.get("/{correlation_id}/timeline")
async def get_run_timeline(correlation_id: Id, caller: Runner, api: Api) -> RunTimeline:
    """Tell what happened in a run and when, and which run was before it."""
    return await read_run_timeline(api.database, caller.tenant, correlation_id)


@router.get("/{correlation_id}/records")
async def list_run_records(
    correlation_id: Id,
    wanted: WantedRecords,
    paging: Paged,
    caller: Runner,
    api: Api,
) -> Page[RunRecord]:
    """List the records of a run in the order in which they were found."""
    run = await Runs(api.database).get(caller.tenant, correlation_id)
    after = paging.key(number, number) or (0, -1)
    found = await list_records(api.database, run.id, wanted.filter(), paging.limit, after)
    return paging.page(found, lambda record: (str(record.batch), str(record.slot)))


@router.get("/{correlation_id}/records/export", responses=DOCUMENTED)
async def export_run_records(
    correlation_id: Id, wanted: WantedRecords, caller: Runner, api: Api, export: ExportDep
) -> StreamingResponse:
    """Export the records of a run in the order in which they were found."""
    run = await Runs(api.database).get(caller.tenant, correlation_id)
    filter = wanted.filter()

    async def following(record: RunRecord | None) -> list[RunRecord]:
        after = (record.batch, record.slot) if record else (0, -1)
        return await list_records(api.database, run.id, filter, PART, after)

    return await export.answer(caller, "record", f"records-of-{run.id}", RunRecord, following)


def _utc(name: str, time: datetime | None) -> datetime | None:
    try:
        return None if time is None else time.astimezone(UTC)
    except OverflowError:
        raise InvalidInputError(
            [Problem(f"query.{name}", "lies outside of all calendars")]
        ) from None
