-- What runs tell of themselves, and what is remembered of reads so that none passes over a row.

alter table runs
  add column notices jsonb not null default '{}',  -- by code: what a person should know and is no failure
  add column reading jsonb,            -- what Ingest goes on with after a break, beside `position`
  add column position_before text,     -- behind the batches below `published`: what lies after it may be read again
  add column handled_since timestamptz; -- when a person last moved the cursor: older failures are tried again

-- What earlier reads of a stream found; of interest to its next read alone.
create table stream_reads (
  stream_id int primary key,
  tenant text not null,
  reads jsonb not null default '[]',   -- highest value read, and when: the newest last
  properties jsonb not null default '{}'  -- by mapping version: properties that every record had
);

-- Rows that the mapping left out: until they change there is nothing to do about them.
create table excluded_rows (
  stream_id int not null,
  source_id text not null,
  tenant text not null,
  row_hash uuid not null,
  primary key (stream_id, source_id)
) with (fillfactor = 80);

-- Ingest asks whether a row as it is has failed before.
create index dead_letters_of_rows on dead_letters (stream_id, source_id) where row_hash is not null;
