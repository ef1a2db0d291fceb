-- Whether the stream's ledger was empty when the run began, so that every row it creates is a new one.
alter table runs add column first_load boolean not null default false;
