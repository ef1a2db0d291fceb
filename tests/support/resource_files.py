"""A file with one good document of every kind."""

from __future__ import annotations

GOOD = """
kind: Profile
name: erp
connector: postgresql
config: {host: erp.local, database: erp, user: reader}
secrets: {password: {fromEnv: ERP_PASSWORD}}
---
apiVersion: syncline/v1
kind: Mapping
name: erp-items
entityType: item
extraction: {table: OITM, idColumn: ItemCode}
normalization: {fields: [{source: ItemCode, target: sku, required: true}]}
transformation:
  matchKey: sku
  fields: [{source: sku, target: sku}]
  target: {table: items}
---
kind: Instance
name: erp-warehouse
source: erp
target: erp
mappings: [erp-items]
"""
