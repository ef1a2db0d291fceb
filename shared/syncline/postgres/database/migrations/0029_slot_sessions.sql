-- Slots of a process whose database sessions have ended are free before their lease runs out. Sessions are named after
-- the process, which is the slot's holder. `session` repeats the holder where this is so: the build before names no
-- sessions, and leaves the column as it is.
alter table profile_slots add column session uuid, add column renewed_at timestamptz;
