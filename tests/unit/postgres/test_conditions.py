"""Conditions are numbered as they come; what is not asked for is left out."""

from __future__ import annotations

from syncline.postgres.database.conditions import Conditions


def test_without_conditions_everything_is_meant() -> None:
    where = Conditions()
    assert (str(where), where.values) == ("true", [])


def test_values_are_counted_behind_those_of_the_statement() -> None:
    where = Conditions("acme", 7)
    where.add("r.tenant = $1")
    where.add("r.name = {}", "a")
    where.add("r.mode = {}", None)
    where.add("(r.at, r.id) < ({}, {})", 1, 2)
    where.add("{0} in (r.a, r.b)", False)
    assert f"{where} limit {where.bind(3)}" == (
        "r.tenant = $1 and r.name = $3 and (r.at, r.id) < ($4, $5) and $6 in (r.a, r.b) limit $7"
    )
    assert where.values == ["acme", 7, "a", 1, 2, False, 3]


def test_a_condition_is_left_out_where_any_of_its_values_is_missing() -> None:
    where = Conditions()
    where.add("(r.at, r.id) < ({}, {})", 1, None)
    assert (str(where), where.values) == ("true", [])
