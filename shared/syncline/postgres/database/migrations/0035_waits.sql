-- What a run waited for, its source or its target, and from when until when: a few entries.
alter table runs add column waits jsonb not null default '[]';
