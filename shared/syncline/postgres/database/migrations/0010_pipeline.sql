-- What the monitor sees of the services. Nothing true about a run is in here; it may be emptied at any time.

create table pipeline_services (
  service text primary key,
  place smallint not null,             -- in the order in which a record passes them
  health json not null                 -- as the API shows it
) with (fillfactor = 50);

-- When the monitor last looked: the page says how old its figures are, or since when there are none.
create table pipeline_heard (
  one boolean primary key default true check (one),
  at timestamptz not null
) with (fillfactor = 50);
insert into pipeline_heard (at) values ('-infinity');

-- A row a service each ten seconds of the last hour, for charts.
create table pipeline_history (
  at timestamptz not null,
  service text not null,
  waiting int,
  oldest_seconds real,
  workers smallint not null,
  incoming real not null,              -- records a second over the ten seconds before
  outgoing real not null,
  failed real not null,
  primary key (at, service)
);
