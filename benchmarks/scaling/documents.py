"""The configuration of the scaling benchmarks: many instances of one mapping."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import yaml

_SOURCE = "erp"  # profile of benchmarks/syncline.yaml
_FIELDS = ("item_code", "item_name", "item_group", "price", "on_hand")


def mapping(name: str, table: str, target: Mapping[str, Any]) -> dict[str, Any]:
    """Return a mapping of five fields; `target` is its block for the connector."""
    return {
        "kind": "Mapping",
        "name": name,
        "entityType": "item",
        "extraction": {
            "table": table,
            "idColumn": "item_code",
            "cursorColumn": "updated_at",
            "columns": [*_FIELDS, "updated_at"],
        },
        "normalization": {"fields": [{"source": f, "target": f} for f in _FIELDS]},
        "transformation": {
            "matchKey": "code",
            "target": dict(target),
            "fields": [
                {"source": "item_code", "target": "code"},
                *({"source": f, "target": f} for f in _FIELDS[1:]),
            ],
        },
    }


def http_profile(name: str, url: str, calls: int) -> dict[str, Any]:
    """Return a profile that lets so many calls run at a time."""
    config = {"baseUrl": url}
    return {
        "kind": "Profile", "name": name, "connector": "http", "config": config,
        "maxConcurrent": calls,
    }  # fmt: skip


def instance(name: str, target: str, mapping_name: str) -> dict[str, Any]:
    return {
        "kind": "Instance", "name": name, "source": _SOURCE, "target": target,
        "mappings": [mapping_name],
    }  # fmt: skip


def schedule(name: str, of: str, cron: str) -> dict[str, Any]:
    return {
        "kind": "Schedule", "name": name, "instance": of, "entityType": "item", "cron": cron,
    }  # fmt: skip


def text_of(documents: Iterable[Mapping[str, Any]]) -> str:
    return yaml.safe_dump_all(documents, sort_keys=False)
