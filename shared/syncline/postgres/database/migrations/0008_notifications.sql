-- Who is told when a stream begins to fail or recovers, and what became of telling them.

create table subscriptions (
  id uuid primary key,
  tenant text not null references tenants,
  name text not null,
  kind text not null check (kind in ('webhook', 'email')),
  url text,                            -- of a webhook
  addresses text[],                    -- of an e-mail
  events text[] not null,              -- run_failed, partial_success, dlq_growth
  instances text[] not null default '{}', -- their names; none means all
  secret bytea,                        -- AES-GCM; bound to tenant and subscription by its associated data
  rotated_at timestamptz,              -- for a while after it, the secret before signs too
  active boolean not null default true,
  created_at timestamptz not null default now(),
  changed_at timestamptz not null default now(),
  unique (tenant, name),
  check (kind <> 'webhook' or (url is not null and secret is not null)),
  check (kind <> 'email' or cardinality(addresses) > 0)
);

-- What is wrong with a stream ('' as entity type: with the dead letters of an instance), and since
-- which run. An alert is told when it comes into `open`; recovery empties it.
create table alert_states (
  tenant text not null,
  instance text not null,
  entity_type text not null,
  open text[] not null default '{}',
  judged_at timestamptz,               -- end of the newest run that was counted
  primary key (tenant, instance, entity_type)
);

-- One row a state change: what is told. Its ID is what every copy of it is known by.
create table notifications (
  id uuid primary key,
  tenant text not null,
  event text not null,
  instance text not null,
  entity_type text not null,
  at timestamptz not null,
  data jsonb not null
);
create index notifications_by_time on notifications (tenant, at desc, id);

-- A notification on its way to one subscription; `waiting`, `delivered` or `given_up`.
create table deliveries (
  id uuid primary key,
  tenant text not null,
  subscription_id uuid not null references subscriptions on delete cascade,
  notification_id uuid not null references notifications on delete cascade,
  state text not null default 'waiting',
  tries jsonb not null default '[]',   -- every attempt: when, what was answered, how long it took
  attempts int not null default 0,     -- since it was last begun: a redelivery begins anew
  next_at timestamptz default now(),   -- due then; while it is being sent, when others may take it over
  holder uuid,                         -- who is sending it
  created_at timestamptz not null default now(),
  unique (subscription_id, notification_id)
);
create index deliveries_due on deliveries (next_at) where state = 'waiting';
create index deliveries_listed on deliveries (subscription_id, created_at desc, id);
create index deliveries_by_notification on deliveries (notification_id);

create index dead_letters_pending on dead_letters (tenant, instance_id) where status = 'pending';
