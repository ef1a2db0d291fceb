-- Who may see the payloads of records is a right apart from the role. Whoever there is keeps it.
alter table users add column sees_payloads boolean not null default true;
alter table api_keys add column sees_payloads boolean not null default true;

-- Records whose payloads a person had erased: what was read of them before is not shown, nor stored.
create table erasures (
  instance_id uuid not null references instances,
  source_id text not null,
  at timestamptz not null default clock_timestamp(),
  by text not null,
  primary key (instance_id, source_id)
);
alter table dead_letters add column erased_at timestamptz, add column erased_by text;
