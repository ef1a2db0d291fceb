-- The circuit breaker of a profile, for every process: open while `closed_at` is null.
create table profile_breakers (
  profile_id uuid primary key references profiles on delete cascade,
  tenant text not null,
  reason text not null,
  opened_at timestamptz not null,
  closed_at timestamptz,
  -- Seconds between two tests of the profile; they grow while it does not answer.
  pause float8 not null,
  probe_at timestamptz not null,
  -- One process tests it at a time.
  testing_until timestamptz not null default '-infinity'
);
