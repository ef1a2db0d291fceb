-- Schedules, and every firing of them. A firing's key is what makes a slot fire once, however many schedulers run.

create table schedules (
  id uuid primary key,
  tenant text not null references tenants,
  name text not null,
  instance_id uuid not null references instances,
  entity_type text not null check (entity_type = lower(entity_type)),
  cron text not null,
  timezone text not null,
  sentence text not null,              -- the expression in words, so that lists can be searched for it
  enabled boolean not null default true,
  next_at timestamptz,                 -- the first slot that nobody has looked at; null while it is disabled
  changed_at timestamptz not null default now(),
  deleted_at timestamptz,
  unique (tenant, name)
);
create unique index schedules_one_each on schedules (instance_id, entity_type) where deleted_at is null;
create index schedules_due on schedules (next_at) where next_at is not null;

create table firings (
  schedule_id uuid not null references schedules,
  slot timestamptz not null,
  tenant text not null,
  run_id uuid not null,                -- derived from schedule and slot: published twice, it is the same run
  kind text not null,                  -- slot, catch_up, manual
  actor text not null,
  result text not null,                -- due, sent, fired, skipped, refused, missed
  reason text,
  noted_at timestamptz not null default now(),
  settled_at timestamptz,              -- null while the result may still change
  primary key (schedule_id, slot)
);
create index firings_open on firings (schedule_id, slot) where settled_at is null;
create index firings_by_time on firings (slot);
