"""SQLite as a target: keys that change or clash, tables of every make."""

from __future__ import annotations

from syncline.testing.connectors.composite_keys import CompositeKeySuite
from syncline.testing.connectors.on_create import OnCreateSuite
from syncline.testing.connectors.sql_keys import ChangedKeySuite, SharedKeySuite
from syncline.testing.connectors.sql_tables import KeyedTableSuite, MakeSuite


class TestKeys(CompositeKeySuite, ChangedKeySuite, SharedKeySuite, KeyedTableSuite, MakeSuite):
    pass


class TestOnCreate(OnCreateSuite):
    pass
