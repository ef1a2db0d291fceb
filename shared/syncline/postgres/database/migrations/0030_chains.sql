-- Entity types of an instance whose whole runs follow one another, parents first.
alter table instances add column run_order text[] not null default '{}';
-- The chain of a run: its first run, and the order as it was then.
alter table runs add column chain_id uuid;
alter table runs add column chain_order text[];
create index runs_of_chain on runs (chain_id) where chain_id is not null;
