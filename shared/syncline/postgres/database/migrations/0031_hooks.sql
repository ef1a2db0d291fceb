-- Hooks: where systems tell by themselves which of their records have changed. Delivery, change, run: what was
-- received, which records it names, and the run that reads them.

create table hooks (
  id uuid primary key,                 -- the last part of its address
  tenant text not null references tenants,
  name text not null,
  instance_id uuid not null references instances,
  entity_type text not null check (entity_type = lower(entity_type)),
  source_ids text not null,            -- the path to the source IDs in what is received
  signature jsonb not null,            -- the scheme and its settings, without the secret
  enabled boolean not null default true,
  secret bytea,                        -- AES-GCM; bound to tenant and hook by its associated data
  rotated_at timestamptz,              -- for a while after it, the secret before counts too
  refused_at timestamptz,              -- the newest refusal that was noted, and why
  refused_why text,
  changed_at timestamptz not null default now(),
  deleted_at timestamptz,
  unique (tenant, name)
);

create table hook_deliveries (
  id uuid primary key,
  hook_id uuid not null references hooks,
  tenant text not null,
  digest bytea,                        -- of the sender's delivery ID and the body; null where there is no ID
  received_at timestamptz not null default now(),
  size int not null,
  ignored text                         -- why nothing came of it; null where it names records
);
create unique index hook_deliveries_once on hook_deliveries (hook_id, digest);
create index hook_deliveries_listed on hook_deliveries (hook_id, received_at desc, id desc);
create index hook_deliveries_by_time on hook_deliveries (received_at);

-- Apart from the delivery, because it is kept for a day alone.
create table hook_bodies (
  delivery_id uuid primary key references hook_deliveries on delete cascade,
  tenant text not null,
  received_at timestamptz not null default now(),
  body bytea not null
);
create index hook_bodies_by_time on hook_bodies (received_at);

-- A record that a delivery names. It waits until a run takes it; one run takes all that wait for the same record.
create table hook_changes (
  delivery_id uuid not null references hook_deliveries on delete cascade,
  source_id text not null,
  hook_id uuid not null,
  tenant text not null,
  at timestamptz not null default now(),
  run_id uuid,
  primary key (delivery_id, source_id)
);
create index hook_changes_waiting on hook_changes (hook_id, at) where run_id is null;
create index hook_changes_by_record on hook_changes (hook_id, source_id);

-- The row is committed before its trigger is published, and published again until the trigger service answers.
create table hook_runs (
  run_id uuid primary key,
  hook_id uuid not null references hooks,
  tenant text not null,
  source_ids text[] not null,
  at timestamptz not null default now(),
  sent_at timestamptz,
  reason text,                         -- why there is no run
  closed_at timestamptz                -- its run has ended or was refused
);
create unique index hook_runs_open on hook_runs (hook_id) where closed_at is null;
create index hook_runs_by_time on hook_runs (hook_id, at desc);
