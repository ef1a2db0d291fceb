"""`verify` is refused where the target cannot be looked up, before a run finds out."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncline.domain.configuration.documents import TenantConfiguration
from syncline.resources.checks import check
from syncline.resources.loader import load

_FILES = """
kind: Profile
name: erp
connector: sqlite
config: {{ file: /srv/erp.db }}
---
kind: Profile
name: shop
connector: {connector}
config: {config}
---
kind: Mapping
name: items
entityType: item
extraction: {{ table: items, idColumn: id }}
normalization: {{ fields: [{{ source: sku, target: sku }}] }}
transformation:
  matchKey: sku
  verify: true
  fields: [{{ source: sku, target: sku }}]
  target: {target}
---
kind: Instance
name: erp-shop
source: erp
target: shop
mappings: [items]
"""


@pytest.mark.parametrize(
    ("connector", "config", "target", "refused"),
    [
        ("sqlite", "{ file: /srv/shop.db }", "{ table: items }", True),
        ("http", "{ baseUrl: 'https://shop.example' }", "{ endpoint: /items }", False),
    ],
)
def test_verify(connector: str, config: str, target: str, refused: bool, tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(_FILES.format(connector=connector, config=config, target=target))

    mistakes = list(check(load([str(path)], {}), TenantConfiguration()))

    words = [m.message for m in mistakes if m.path == "$.transformation.verify"]
    assert words == (["the connector SQLite cannot look up what it wrote: leave it out"] * refused)
