-- The newest firing of a schedule is found by its key: an ordered index on time alone tempts the planner to walk through
-- the firings of all others. What was missed is counted without looking at what was not.

drop index firings_by_time;
create index firings_by_age on firings using brin (slot);
create index firings_missed on firings (schedule_id, slot) where result = 'missed';
