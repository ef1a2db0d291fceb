-- A record by its target ID. One whose target ID is its source ID is found by that, so that a first
-- load between two databases does not pay for this index: it was a third of the ledger's cost.
drop index ledger_by_target;
create index ledger_by_target on ledger using hash (target_id) where target_id <> source_id;
