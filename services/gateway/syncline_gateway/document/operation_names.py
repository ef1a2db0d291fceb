"""What each operation is called in generated clients: a verb and a noun, made of its address.

They are part of the API: a name that has been given stays, whatever the function behind it is.
"""

from __future__ import annotations

_SINGULAR = {
    "sync-events": "SyncEvent",
    "dlq": "DeadLetter",
    "audit-log": "AuditEntry",
    "deliveries": "Delivery",
}
_PLURAL = {"sync-events": "SyncEvents", "dlq": "DeadLetters", "audit-log": "AuditEntries"}
_ONE_EACH = ("session", "setup", "dashboard", "search", "pipeline")
"""Resources of which there is one, so that nothing is listed."""
_NAMED = {
    "post sync-events": "triggerSync",
    "get sync-events/{}/stream": "streamSyncEvent",
    "get events": "followEvents",
    "post session": "signIn",
    "delete session": "signOut",
    "post session/link": "signInByLink",
    "put session/tenant": "switchTenant",
    "put session/password": "changeOwnPassword",
    "post setup": "setUp",
    "post password": "choosePassword",
    "post users/{}/password-link": "createPasswordLink",
    "delete api-keys/{}": "revokeApiKey",
    "get schemas/{}": "getDocumentSchema",
    "get search": "search",
    "get records": "getRecordHistory",
    "get runs/count": "countRuns",
    "post connection-profiles/test": "testUnsavedConnectionProfile",
    "post mapping-configs/dry-run": "dryRunUnsavedMappingConfig",
    "post mapping-configs/{}/dry-run": "dryRunMappingConfig",
    "post mapping-configs/{}/try-draft": "tryMappingConfigDraft",
    "post dlq/replay": "replayDeadLetters",
    "post dlq/discard": "discardDeadLetters",
    "post dlq/restore": "restoreDeadLetters",
}
"""Names that the address alone does not give."""
_VERBS = {"post": "create", "put": "replace", "patch": "update", "delete": "delete", "get": "get"}


def operation_name(method: str, address: str) -> str:
    """Return the name of an operation: `listInstances`, `activateMappingConfigVersion`.

    Args:
        address: its path under `/api/v1/`, with `{parameters}`.
    """
    parts = ["{}" if part.startswith("{") else part for part in address.strip("/").split("/")]
    named = _NAMED.get(f"{method} {'/'.join(parts)}")
    if named is not None:
        return named
    words = [part for part in parts if part != "{}"]
    if method == "post" and len(words) > 1:
        verb, *rest = words[-1].split("-")
        return verb + "".join(map(_singular, words[:-1])) + _pascal("-".join(rest))
    is_one = parts[-1] == "{}" or method != "get" or words[-1] in _ONE_EACH
    if not is_one and _is_plural(words[-1]):
        return "list" + "".join(map(_singular, words[:-1])) + _plural(words[-1])
    return _VERBS[method] + "".join(map(_singular, words))


def _is_plural(word: str) -> bool:
    return word.endswith("s") or word in _PLURAL


def _singular(word: str) -> str:
    return _SINGULAR.get(word) or _pascal(word.removesuffix("s"))


def _plural(word: str) -> str:
    return _PLURAL.get(word) or _pascal(word)


def _pascal(word: str) -> str:
    return "".join(part.capitalize() for part in word.split("-"))
