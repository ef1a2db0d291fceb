"""One search over IDs of runs, records, targets and dead letters, and over configured names."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from syncline.domain.errors import InvalidInputError, Problem
from syncline.domain.record import MAX_SOURCE_ID_LENGTH, is_storable
from syncline.domain.run import outcome_name
from syncline.postgres.database.conditions import SHORTEST, id_range
from syncline.postgres.database.database import Database
from syncline.postgres.database.rows import fetch_structs, struct_of
from syncline.postgres.database.sorts import ListPart
from syncline.postgres.runs.record_history import newest_in_streams

EACH = 5
"""Most hits of one kind."""
SHORTEST_BEGINNING = 3
"""Characters from which on a text is also the beginning of a source ID."""
_RUNS = """
select 'run' as kind, r.id as correlation_id, i.name as instance, r.entity_type, r.state,
  r.created_at as at
from runs r join instances i on i.id = r.instance_id
where r.tenant = $1 and r.id between $2 and $3 order by r.created_at desc limit $4
"""
_DEAD_LETTERS = """
select 'dead_letter' as kind, d.id as dead_letter, d.source_id, d.run_id as correlation_id,
  i.name as instance, d.entity_type, d.status as state, d.failed_at as at
from dead_letters d left join instances i on i.id = d.instance_id
where d.tenant = $1 and d.id between $2 and $3 order by d.failed_at desc limit $4
"""
_WRITTEN = """
select '{kind}' as kind, i.name as instance, s.entity_type, l.source_id, l.target_id,
  l.run_id as correlation_id, 'success' as state, l.written_at as at
from {from_} join instances i on i.id = s.instance_id
where s.tenant = $1 and {condition} and l.written_at is not null
order by l.written_at desc limit $3
"""
# The index of target IDs leaves out those that are their record's source ID.
_HAS_TARGET = """
select l.* from ledger l where l.target_id = $2 and l.target_id <> l.source_id union all
select l.* from streams n join ledger l on l.stream_id = n.id and l.source_id = $2
where n.tenant = $1 and l.target_id = $2"""
_BY_TARGET = _WRITTEN.format(
    kind="target",
    from_=f"({_HAS_TARGET}) l join streams s on s.id = l.stream_id",
    condition="true",
)
_BY_SOURCE = _WRITTEN.format(
    kind="record",
    from_="streams s join ledger l on l.stream_id = s.id",
    condition="l.source_id = $2",
)
# A stream's next source IDs in the order of the index: that order is the database's, so what does
# not begin so is left out afterwards.
_BY_BEGINNING = f"""
select distinct 'record' as kind, i.name as instance, s.entity_type, l.source_id, l.target_id,
  l.run_id as correlation_id, l.written_at as at
from streams s join instances i on i.id = s.instance_id cross join unnest($2::text[]) beginning
cross join lateral (select * from ledger l where l.stream_id = s.id and l.source_id >= beginning
  order by l.source_id limit {2 * EACH}) l
where s.tenant = $1 and starts_with(l.source_id, beginning) and l.written_at is not null
order by l.source_id limit $3
"""
_NAMES = """
select kind, name from (
  select kind, name, row_number() over (partition by kind order by lower(name) <> lower($3),
    not starts_with(lower(name), lower($3)), name) as number
  from (
    select 'instance' as kind, name from instances where tenant = $1 and deleted_at is null
    union all
    select 'mapping', name from mappings where tenant = $1 and deleted_at is null
    union all
    select 'profile', name from profiles where tenant = $1 and deleted_at is null
    union all
    select 'schedule', name from schedules where tenant = $1 and deleted_at is null
  ) named where name ilike $2) found
where number <= $4 order by number, kind
"""


class SearchHit(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Something that was found.

    Attributes:
        kind: run, record, target, dead_letter, instance, mapping, profile or schedule.
        name: of what is configured.
        source_id: of a record, also where it was found by its target ID.
        state: of a run or dead letter, or the newest outcome of a record; None where a record was
            found by the beginning of its source ID.
        at: when the run began, the record was written, or the dead letter came to be.
    """

    kind: str
    name: str | None = None
    correlation_id: str | None = None
    source_id: str | None = None
    target_id: str | None = None
    dead_letter: str | None = None
    instance: str | None = None
    entity_type: str | None = None
    state: str | None = None
    at: datetime | None = None


class SearchResult(msgspec.Struct, frozen=True, rename="camel"):
    """The hits of a search; `more` names the kinds that have more than the 5 that are shown."""

    query: str
    hits: list[SearchHit]
    more: list[str]


async def search_all(database: Database, tenant: str, text: str) -> SearchResult:
    """Find what an ID or a name means, the best hits first. Raises RetriableError.

    IDs of runs and dead letters are found by their beginning, records by their source ID, its
    beginning or their target ID, what is configured by a part of its name. A source ID is found in
    capitals or small letters too, as some sources ignore them.

    Raises InvalidInputError where the text cannot be an ID.
    """
    query = checked_id(text.strip(), "query.q")
    spellings = list(dict.fromkeys((query, query.upper(), query.lower())))
    hits = [
        *await _by_beginning(database, tenant, query),
        *await _records(database, tenant, query),
        *await fetch_structs(database, SearchHit, _BY_TARGET, tenant, query, EACH + 1),
    ]
    pattern = ListPart(limit=EACH, search=query).pattern
    hits += await fetch_structs(database, SearchHit, _NAMES, tenant, pattern, query, EACH + 1)
    for spelling in spellings[1:]:
        hits += await _records(database, tenant, spelling)
    if len(query) >= SHORTEST_BEGINNING:
        hits += await fetch_structs(database, SearchHit, _BY_BEGINNING, tenant, spellings, EACH + 1)
    return _cut(query, _each_once(hits))


def _each_once(hits: list[SearchHit]) -> Iterable[SearchHit]:
    """Leave out records that were found before."""
    seen: set[tuple[str | None, ...]] = set()
    for hit in hits:
        record = (hit.instance, hit.entity_type, hit.source_id)
        if hit.kind == "record" and record in seen:
            continue
        if hit.kind == "record":
            seen.add(record)
        yield hit


async def _by_beginning(database: Database, tenant: str, query: str) -> list[SearchHit]:
    ids = id_range(query, SHORTEST)
    if ids is None:
        return []
    return [
        *await fetch_structs(database, SearchHit, _RUNS, tenant, *ids, EACH + 1),
        *await fetch_structs(database, SearchHit, _DEAD_LETTERS, tenant, *ids, EACH + 1),
    ]


async def _records(database: Database, tenant: str, source_id: str) -> list[SearchHit]:
    """Return the record once for every stream that knows it, by its newest run."""
    runs = await newest_in_streams(database, tenant, source_id, EACH + 1)
    hits = [struct_of(SearchHit, row, state=outcome_name(row["code"])) for row in runs]
    hits += await fetch_structs(database, SearchHit, _BY_SOURCE, tenant, source_id, EACH + 1)
    streams: dict[tuple[str | None, str | None], SearchHit] = {}
    for hit in hits:
        streams.setdefault((hit.instance, hit.entity_type), hit)
    return list(streams.values())


def _cut(query: str, hits: Iterable[SearchHit]) -> SearchResult:
    """Keep the first hits of each kind, and say of which there are more."""
    kinds: dict[str, list[SearchHit]] = {}
    for hit in hits:
        kinds.setdefault(hit.kind, []).append(hit)
    kept = [hit for several in kinds.values() for hit in several[:EACH]]
    more = [kind for kind, several in kinds.items() if len(several) > EACH]
    return SearchResult(query, kept, more)


def checked_id(text: str, name: str) -> str:
    """Return a text that may be an ID. Raises InvalidInputError that names its parameter."""
    if not text:
        raise InvalidInputError([Problem(name, "must not be empty")])
    if not is_storable(text):
        what = "must not hold a NUL character" if "\0" in text else "holds half a character"
        raise InvalidInputError([Problem(name, what)])
    if len(text) > MAX_SOURCE_ID_LENGTH:
        message = f"has {len(text):,} characters; an ID has at most {MAX_SOURCE_ID_LENGTH}"
        raise InvalidInputError([Problem(name, message)])
    return text
