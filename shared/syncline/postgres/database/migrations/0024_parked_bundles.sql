-- Bundles of runs that may not go on: a person paused them, or their target does not answer. They are on
-- no topic meanwhile, so a wait of days costs nothing and outlives what Kafka keeps.
create table parked_bundles (
  run_id uuid not null references runs on delete cascade,
  topic text not null,                 -- without the installation's prefix
  digest bytea not null generated always as (sha256(value)) stored,
  number bigint not null generated always as identity,
  partition int not null,
  headers bytea not null,              -- JSON: pairs of a name and a value in base64
  value bytea not null,
  primary key (run_id, topic, digest)  -- a bundle that comes twice is parked once
);
