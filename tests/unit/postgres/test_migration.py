"""Which schemas a release works on: its own, and newer ones that do not say otherwise."""

from __future__ import annotations

import re

import pytest

from syncline.postgres.database.migration import (
    AppliedMigration,
    Migration,
    MigrationError,
    available,
    compare,
)

KNOWN = [Migration("0001_a.sql", "select 1"), Migration("0002_b.sql", "select 2")]


def row(migration: Migration) -> AppliedMigration:
    return AppliedMigration(migration.name, migration.checksum, migration.breaks_before)


def test_an_older_schema_lacks_what_came_later() -> None:
    assert compare([row(KNOWN[0])], KNOWN) == ([KNOWN[1]], [])
    assert compare([], KNOWN) == (KNOWN, [])


def test_a_newer_schema_is_one_to_work_on() -> None:
    newer = Migration("0003_c.sql", "select 3")
    assert compare([row(one) for one in (*KNOWN, newer)], KNOWN) == ([], ["0003_c.sql"])


@pytest.mark.parametrize(("oldest", "works"), [("0001", True), ("0002", True), ("0003", False)])
def test_a_migration_says_which_code_it_breaks(oldest: str, works: bool) -> None:
    contracting = Migration("0003_c.sql", f"-- breaks code before {oldest}\ndrop table a")
    applied = [row(one) for one in (*KNOWN, contracting)]
    assert compare(applied, [*KNOWN, contracting]) == ([], [])
    if works:
        assert compare(applied, KNOWN).newer == ["0003_c.sql"]
    else:
        with pytest.raises(MigrationError, match=r"too new.*0003_c\.sql needs code that knows"):
            compare(applied, KNOWN)


def test_a_file_that_was_edited_is_refused() -> None:
    with pytest.raises(MigrationError, match="was changed after"):
        compare([AppliedMigration("0001_a.sql", "other")], KNOWN)


def test_the_mark_stands_in_the_first_line_or_nowhere() -> None:
    """One that is misspelt, or that hides below, would count for nothing."""
    for migration in available():
        marks = re.findall(r"breaks code before", migration.sql)
        assert len(marks) == (migration.breaks_before is not None), migration.name
