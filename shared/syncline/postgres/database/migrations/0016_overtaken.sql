-- Dead letters that nobody has to look at any more: the record failed again later, or was written since.

alter table dead_letters add column pattern text;       -- the error without what is the record's; null = an older release's fingerprint
alter table dead_letters add column overtaken_by uuid;  -- the newer entry of the record
alter table dead_letters add column overtaken_run uuid; -- or the run that wrote it
create index dead_letters_without_pattern on dead_letters (id) where pattern is null;
create index dead_letters_open on dead_letters (stream_id, source_id) where status = 'pending';

-- Of several entries of a record that wait, the newest stays.
update dead_letters d set status = 'overtaken', resolved_at = now(), resolved_by = 'syncline',
  reason = 'the record failed again later', overtaken_by = n.newest
from (
  select id, first_value(id) over (partition by stream_id, source_id
    order by stored_at desc, failed_at desc, batch desc, slot desc, id) as newest
  from dead_letters where status = 'pending' and stream_id is not null
    and source_id <> '' and length(source_id) < 512) n
where d.id = n.id and n.id <> n.newest;

update dead_letters d set status = 'overtaken', resolved_at = now(), resolved_by = 'syncline',
  reason = 'a later run wrote the record', overtaken_run = l.run_id
from ledger l
where d.status = 'pending' and l.stream_id = d.stream_id and l.source_id = d.source_id
  and d.version > 0 and l.version >= d.version;

-- A chunk of an operation that has to stop has its run cancelled; set when that was asked for.
alter table operation_chunks add column cancelled_at timestamptz;
