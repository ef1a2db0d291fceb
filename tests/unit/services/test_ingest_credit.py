"""How many records of a run may be on their way."""

from __future__ import annotations

from syncline_ingest.extraction.credit import (
    LATER,
    LEAST,
    LEAST_OF_CHUNK,
    MOST,
    MOST_OF_CHUNK,
    SOON,
    Credit,
)


def test_a_slow_target_has_few_records_before_it() -> None:
    credit = Credit(0, 0.0)
    for second in range(1, 20):
        credit.note(second * 10, float(second))
        assert credit.limit == LEAST


def test_a_fast_target_soon_has_many() -> None:
    credit = Credit(0, 0.0)
    credit.note(2_000, 0.2)
    assert credit.limit == 10_000
    credit.note(12_000, 0.5)
    assert credit.limit == MOST


def test_a_target_that_becomes_slow_loses_its_credit_and_earns_it_anew() -> None:
    credit = Credit(0, 0.0)
    credit.note(100_000, 1.0)
    credit.note(100_100, 1.5)
    assert credit.limit == MOST, "half a second tells little"
    credit.note(101_000, 3.0)
    assert credit.limit == 2_500
    credit.note(105_000, 4.0)
    assert credit.limit == 20_000


def test_a_run_that_is_taken_up_again_does_not_count_what_was_done_before() -> None:
    credit = Credit(1_000_000, 50.0)
    credit.note(1_000_010, 51.0)
    assert credit.limit == LEAST


def test_a_chunk_grows_with_what_the_target_takes() -> None:
    credit = Credit(0, 0.0)
    assert credit.of_chunk(2_000) == LEAST_OF_CHUNK
    assert credit.of_chunk(0) == MOST_OF_CHUNK, "nothing has to be sent"
    credit.note(2_600, 0.5)
    assert credit.of_chunk(2_000) == 13_000
    credit.note(40_000, 0.9)
    assert credit.of_chunk(2_000) == MOST_OF_CHUNK


def test_a_run_of_which_nothing_moves_is_looked_at_less_often_until_it_does() -> None:
    credit = Credit(0, 0.0)
    pauses = []
    for second in range(1, 7):
        credit.note(10, float(second))
        pauses.append(credit.pause)
    assert pauses == [SOON, 0.2, 0.4, 0.8, LATER, LATER]
    credit.note(11, 7.0)
    assert credit.pause == SOON
