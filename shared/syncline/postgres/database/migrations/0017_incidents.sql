-- What fails for one cause is told as one thing: an incident, and the streams that are in it.

create table incidents (
  id uuid primary key default gen_random_uuid(),
  tenant text not null references tenants,
  cause text not null,                 -- the system at fault, and the failure without its values
  system text,                         -- name of the connection profile or mapping at fault
  told text not null default '',       -- what people know: nothing, failing or flapping
  begun_at timestamptz not null,       -- of this time; notifications before it were of another
  fails boolean not null default true, -- whether a stream of it fails
  since timestamptz not null,          -- since when that is so
  told_at timestamptz,
  changes timestamptz[] not null default '{}',  -- when changes were told, of late
  due_at timestamptz,                  -- when to look again
  closed_at timestamptz,
  unique (tenant, cause)
);
create index incidents_due on incidents (due_at) where due_at is not null;

create table incident_streams (
  incident_id uuid not null references incidents on delete cascade,
  tenant text not null,
  instance text not null,
  entity_type text not null,           -- '': the dead letters of an instance
  alert text not null,
  state text not null default 'failing',  -- failing; idle: it succeeded and read nothing; well
  told boolean not null default false,
  data jsonb not null,                 -- of the run that failed last, or that proved it well
  primary key (incident_id, instance, entity_type, alert)
);
create index incident_streams_by_subject on incident_streams (tenant, instance, entity_type);

alter table notifications add column incident_id uuid;
create index notifications_by_incident on notifications (incident_id, at) where incident_id is not null;

-- What was told before goes on as an incident of its own, so that its end is told too.
insert into incidents (tenant, cause, told, begun_at, since, told_at)
select s.tenant, 'before/' || s.instance || '/' || s.entity_type, 'failing',
  coalesce(max(n.at), now()), coalesce(max(n.at), now()), coalesce(max(n.at), now())
from alert_states s left join notifications n on n.tenant = s.tenant and n.instance = s.instance
  and n.entity_type = s.entity_type and n.event = any(s.open)
where s.open <> '{}' group by s.tenant, s.instance, s.entity_type;
insert into incident_streams (incident_id, tenant, instance, entity_type, alert, told, data)
select i.id, s.tenant, s.instance, s.entity_type, a.alert, true,
  jsonb_build_object('alert', a.alert, 'tenant', s.tenant, 'instance', s.instance)
from alert_states s cross join unnest(s.open) as a(alert)
join incidents i on i.tenant = s.tenant and i.cause = 'before/' || s.instance || '/' || s.entity_type;
update notifications n set incident_id = i.id from incidents i
where i.tenant = n.tenant and i.cause = 'before/' || n.instance || '/' || n.entity_type
  and n.at >= i.begun_at and n.event <> 'recovered';
