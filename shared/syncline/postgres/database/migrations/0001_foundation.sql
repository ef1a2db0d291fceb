-- Configuration. Every row carries its tenant; names are unique within one.

create table tenants (
  id text primary key check (id ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  created_at timestamptz not null default now()
);
insert into tenants (id) values ('default');

create table profiles (
  id uuid primary key,
  tenant text not null references tenants,
  name text not null,
  connector text not null,
  config jsonb not null,
  secrets bytea,                       -- AES-GCM; bound to tenant and profile by its associated data
  active boolean not null default true,
  max_concurrent smallint not null default 10 check (max_concurrent between 1 and 100),
  rate real check (rate > 0),          -- calls per second, null = unlimited
  retry jsonb not null default '{}',
  changed_at timestamptz not null default now(),
  unique (tenant, name)
);

create table mappings (
  id uuid primary key,
  tenant text not null references tenants,
  name text not null,
  entity_type text not null,
  active_version int not null,
  unique (tenant, name)
);

create table mapping_versions (
  mapping_id uuid not null references mappings,
  version int not null,
  tenant text not null,
  document jsonb not null,
  actor text not null,
  created_at timestamptz not null default now(),
  primary key (mapping_id, version)
);

create table instances (
  id uuid primary key,
  tenant text not null references tenants,
  name text not null,
  source_id uuid not null references profiles,
  target_id uuid not null references profiles,
  enabled boolean not null default true,
  changed_at timestamptz not null default now(),
  unique (tenant, name)
);

-- A stream is an (instance, entity type): what has a cursor, a ledger and at most one active run.
create table streams (
  id int primary key generated always as identity,
  tenant text not null,
  instance_id uuid not null references instances,
  entity_type text not null check (entity_type = lower(entity_type)),
  mapping_id uuid not null references mappings,
  removed boolean not null default false,  -- taken out of the instance; its history stays
  last_version bigint not null default 0,  -- of its records: µs since 1970, but it never falls
  unique (instance_id, entity_type)
);

create table audit_log (
  id bigint primary key generated always as identity,
  tenant text not null,
  at timestamptz not null default now(),
  actor text not null,
  action text not null,
  object text not null,
  details jsonb not null default '{}',
  ip inet
);
create index audit_log_by_time on audit_log (tenant, at desc);
