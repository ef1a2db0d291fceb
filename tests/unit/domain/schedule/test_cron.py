"""Expressions are refused with the field that is wrong; the builder's forms go there and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncline.domain.errors import InvalidInputError
from syncline.domain.schedule.cadence import DAYS, LAST, Cadence, Pace, cadence_of, cron_of
from syncline.domain.schedule.cron import parse_cron, parse_zone


def refusal(text: str) -> str:
    with pytest.raises(InvalidInputError) as refused:
        parse_cron(text)
    return "; ".join(problem.message for problem in refused.value.problems)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("61 * * * *", "field 1 (minute): must be 0-59"),
        ("0 24 * * *", "field 2 (hour): must be 0-23"),
        ("0 0 32 * *", "field 3 (day of month)"),
        ("0 0 1 13 *", "field 4 (month)"),
        ("0 0 * * FREITAG", "field 5 (day of week)"),
        ("99 99 * * *", "field 2 (hour)"),
        ("*/0 * * * *", "field 1 (minute)"),
        ("0 0 31 2 *", "never fires"),
        ("0 0 31 4,6,9,11 *", "never fires"),
        ("0 0 */30 2 WED#5", "never fires"),
        ("* * * * * *", "must have five fields"),
        ("", "must have five fields"),
        ("@daily", "must be written out: 0 0 * * *"),
        ("* " * 200, "at most 200"),
    ],
)
def test_a_wrong_expression_is_refused_with_what_is_wrong(text: str, says: str) -> None:
    assert says in refusal(text)


@given(st.text(alphabet="0123456789*/-,#LWMON ", max_size=30) | st.text(max_size=20))
def test_anything_is_an_expression_or_refused(text: str) -> None:
    try:
        cron = parse_cron(text)
    except InvalidInputError:
        return
    assert parse_cron(cron.text) == cron


times = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59))
cadences = st.one_of(
    st.builds(Cadence, st.just(Pace.MINUTES), st.integers(1, 59)),
    st.builds(Cadence, st.just(Pace.HOURS), st.integers(1, 23), st.integers(0, 59)),
    st.builds(Cadence, st.just(Pace.DAILY), at=times),
    st.builds(
        Cadence,
        st.just(Pace.WEEKLY),
        at=times,
        days=st.sets(st.sampled_from(DAYS), min_size=1).map(
            lambda days: tuple(day for day in DAYS if day in days)
        ),
    ),
    st.builds(Cadence, st.just(Pace.MONTHLY), at=times, day=st.integers(1, LAST)),
)


@given(cadences)
def test_a_form_of_the_builder_comes_back_from_its_expression(cadence: Cadence) -> None:
    back = cadence_of(cron_of(cadence))
    assert back is not None
    if cadence.pace is Pace.WEEKLY and len(cadence.days) == len(DAYS):
        assert back.days == DAYS
    else:
        assert back == cadence


@pytest.mark.parametrize(
    ("cadence", "path"),
    [
        (Cadence(Pace.MINUTES, 0), "$.cadence.interval"),
        (Cadence(Pace.MINUTES, 60), "$.cadence.interval"),
        (Cadence(Pace.HOURS, 24), "$.cadence.interval"),
        (Cadence(Pace.HOURS, 1, 60), "$.cadence.minute"),
        (Cadence(Pace.DAILY, at="5:00"), "$.cadence.at"),
        (Cadence(Pace.WEEKLY), "$.cadence.days"),
        (Cadence(Pace.WEEKLY, days=("MO",)), "$.cadence.days"),
        (Cadence(Pace.MONTHLY, day=33), "$.cadence.day"),
    ],
)
def test_a_wrong_form_is_refused_with_its_field(cadence: Cadence, path: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        cron_of(cadence)
    assert [problem.path for problem in refused.value.problems] == [path]


@pytest.mark.parametrize("name", ["Mars/X", "", "localtime", "../etc/passwd", "europe/berlin"])
def test_a_zone_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(InvalidInputError):
        parse_zone(name)


def test_a_misspelt_zone_gets_a_hint() -> None:
    with pytest.raises(InvalidInputError, match="did you mean `Europe/Berlin`"):
        parse_zone("Europe/Berln")
