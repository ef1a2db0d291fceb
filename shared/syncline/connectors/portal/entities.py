"""How each entity type of a hub is read and written, in the words of the HTTP connector.

Master data is put in bulks, by key, so that a repeated call changes nothing. Documents are created
one by one under an idempotency key, and replaced with all their lines.
"""

from __future__ import annotations

from syncline.connectors.api.entities import Entity
from syncline.domain.mapping.extraction import Extraction, ExtractionMode
from syncline.domain.record import JsonObject

MASTER = ("bpgroup", "paymentterms", "itemgroup", "pricelist")
DOCUMENTS = ("salesquotation", "salesorder")
MOST = 500
"""Records in a page, and in a bulk."""
_ENVELOPE = {"key": "{key}", "data": "{record}"}


def _source(name: str) -> Extraction:
    by_ids = {"endpoint": f"/{name}", "parameters": {"ids": "{idsJson}"}, "records": "records"}
    return Extraction(
        mode=ExtractionMode.API,
        endpoint=f"/{name}",
        id_column="id",
        cursor_column="updatedAt",
        parameters={"updatedSince": "{cursor}"},
        paging={
            "type": "cursor", "parameter": "after", "next": "next", "sizeParameter": "limit",
            "size": MOST,
        },
        options={"records": "records", "ordered": True, "fetch": by_ids},
    )  # fmt: skip


def _found(name: str) -> JsonObject:
    """Return what both kinds of targets have in common: look-up and deletion."""
    return {
        "lookup": {
            "endpoint": f"/{name}", "parameters": {"keys": "{keysJson}"}, "records": "records",
            "key": "key", "id": "id", "complete": True, "visibleAfter": 0,
        },
        "delete": {"endpoint": f"/{name}/{{id}}"},
    }  # fmt: skip


def _bulk(name: str) -> JsonObject:
    answer = {
        "records": "results", "id": "id", "status": "status", "error": "error.message",
        "key": "key", "keyOf": "key",
    }  # fmt: skip
    return {
        "method": "PUT",
        "endpoint": f"/{name}/bulk",
        "bulkSize": MOST,
        "array": True,
        "bodyPath": "records",
        "envelope": _ENVELOPE,
        "idempotent": True,
        "answer": answer,
        **_found(name),
    }


def _single(name: str) -> JsonObject:
    return {
        "endpoint": f"/{name}",
        "envelope": _ENVELOPE,
        "honoursKeys": True,
        "answer": {"id": "id", "required": True},
        "update": {
            "method": "PUT", "endpoint": f"/{name}/{{id}}", "envelope": _ENVELOPE,
            "answer": {"id": "id"},
        },
        **_found(name),
    }  # fmt: skip


ENTITIES = {
    **{name: Entity(_source(name), target=_bulk(name)) for name in MASTER},
    **{name: Entity(_source(name), target=_single(name)) for name in DOCUMENTS},
}
