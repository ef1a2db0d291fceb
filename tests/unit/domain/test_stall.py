"""What is said of a run that is given up."""

from __future__ import annotations

from syncline.domain.run import stall_failure, stall_reason


def test_the_reason_names_each_stage_and_its_records() -> None:
    missing = [("execute", "B"), ("normalize", "A"), ("execute", "C")]
    assert stall_reason(missing, 1800) == (
        "stalled: nothing moved for 30 min; no outcome came of 2 records last seen on the way into "
        "execute: B, C; 1 record last seen on the way into normalize: A"
    )


def test_a_long_list_is_cut() -> None:
    missing = [("normalize", str(n)) for n in range(12)]
    assert stall_reason(missing, 90).endswith("0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more")


def test_without_a_missing_record_it_is_the_reading() -> None:
    assert (
        stall_reason([], 5)
        == "stalled: nothing moved for 5 s; ingest did not end reading the source"
    )


def test_a_record_says_where_it_was_last_seen() -> None:
    assert stall_failure("execute", 60).message == (
        "no outcome came from execute or a later stage; nothing moved for 1 min"
    )
