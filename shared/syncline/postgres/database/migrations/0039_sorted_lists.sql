-- Lists of runs and dead letters are sorted by indexes. What a run counts changes with each batch, and an update
-- of a column in an index writes all indexes of its row anew: so these columns are empty until the run has ended,
-- and the few that have not ended are sorted by the counters themselves.
alter table runs
  add column ended_total bigint generated always as (
    case when finished_at is not null then total end) stored,
  add column ended_success bigint generated always as (
    case when finished_at is not null then success end) stored,
  add column ended_skipped bigint generated always as (
    case when finished_at is not null then unchanged + excluded + superseded + cancelled end) stored,
  add column ended_failed bigint generated always as (
    case when finished_at is not null then failed end) stored,
  add column ended_seconds float8 generated always as (
    case when finished_at is not null
      then coalesce(extract(epoch from finished_at - started_at)::float8, -1) end) stored;
create index runs_by_total on runs (tenant, ended_total, id) where ended_total is not null;
create index runs_by_success on runs (tenant, ended_success, id) where ended_success is not null;
create index runs_by_skipped on runs (tenant, ended_skipped, id) where ended_skipped is not null;
create index runs_by_failed on runs (tenant, ended_failed, id) where ended_failed is not null;
create index runs_by_seconds on runs (tenant, ended_seconds, id) where ended_seconds is not null;
create index runs_by_start on runs (tenant, coalesce(started_at, created_at), id);

create index dead_letters_by_retries on dead_letters (tenant, status, retries, id);
create index dead_letters_by_source_id on dead_letters
  (tenant, status, coalesce(source_id, '') collate "C", id);
