"""Which service may do what on which table: what PostgreSQL grants to its role, and no more.

In SQL's words: of a privilege with columns, those alone. `update (id)` is there where rows are
locked and not changed. A right that a release needs no more stays for the next one, too: while
services are upgraded one by one, those of the release before work under the newer rights.
"""

from __future__ import annotations

from collections.abc import Mapping

_READ = "select"
_ADD = "select, insert"
_MERGE = "select, insert, update"
_ALL = "select, insert, update, delete"
_EXPIRE = "select, delete"

_PROCESS = {"schema_migrations": _READ}
_STAGE = _PROCESS | {
    "installation": _READ,
    "custody": _ALL,
    "runs": _READ,
    "instances": _READ,
    "profiles": "select (id, name)",
    "profile_breakers": _READ,
    "profile_pauses": _READ,
    "profile_slots": "select, update (holder, until)",
    "parked_bundles": "select (run_id)",
}
_MAPPINGS = {"mappings": _READ, "mapping_versions": _READ}
_CALLS = _MAPPINGS | {
    "profiles": _READ,  # with its secrets
    "profile_breakers": _MERGE,
    "profile_pauses": _MERGE,
    "profile_rates": _MERGE,
    "profile_slots": _MERGE,
    "profile_calls": _ALL,
}
_STORES_DEAD_LETTERS = {
    "dead_letters": _ALL,
    "erasures": _READ,
    "ledger": "select, update (payload_hash, row_hash)",  # a record that failed is sent again
}
_PARKS = {"parked_bundles": "select (run_id), insert"}
_CANCEL = (
    "cancel_requested_at, cancel_requested_by, status_seq, read_on, dispatched_at, paused_at, "
    "paused_by, needs_attention"
)
_RESOLVE = "status, reason, resolved_at, resolved_by"
_OVERTAKE = f"{_RESOLVE}, overtaken_by, overtaken_run"
WORKS_AS_TENANT = "gateway"
"""The service that changes to the role of row-level security for what belongs to tenants."""

RIGHTS: Mapping[str, Mapping[str, str]] = {
    "gateway": _PROCESS
    | {  # what belongs to no tenant
        "users": _MERGE,
        "user_tenants": _ALL,
        "sessions": _ALL,
        "one_time_links": _ALL,
        "sign_in_attempts": _ALL,
        "api_keys": _MERGE,
        "tenants": _ADD,
        "mail_addresses": "select, update",
        "audit_log": _ADD,
        "hooks": "select, update (refused_at, refused_why)",
        "hook_deliveries": _ADD,
        "instances": _READ,
        "pipeline_services": _READ,
        "pipeline_heard": _READ,
        "pipeline_history": _READ,
    },
    "trigger": _STAGE
    | {
        "runs": "select, insert, update (dispatched_at, extracted, extracted_at, failure, "
        "status_seq)",
        "streams": "select, update (id)",
        "profiles": "select (id, name, active)",
        "mappings": _READ,
        "refusals": _MERGE,
        "dead_letters": f"select, update ({_RESOLVE}, replay_run, edit)",
        "ledger": "select, update (payload_hash, row_hash, intent_hash, intent_run, intent_owner, "
        "intent_creates)",  # what may have been written is to be sent again
        "audit_log": _ADD,
    },
    "ingest": _STAGE
    | _CALLS
    | {
        "runs": "select, update (batches, cursor_before, cursor_version, excluded, extracted, "
        "extracted_at, failure, first_load, handled_since, high_water, ingest_epoch, notices, "
        "position, position_before, progressed_at, published, read_on, read_to, reading, "
        "source_system, started_at, state, target_system, total, unchanged)",
        "streams": "select, update (last_version, ledger_system)",
        "batches": _ADD,
        # Without `value`: it clears a cursor, and sets none.
        "cursors": "select, insert (stream_id, version, tenant, run_id, actor, reason)",
        "stream_reads": _MERGE,
        "tied_rows": _ALL,
        "excluded_rows": _READ,
        "ledger": _EXPIRE,  # of a target that is another system now
        "dead_letters": _READ,
        "audit_log": _ADD,
    },
    "normalize": _STAGE | _MAPPINGS | _PARKS,
    "transform": _STAGE | _MAPPINGS | _PARKS,
    "execute": _STAGE
    | _CALLS
    | _PARKS
    | {
        "runs": "select, update (notices)",
        "ledger": _MERGE,
        "dead_letters": f"select (id, source_id, status, stream_id, version, instance_id), "
        f"update ({_OVERTAKE})",
        "streams": _READ,
    },
    "finalize": _STAGE
    | _MAPPINGS
    | {
        "runs": "select, update (cancelled, cursor_after, dispatched_at, excluded, extracted, "
        "extracted_at, failed, failure, failures_accepted, failures_accepted_at, "
        "finished_at, halted_at, high_water, in_flight_normalized, in_flight_taken, "
        "in_flight_transformed, ingest_epoch, needs_attention, notices, paused_at, paused_by, "
        "progressed_at, reach, read_on, read_to, reason, retry_due_at, state, "
        "status_seq, success, superseded, suspected_at, unchanged, waits)",
        "batches": "select, update (outcomes)",
        "attempts": _ADD,
        "run_stages": _MERGE,
        "cursors": _ADD,
        "streams": _READ,
        "tied_rows": _EXPIRE,
        "excluded_rows": _MERGE,
        "stream_reads": _READ,
        **_STORES_DEAD_LETTERS,  # of a stalled run
        "installation": "select, update (mark)",
        "audit_log": _ADD,
    },
    "retry": _STAGE | {"parked_bundles": "select, update (number), delete"},
    "deadletter": _STAGE
    | {
        **_STORES_DEAD_LETTERS,
        "mapping_versions": _READ,
        "streams": _READ,
        "operations": "select, update, delete",
        "operation_items": "select, update, delete",
        "operation_chunks": _ALL,
        "runs": f"select, update ({_CANCEL}), delete",
        "batches": _EXPIRE,
        "attempts": _EXPIRE,
        "expired_outcomes": _MERGE,
        "erasures": _EXPIRE,
        "refusals": _EXPIRE,
        "firings": _EXPIRE,
        "notifications": _EXPIRE,
        "deliveries": _READ,
        "incidents": _EXPIRE,
        "hooks": "select (id, deleted_at)",
        "hook_bodies": _EXPIRE,
        "hook_deliveries": _EXPIRE,
        "hook_changes": _READ,
        "hook_runs": _EXPIRE,
        "audit_log": "select, insert, delete",
    },
    "scheduler": _PROCESS
    | {
        "schedules": "select, update (next_at)",
        "firings": _MERGE,
        "hooks": "select (id, tenant, name, instance_id, entity_type, enabled, deleted_at), "
        "update (id)",
        "hook_changes": "select, update (run_id)",
        "hook_runs": _ALL,
        "instances": _READ,
        "profiles": "select (id, active, changed_at)",
        "streams": _READ,
        "runs": _READ,
        "refusals": _READ,
    },
    "notifier": _STAGE
    | {
        "alert_states": _MERGE,
        "incidents": _MERGE,
        "incident_streams": _ALL,
        "notifications": _ADD,
        "deliveries": _MERGE,
        "subscriptions": _READ,
        "mail_addresses": _READ,
        "mappings": _READ,
        "streams": _READ,
        "schedules": _READ,
        "firings": _READ,
        "dead_letters": "select (code, error, fingerprint, instance_id, run_id, stage, status, "
        "tenant)",
    },
    "monitor": _PROCESS
    | {
        "pipeline_services": _ALL,
        "pipeline_heard": "select, update",
        "pipeline_history": "select, insert, delete",
        "runs": _READ,
        "dead_letters": "select (status)",
        "profile_breakers": _READ,
        "profiles": "select (id, name)",
        "parked_bundles": "select (run_id)",
        "streams": _READ,
        "instances": _READ,
    },
}
"""The rights of each service by its name: table -> privileges."""
