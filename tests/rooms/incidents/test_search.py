"""The words of incidents, and what is asked of them: pure text."""

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given, strategies as st
import pytest

from custom_components.gatehouse.incidents.search import (
    LONGEST_WORD,
    MOST_WORDS,
    IncidentQuery,
    fts5,
    is_called,
    line,
    terms,
    tsquery,
    words,
)
from custom_components.gatehouse.models import (
    Assessment,
    Incident,
    IncidentState,
    Level,
    Passage,
    PassageKind,
)

NOON = datetime(2026, 11, 18, 12, tzinfo=UTC)
INCIDENT = Incident(
    id="one",
    group="porch",
    place="Haustür",
    state=IncidentState.CLOSED,
    started=NOON,
    last_seen=NOON,
    labels=("person",),
    zones=("Drive",),
    passages=(Passage(id="1", door="front", kind=PassageKind.GRANTED, at=NOON, person="Žofie"),),
    assessment=Assessment(
        risk=65, level=Level.HIGH, reasons=("stayed 45 s",), summary="Walked to the bins."
    ),
    note="The neighbour’s cat",
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Front door, front porch", ["front", "door", "porch"]),
        ("HAUSTÜR Straße Žofie ﬁnd", ["haustur", "strasse", "zofie", "find"]),
        ("neighbour's_cat-flap", ["neighbour", "s", "cat", "flap"]),
        ("Donaudampfschiff", ["donaudampfsc"]),
        ('"a" OR (b) NEAR* ^c: -d', ["a", "or", "b", "near", "c", "d"]),
        ("門 ворота", ["門", "ворота"]),
        ("\x00 _ '%", []),
    ],
)
def test_words_are_told_apart_by_letters_and_digits_alone(text: str, found: list[str]) -> None:
    assert words(text) == found


@given(st.text())
def test_the_words_of_words_are_the_same_words(text: str) -> None:
    assert words(" ".join(words(text))) == words(text)


@given(st.text(), st.data())
def test_the_beginning_of_a_word_is_the_beginning_of_what_is_kept(
    text: str, data: st.DataObject
) -> None:
    kept = words(text)
    beginning = " ".join(word[: data.draw(st.integers(1, LONGEST_WORD))] for word in kept)

    assert all(any(word.startswith(part) for word in kept) for part in words(beginning))


def test_all_that_people_read_of_an_incident_is_in_its_line() -> None:
    asked = "haustur person drive zofie stayed 45 s walked to the bins neighbour cat"

    assert set(asked.split()) <= set(line(INCIDENT).split())


@given(st.text())
def test_no_word_is_taken_for_a_mark(note: str) -> None:
    marks = [each for each in line(INCIDENT).split() if each.startswith("_")]

    noted = line(replace(INCIDENT, note=note)).split(" ")

    assert [each for each in noted if each.startswith("_")] == marks


def test_a_query_that_asks_nothing_has_no_terms() -> None:
    assert terms(IncidentQuery()) == []
    assert terms(IncidentQuery(text=" \n", since=NOON, until=NOON, before=INCIDENT)) == []


@pytest.mark.parametrize(
    ("text", "called"),
    [
        ("front", True),
        ("DOOR fro", True),
        ("Front door of the barn", False),
        ("oor", False),
        ("", False),
        ("?!", False),
    ],
)
def test_a_name_is_known_by_the_beginnings_of_its_words(text: str, called: bool) -> None:
    assert is_called(text, "Front door") is called


def test_with_the_names_of_cameras_a_word_may_mean_a_camera_or_a_level() -> None:
    names = {"a": "Front door", "b": "Back door"}

    assert terms(IncidentQuery(text="door high", names=names)) == [
        ("door*", "_c61", "_c62"),
        ("high*", "_l60"),
    ]
    assert terms(IncidentQuery(text="door high")) == [("door*",), ("high*",)]


@pytest.mark.parametrize(("word", "found"), [("medium", True), ("high", True), ("critical", False)])
def test_an_incident_is_found_by_its_level_and_each_below(word: str, found: bool) -> None:
    [(_, mark)] = terms(IncidentQuery(text=word, names={}))

    assert (mark in line(INCIDENT).split()) is found


def test_words_that_are_cut_off_are_asked_for_as_they_are_kept() -> None:
    assert terms(IncidentQuery(text="Haus donaudampfschiff")) == [("haus*",), ("donaudampfsc",)]


def test_only_so_many_words_are_asked_for() -> None:
    text = " ".join(str(number) for number in range(100))

    assert len(terms(IncidentQuery(text=text))) == MOST_WORDS


@pytest.mark.parametrize(
    "query", [IncidentQuery(text="?!"), IncidentQuery(text="x", cameras=())], ids=str
)
def test_what_nothing_can_be_is_asked_for_by_no_alternative(query: IncidentQuery) -> None:
    assert () in terms(query)


def test_each_database_gets_the_terms_in_its_own_words() -> None:
    asked = [("per*",), ("_c61", "_c62"), ("donaudampfsc",)]

    assert fts5(asked) == '("per"*) AND ("_c61" OR "_c62") AND ("donaudampfsc")'
    assert tsquery(asked) == "('per':*) & ('_c61' | '_c62') & ('donaudampfsc')"
