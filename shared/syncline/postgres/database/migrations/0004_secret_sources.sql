-- Where each secret of a profile came from ({"fromEnv": NAME} or {"fromFile": path}), for export;
-- and rates that are read back as they were written.

alter table profiles add column secret_sources jsonb not null default '{}';
alter table profiles alter column rate type double precision;
