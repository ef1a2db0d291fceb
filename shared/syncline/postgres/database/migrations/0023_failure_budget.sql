-- How many records of a run may fail: a count, a percentage, or both.
alter table instances add column failure_budget jsonb;
-- Why a run waits for a person; it is paused meanwhile.
alter table runs add column needs_attention text;
-- How many of its failures a person has accepted by resuming it, and when: those that are counted later are accepted, too.
alter table runs add column failures_accepted int not null default 0;
alter table runs add column failures_accepted_at timestamptz;
