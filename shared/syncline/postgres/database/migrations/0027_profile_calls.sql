-- Which runs use a profile's calls now, and which wait for one: a row for each process that has any.
create table profile_calls (
  profile_id uuid not null,
  holder uuid not null,
  tenant text not null,
  written_at timestamptz not null,     -- renewed once a second; an old one is of a process that died
  runs jsonb not null,                 -- of each run: its calls in hand, those that wait, the seconds of the longest wait
  primary key (profile_id, holder)
) with (fillfactor = 50);
