"""One DSN for each host that a DSN names."""

from __future__ import annotations

from syncline.postgres.database.primary import single_hosts


def test_one_host_stays_as_it_is() -> None:
    dsn = "postgresql://u:p%40x@a:5432/d?sslmode=verify-full"
    assert single_hosts(dsn) == {"a:5432": dsn}
    assert single_hosts("postgresql:///d?host=/run") == {"": "postgresql:///d?host=/run"}


def test_of_several_hosts_the_one_that_takes_changes_is_meant() -> None:
    assert single_hosts("postgresql://u:p%40x@a:5432,[::1]:5433/d?sslmode=require") == {
        "a:5432": "postgresql://u:p%40x@a:5432/d?target_session_attrs=read-write&sslmode=require",
        "[::1]:5433": "postgresql://u:p%40x@[::1]:5433/d"
        "?target_session_attrs=read-write&sslmode=require",
    }


def test_what_is_said_of_the_session_stays() -> None:
    dsn = "postgresql://u@a,b/d?target_session_attrs=primary"
    assert single_hosts(dsn)["b"] == "postgresql://u@b/d?target_session_attrs=primary"
