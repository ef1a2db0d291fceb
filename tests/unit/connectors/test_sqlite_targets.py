"""SQLite as a target: keys that change or clash, tables of every make."""

from __future__ import annotations

from tests.suites.composite_keys import CompositeKeySuite
from tests.suites.sql_targets import ChangedKeySuite, KeyedTableSuite, MakeSuite, SharedKeySuite


class TestKeys(CompositeKeySuite, ChangedKeySuite, SharedKeySuite, KeyedTableSuite, MakeSuite):
    pass
