-- The kinds of action in the audit log are found one by one, and the newest entries of each: what is rare among a million
-- entries is found without reading them all.

create index audit_log_by_action on audit_log (tenant, action, at desc, id desc);
