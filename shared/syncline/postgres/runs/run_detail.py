"""One run in full: stages, failures, mapping, cursor and replays."""

from __future__ import annotations

import msgspec

from syncline.domain.record import JsonObject
from syncline.postgres.database.database import Database, Queryable, Row
from syncline.postgres.database.rows import fetch_structs, row_of, struct_of
from syncline.postgres.runs.chains import ChainRun, read_chain
from syncline.postgres.runs.run_list import SELECT, RunView, run_view
from syncline.postgres.runs.stage_figures import StageView, read_stages

_GROUPS = """
select g.fingerprint as "group", g.records, g.pending, d.stage, d.code, d.error, d.field,
  d.source_id from (
  select fingerprint, count(*) as records, count(*) filter (where status = 'pending') as pending
  from dead_letters where run_id = $1 group by fingerprint
  order by count(*) desc, fingerprint limit $2) g
cross join lateral (select * from dead_letters d
  where d.run_id = $1 and d.fingerprint = g.fingerprint limit 1) d
order by g.records desc, g.fingerprint
"""
_MAPPING = """
select name, $3::int as version, active_version from mappings where id = $1 and tenant = $2
"""
_BY_ID = f"{SELECT} where r.id = $1 and r.tenant = $2"
_REPLAYS = f"""{SELECT} where r.parent_id = $1 and r.tenant = $2
order by r.created_at desc limit $3"""
GROUPS = 50
"""Most groups of failures that a run's detail shows."""
REPLAYS = 20
"""Most replays that it shows."""


class FailureGroup(msgspec.Struct, frozen=True, rename="camel"):
    """Records of a run that failed alike, with one of them as an example."""

    group: str
    records: int
    pending: int
    stage: str
    code: str
    error: str
    field: str | None
    source_id: str | None


class MappingUsed(msgspec.Struct, frozen=True, rename="camel"):
    """The mapping version a run pinned, and the one that is active now."""

    name: str
    version: int
    active_version: int


class RunReport(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One run in full.

    Attributes:
        failure: why extraction failed, as its category, code, message and detail.
        cursor_before, cursor_after: the bookmark it started from and the one it left.
        moves_cursor: False for runs of single source IDs and replays, which leave it alone.
        asked_ids: the source IDs it is limited to.
        failures: its dead letters by what they have in common, the largest group first.
        chain: the entity types of its chain in order, each with its run; empty where it is alone.
        replays: runs that took up its failures, newest first.
        more_failures, more_replays: there are others: list the groups and runs by this run.
    """

    run: RunView
    failure: JsonObject | None
    cursor_before: str | None
    cursor_after: str | None
    moves_cursor: bool
    asked_ids: list[str] | None
    mapping: MappingUsed | None
    stages: list[StageView]
    failures: list[FailureGroup]
    replays: list[RunView]
    chain: list[ChainRun]
    more_failures: bool = False
    more_replays: bool = False


async def read_run_report(database: Database, tenant: str, run_id: str) -> RunReport:
    """Return a run in full. Raises RetriableError; NotFoundError, also for another tenant's."""
    row = await row_of(database, f"run {run_id}", _BY_ID, run_id, tenant)
    groups = await read_failure_groups(database, run_id, GROUPS + 1)
    replays = await database.fetch(_REPLAYS, run_id, tenant, REPLAYS + 1)
    return struct_of(
        RunReport,
        row,
        run=run_view(row),
        moves_cursor=row["source_ids"] is None and row["replay"] is None,
        asked_ids=row["source_ids"],
        mapping=await read_mapping(database, tenant, row),
        stages=await read_stages(database, run_id),
        failures=groups[:GROUPS],
        replays=[run_view(replay) for replay in replays[:REPLAYS]],
        chain=await read_chain(database, tenant, row["chain_id"]),
        more_failures=len(groups) > GROUPS,
        more_replays=len(replays) > REPLAYS,
    )


async def read_mapping(database: Queryable, tenant: str, row: Row) -> MappingUsed | None:
    """Return the mapping of a run row; None where it is not there any more."""
    pinned = (row["mapping_id"], tenant, row["mapping_version"])
    found = await fetch_structs(database, MappingUsed, _MAPPING, *pinned)
    return found[0] if found else None


async def read_failure_groups(database: Queryable, run_id: str, most: int) -> list[FailureGroup]:
    """Return the largest groups of a run's failures. Raises RetriableError."""
    return await fetch_structs(database, FailureGroup, _GROUPS, run_id, most)
