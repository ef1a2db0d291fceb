-- Operations: something done to many dead letters at once, by the server, over a frozen selection.

alter table dead_letters add column stored_at timestamptz not null default now();

-- Lists and groups are answered from one index: whatever the filter, no row is read that is not shown.
drop index dead_letters_listed;
create index dead_letters_listed on dead_letters (tenant, status, failed_at desc, id desc)
  include (instance_id, entity_type, stage, category, code, fingerprint, retries, stored_at);
drop index dead_letters_by_group;
create index dead_letters_by_group on dead_letters (tenant, fingerprint, status, failed_at desc, id desc);
create index dead_letters_settled on dead_letters (tenant, fingerprint, resolved_at)
  where status = 'replayed';
create index dead_letters_by_replay on dead_letters (replay_run, source_id)
  where replay_run is not null;

create table operations (
  id uuid primary key,                 -- derived from the caller's Idempotency-Key, if there is one
  tenant text not null,
  kind text not null check (kind in ('replay', 'discard', 'restore')),
  request_hash uuid not null,          -- the same key with another request is refused
  selection text not null,             -- in words
  filter jsonb not null,
  as_of timestamptz not null,          -- what was stored later is not in it
  total int not null default 0,
  streams int[] not null default '{}',
  reason text,
  from_stage text not null default 'failed',
  rate double precision check (rate > 0),  -- entries a second, null = as fast as runs go
  stop_on_repeat boolean not null default false,
  stop_after int check (stop_after > 0),   -- failures
  undo_of uuid,
  actor text not null,
  state text not null default 'waiting'
    check (state in ('waiting', 'running', 'done', 'aborted', 'failed')),
  stopped text,                        -- why it ends before its end
  failures int not null default 0,     -- items that failed, counted with their rows
  chunks int not null default 0,
  next_at timestamptz not null default now(),
  counts jsonb,                        -- items by result, once it has ended
  created_at timestamptz not null default now(),
  starts_at timestamptz not null,
  started_at timestamptz,
  finished_at timestamptz,
  holder uuid,                         -- the process that works on it
  held_until timestamptz
) with (fillfactor = 70);
create index operations_by_time on operations (tenant, created_at desc, id desc);
create index operations_open on operations (created_at) where state in ('waiting', 'running');

create table operation_items (
  operation_id uuid not null,
  number int not null,                 -- oldest entry first
  tenant text not null,
  letter_id uuid not null,
  stream_id int,
  source_id text,
  state text not null default 'waiting' check (state in ('waiting', 'asked', 'done')),
  chunk int,
  result text,
  note text,
  again_id uuid,                       -- the entry as which its record failed again
  finished_at timestamptz,
  primary key (operation_id, number)
) with (fillfactor = 70);
create index operation_items_waiting on operation_items (operation_id, stream_id, number)
  where state = 'waiting';
create index operation_items_asked on operation_items (operation_id, chunk) where state = 'asked';
create index operation_items_by_letter on operation_items (letter_id);

-- Up to 1,000 items of one stream that are replayed by one run.
create table operation_chunks (
  operation_id uuid not null,
  number int not null,
  tenant text not null,
  stream_id int not null,
  run_id uuid not null,                -- derived from operation and number
  state text not null default 'claimed' check (state in ('claimed', 'sent', 'settled')),
  primary key (operation_id, number)
);
create index operation_chunks_open on operation_chunks (operation_id) where state <> 'settled';
