-- What was kept long enough is found by the end of its run, not by reading all runs.

create index runs_by_end on runs (finished_at, id) where finished_at is not null;

-- One row: the outcomes of all runs that ended up to this one are removed. Runs are kept for longer
-- than their outcomes, so without it each round would go through all that are left without any.
create table expired_outcomes (
  one boolean primary key default true check (one),
  finished_at timestamptz not null,
  run_id uuid not null
);
