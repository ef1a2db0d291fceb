-- How many records of a run may fail: a count, a percentage, or both.
alter table instances add column failure_budget jsonb;
-- Why a run waits for a person; it is paused meanwhile. And how many of its failures a person has accepted.
alter table runs add column needs_attention text;
alter table runs add column failures_accepted int not null default 0;
