-- The write ledger: what was last written for a record, and what may have been.
-- No foreign keys on the tables of the hot path: a check for every row costs more than the row.

create table ledger (
  stream_id int not null,
  source_id text not null,
  tenant text not null,
  payload_hash uuid,                   -- of the payload last acknowledged by this target
  row_hash uuid,                       -- of the source row behind it, with mapping version and target
  target_id text,
  run_id uuid,                         -- that wrote it last
  version bigint,                      -- when that version was read: µs since 1970, see streams.last_version
  written_at timestamptz,
  intent_hash uuid,                    -- a write that was begun and not yet acknowledged
  intent_run uuid,
  primary key (stream_id, source_id)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);

-- Rows at the highest cursor value read, whatever became of them: the next run reads them again.
create table tied_rows (
  stream_id int not null,
  source_id text not null,
  tenant text not null,
  value text not null,
  row_hash uuid not null,
  primary key (stream_id, source_id)
);

create table dead_letters (
  id uuid primary key,                 -- derived from run, batch and slot: a second copy is the same
  tenant text not null,
  run_id uuid,
  batch int,
  slot smallint,
  stream_id int,
  instance_id uuid,
  entity_type text,
  source_id text,
  stage text not null,
  category text not null,
  code text not null,
  error text not null,
  field text,
  detail text,
  fingerprint text not null,
  attempts jsonb not null,
  retries int not null,                -- adds up over replays
  mapping_version int,
  payload bytea,                       -- the failed stage's input, byte for byte
  row_hash uuid,
  version bigint,                      -- when the record was read: µs since 1970
  status text not null default 'pending',
  failed_at timestamptz not null,
  edit jsonb,                          -- JSON Patch with author and reason
  replay_run uuid,
  replay_of uuid,
  resolved_at timestamptz,
  resolved_by text,
  reason text
);
create index dead_letters_listed on dead_letters (tenant, status, failed_at desc);
create index dead_letters_by_record on dead_letters (tenant, source_id);
create index dead_letters_by_run on dead_letters (run_id);
create index dead_letters_by_group on dead_letters (tenant, fingerprint, status);

-- Leases on calls to a system, shared by all processes.
create table profile_slots (
  profile_id uuid not null,
  slot smallint not null,
  tenant text not null,
  holder uuid,
  until timestamptz not null default '-infinity',
  primary key (profile_id, slot)
) with (fillfactor = 50);

create table profile_rates (
  profile_id uuid primary key,
  tenant text not null,
  tokens double precision not null,
  refilled_at timestamptz not null
) with (fillfactor = 50);
