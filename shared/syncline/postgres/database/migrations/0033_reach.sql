-- Where the records of a run are that have no outcome yet.

alter table runs
  -- Stage -> for each lane, the number of the last batch that the stage is through with (Execute: has taken); -1: none.
  add column reach jsonb not null default '{}',
  -- Records without an outcome in the batches of `reach`: Normalize, Transform is through with them, Execute has taken them.
  add column in_flight_normalized bigint not null default 0,
  add column in_flight_transformed bigint not null default 0,
  add column in_flight_taken bigint not null default 0;
