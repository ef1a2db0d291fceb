-- What people ask of runs and records: where records were settled, and how long stages took.

-- Kept by Finalize in the transactions that change outcomes: a row for every stage of a run.
create table run_stages (
  run_id uuid not null references runs on delete cascade,
  stage text not null,
  tenant text not null,
  success bigint not null default 0,   -- records that were settled in this stage
  unchanged bigint not null default 0,
  excluded bigint not null default 0,
  superseded bigint not null default 0,
  cancelled bigint not null default 0,
  failed bigint not null default 0,
  batches bigint not null default 0,   -- messages whose times are in what follows
  waited double precision not null default 0,  -- seconds that they lay on the topic, added up
  worked double precision not null default 0,  -- seconds that the stage had them, added up
  first_at timestamptz,                -- when it took the first of them
  last_at timestamptz,                 -- when it was done with the last
  primary key (run_id, stage)
) with (fillfactor = 50);

create index runs_by_state on runs (tenant, state, created_at desc);
create index runs_by_parent on runs (parent_id) where parent_id is not null;

-- The dead letters of a run, in the order of its records; takes the place of the one by run alone.
create index dead_letters_of_run on dead_letters (run_id, batch, slot);
drop index dead_letters_by_run;
create index dead_letters_of_run_by_group on dead_letters (run_id, fingerprint, status);

-- A record by its target ID. A hash index costs the first write of a record a third of what a B-tree does.
create index ledger_by_target on ledger using hash (target_id) where target_id is not null;
