-- Messages that nobody could read belong to the installation, as audit rows about it do; not to a tenant.
update dead_letters set tenant = '*' where run_id is null and stream_id is null;
