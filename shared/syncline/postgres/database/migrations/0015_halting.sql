-- A run whose target refuses the whole call: its writing stops, and it ends Failed.
alter table runs add column halted_at timestamptz;

-- A profile that asked to be left alone, for every process: no call begins before `until`.
create table profile_pauses (
  profile_id uuid primary key,
  tenant text not null,
  until timestamptz not null,
  reason text not null
);

-- An intent belongs to the call that makes it. Until `intent_until` that call may still have its
-- effect, whatever became of its process: nobody else asks or sends before.
alter table ledger add column intent_owner uuid;
alter table ledger add column intent_until timestamptz;
-- The record was looked for and not there: if it is there later, this write made it.
alter table ledger add column intent_creates boolean;
