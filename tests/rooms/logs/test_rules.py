"""What of a log is kept, how much, and without which words."""

from datetime import timedelta

from hypothesis import given, strategies as st
import pytest

from custom_components.gatehouse.agent import LogLevel
from custom_components.gatehouse.logs import LogQuery
from custom_components.gatehouse.logs.nouns import Place
from custom_components.gatehouse.logs.rules import (
    BURST,
    KEPT_FOR,
    LONGEST,
    Allowance,
    corrected,
    is_asked_for,
    named,
    place_in,
    written,
)
from tests.rooms.logs.written import NOON, PORCH, RUN, record

SECOND = timedelta(seconds=1)
TOKEN = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Porch is connected", "Porch is connected"),
        (f"The token {TOKEN} is not its", "The token […] is not its"),
        (f"GET /live?auth={TOKEN}x&fps=5 failed", "GET /live?auth=[…]&fps=5 failed"),
        ("{'Authorization': 'Bearer abc'}, said Porch\nNext", "{'Authorization[…]\nNext"),
        ("asked with Bearer abc.def and more", "asked with Bearer […]"),
        ("{'token': 'abc', 'host': 'x'}", "{'token': '[…]', 'host': 'x'}"),
        ("rtsp://anna:pass@10.0.0.7/live", "rtsp://[…]@10.0.0.7/live"),
        ("/api/gatehouse/share/" + "t" * 32, "/api/gatehouse/share/[…]"),
        ("X-Amz-Signature=abc&X-Amz-Date=now", "X-Amz-Signature=[…]&X-Amz-Date=[…]"),
        ("pair with 0ABC-DEFG-H123 now", "pair with […] now"),
        ("half \ud83d of it\x00", "half � of it�"),
    ],
)
def test_a_text_is_kept_without_secrets_and_so_that_it_can_be_written(text: str, kept: str) -> None:
    assert written(text, {TOKEN, TOKEN[:8]}) == kept


@given(st.text(max_size=3 * LONGEST))
def test_whatever_is_said_can_be_written(text: str) -> None:
    kept = written(text, (TOKEN,))

    assert len(kept.encode()) <= 4 * LONGEST
    assert len(kept) <= LONGEST


def test_of_a_long_text_the_beginning_and_the_end_are_kept() -> None:
    kept = written("Begin " + "x" * 5000 + " end", ())

    assert len(kept) == LONGEST
    assert (kept[:6], kept[-4:]) == ("Begin ", " end")
    assert " […] " in kept


def test_a_burst_is_allowed_and_then_so_many_a_second() -> None:
    at_once, left = Allowance().spend(BURST + 100, NOON)
    soon, left = left.spend(100, NOON + SECOND)
    later, left = left.spend(10_000, NOON + 3600 * SECOND)

    assert (at_once, soon, later) == (BURST, 20, BURST)


def test_a_clock_that_is_set_back_takes_nothing_away() -> None:
    granted, left = Allowance().spend(100, NOON)

    assert granted == 100
    assert left.spend(BURST, NOON - 3600 * SECOND)[0] == BURST - 100


@pytest.mark.parametrize(
    ("told", "ahead", "at"),
    [
        (0, 0, 0),
        (5, 10, -5),
        (-20, -10, -10),
        (3600, 0, 0),  # of the future
        (1e9, 10, 0),
    ],
)
def test_moments_are_told_by_our_clock(told: float, ahead: float, at: float) -> None:
    moment = corrected(NOON + told * SECOND, ahead * SECOND, NOON)

    assert moment == NOON + at * SECOND


def test_what_is_too_old_is_just_so() -> None:
    assert corrected(NOON.replace(year=1), 10 * SECOND, NOON) == NOON - KEPT_FOR


@pytest.mark.parametrize(
    ("query", "is_asked"),
    [
        (LogQuery(), True),
        (LogQuery(source=PORCH), True),
        (LogQuery(source="site"), False),
        (LogQuery(level=LogLevel.WARNING), True),
        (LogQuery(level=LogLevel.ERROR), False),
        (LogQuery(text="CAMERA front"), True),
        (LogQuery(text="back"), False),
        (LogQuery(since=NOON), True),
        (LogQuery(since=NOON + SECOND), False),
        (LogQuery(until=NOON + SECOND), True),
        (LogQuery(until=NOON), False),
    ],
)
def test_news_are_for_whom_they_are(query: LogQuery, is_asked: bool) -> None:
    news = record(1, level=LogLevel.WARNING, text="Camera front: No frame for 2 s")

    assert is_asked_for(news, query) is is_asked


@pytest.mark.parametrize("source", [PORCH, "site", "a/b"])
def test_a_place_is_found_again_by_its_name(source: str) -> None:
    place = Place(NOON + timedelta(microseconds=7), source, RUN, -3)

    assert place_in(named(place)) == place


@pytest.mark.parametrize(
    "name", ["", "x", "1/2/3", "a/2/run/site", "1/b/run/site", f"{10**30}/1/r/s", f"1/{2**70}/r/s"]
)
def test_what_names_no_place_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        place_in(name)
