-- A run that a person holds: who and since when; and one that is to be read on after a pause or a cancel.

alter table runs add column paused_at timestamptz;
alter table runs add column paused_by text;
alter table runs add column read_on boolean not null default false;
create index runs_read_on on runs (id) where read_on;
