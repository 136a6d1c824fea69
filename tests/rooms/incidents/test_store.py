"""The rows of incidents, in a real file."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations
import os
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings, strategies as st
import pytest
from sqlalchemy import Connection, Engine, Select, event, select
from sqlalchemy.dialects import postgresql, sqlite

from custom_components.gatehouse.database import Database
from custom_components.gatehouse.incidents.rows import LINES, media_of
from custom_components.gatehouse.incidents.search import IncidentQuery, selection, terms
from custom_components.gatehouse.incidents.store import (
    IncidentStore,
    ToAssess,
    _expirable,
    _last_notified,
    _left_open,
    _next_to_assess,
)
from custom_components.gatehouse.incidents.totals import Totals
from custom_components.gatehouse.models import (
    Assessment,
    AssessmentState,
    Author,
    Box,
    Detection,
    Frame,
    Incident,
    IncidentState,
    Level,
    Passage,
    PassageKind,
    Sighting,
)

NOON = datetime(2026, 11, 18, 12, 0, 0, 123456, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
FRONT, BACK, SIDE = "9f2c41d07ab3/front", "9f2c41d07ab3/back", "9f2c41d07ab3/side"


def seen_by(camera: str) -> Sighting:
    best = Detection(label="person", score=0.87, box=Box(0.1, 0.2, 0.3, 0.9))
    return Sighting(camera=camera, first=NOON, last=NOON + 10 * SECOND, best=best)


BY_RULE = Assessment(
    risk=65, level=Level.HIGH, reasons=("a person was seen", "at night (23:40)"), summary="Two."
)
BY_MODEL = replace(BY_RULE, risk=40, level=Level.MEDIUM, summary="Anna.", author=Author.MODEL)

FULL = Incident(
    id="full",
    group="porch",
    place="Haustür",
    state=IncidentState.CLOSED,
    started=NOON,
    last_seen=NOON + 10 * SECOND,
    ended=NOON + 40 * SECOND,
    labels=("dog", "person"),
    count=2,
    zones=("Drive", "Steps"),
    sightings=(seen_by(FRONT), seen_by(SIDE)),
    passages=(
        Passage(id="p1", door="front", kind=PassageKind.DENIED, at=NOON, reason="unknown card"),
        Passage(id="p2", door="front", kind=PassageKind.GRANTED, at=NOON, person="Žofie"),
    ),
    picture=Path("front/2026-11-18/120000-full.jpg"),
    frames=(
        Frame(
            path=Path("front/2026-11-18/1.jpg"),
            detections=(
                Detection(label="person", score=0.91, box=Box(0.1, 0.2, 0.3, 0.9)),
                Detection(label="dog", score=0.5, box=Box(0.5, 0.6, 0.7, 0.8)),
            ),
        ),
        Frame(path=Path("front/2026-11-18/2.jpg")),
    ),
    assessment=replace(BY_RULE, floor=60),
    assessing=AssessmentState.PENDING,
    reviewed=NOON + HOUR,
    false_alarm=True,
    note="The neighbour’s dog",
    notified=NOON + SECOND,
    kept=True,
    replayed=True,
)
BARE = Incident(
    id="bare",
    group="yard",
    place="Yard",
    state=IncidentState.OPEN,
    started=NOON,
    last_seen=NOON,
)
UNTOUCHED = replace(FULL, reviewed=None, false_alarm=False, note="", notified=None, kept=False)


def at(minutes: float, camera: str = FRONT, **changes: object) -> Incident:
    started = NOON + minutes * MINUTE
    changes = {
        "id": f"at {minutes}",
        "started": started,
        "sightings": (seen_by(camera),),
        **changes,
    }
    return replace(UNTOUCHED, **changes)  # type: ignore[arg-type]


def risk(points: int, level: Level) -> Assessment:
    return Assessment(risk=points, level=level, reasons=())


def names(found: list[Incident]) -> list[str]:
    return [incident.id for incident in found]


# What was seen


@pytest.mark.parametrize("incident", [FULL, BARE], ids=lambda incident: incident.id)
async def test_an_incident_comes_back_as_it_was(store: IncidentStore, incident: Incident) -> None:
    assert await store.save(incident) == incident
    assert await store.get(incident.id) == incident


async def test_saving_again_changes_the_row(store: IncidentStore) -> None:
    await store.save(replace(UNTOUCHED, picture=None, assessment=None, zones=()))

    assert await store.save(UNTOUCHED) == UNTOUCHED
    assert await store.find(IncidentQuery()) == [UNTOUCHED]


async def test_what_people_said_survives_what_is_seen_afterwards(store: IncidentStore) -> None:
    await store.save(UNTOUCHED)
    await store.review("full", NOON + HOUR, false_alarm=True)
    await store.annotate("full", "The neighbour’s dog")
    await store.mark_notified("full", NOON + SECOND)
    await store.keep("full", kept=True)

    saved = await store.save(replace(UNTOUCHED, count=3))

    assert saved == replace(FULL, count=3) == await store.get("full")


@pytest.mark.parametrize("state", [AssessmentState.NONE, AssessmentState.PENDING])
async def test_until_a_model_has_answered_the_rules_may_judge_anew(
    store: IncidentStore, state: AssessmentState
) -> None:
    await store.save(replace(UNTOUCHED, assessing=state))
    worse = risk(90, Level.CRITICAL)

    saved = await store.save(replace(UNTOUCHED, assessment=worse))

    assert (saved.assessment, saved.assessing) == (worse, AssessmentState.PENDING)


@pytest.mark.parametrize(
    ("state", "answer"),
    [
        (AssessmentState.DONE, BY_MODEL),
        (AssessmentState.FAILED, None),
        (AssessmentState.SKIPPED, None),
    ],
)
async def test_what_a_model_said_survives_what_is_seen_afterwards(
    store: IncidentStore, state: AssessmentState, answer: Assessment | None
) -> None:
    await store.save(UNTOUCHED)
    judged = await store.assessed("full", answer, state, NOON)

    saved = await store.save(replace(UNTOUCHED, count=3, assessment=risk(90, Level.CRITICAL)))

    assert judged
    assert saved == replace(judged, count=3)
    assert (saved.assessment, saved.assessing) == (answer or UNTOUCHED.assessment, state)


async def test_what_is_no_text_comes_back_as_it_was(store: IncidentStore) -> None:
    frame = Frame(path=Path(os.fsdecode(b"porch/\xff.jpg")))
    odd = replace(FULL, frames=(frame,), zones=("\ud800",))

    await store.save(odd)

    assert await store.get(FULL.id) == odd


async def test_a_deleted_incident_is_gone_with_its_words(
    store: IncidentStore, database: Database
) -> None:
    await store.save(FULL)

    await store.delete("full")
    await store.delete("full")

    assert await store.get("full") is None
    assert await database.read(lambda db: db.execute(select(LINES.c.text)).all()) == []


async def test_an_incident_that_is_not_there_is_none(store: IncidentStore) -> None:
    assert await store.get("nowhere") is None
    assert await store.review("nowhere", NOON) is None
    assert await store.annotate("nowhere", "what") is None
    assert await store.mark_notified("nowhere", NOON) is None
    assert await store.assessed("nowhere", None, AssessmentState.FAILED, NOON) is None


# Finding


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (IncidentQuery(), ["bare", "at 3", "at 2", "at 1"]),
        (IncidentQuery(limit=1), ["bare"]),
        (IncidentQuery(cameras=(BACK,)), ["at 2"]),
        (IncidentQuery(cameras=(FRONT, BACK, "nowhere")), ["at 3", "at 2", "at 1"]),
        (IncidentQuery(cameras=()), []),
        (IncidentQuery(group="yard"), ["bare", "at 2"]),
        (IncidentQuery(zone="Drive"), ["at 3", "at 1"]),
        (IncidentQuery(zone="drive"), []),
        (IncidentQuery(since=NOON + 3 * MINUTE), ["bare", "at 3"]),
        (IncidentQuery(until=NOON + 2 * MINUTE), ["at 1"]),
        (IncidentQuery(level=Level.LOW), ["at 3", "at 2", "at 1"]),
        (IncidentQuery(level=Level.MEDIUM), ["at 3", "at 2"]),
        (IncidentQuery(level=Level.HIGH), ["at 3"]),
        (IncidentQuery(level=Level.CRITICAL), []),
        (IncidentQuery(state=IncidentState.OPEN), ["bare"]),
        (IncidentQuery(state=IncidentState.CLOSED), ["at 2", "at 1"]),
        (IncidentQuery(state=IncidentState.INTERRUPTED), ["at 3"]),
        (IncidentQuery(reviewed=True), ["at 2"]),
        (IncidentQuery(reviewed=False), ["bare", "at 3", "at 1"]),
        (IncidentQuery(false_alarm=True), ["at 1"]),
        (IncidentQuery(false_alarm=False), ["bare", "at 3", "at 2"]),
        (IncidentQuery(text="  "), ["bare", "at 3", "at 2", "at 1"]),
        (IncidentQuery(text="YARD"), ["bare", "at 2"]),
        (IncidentQuery(text="haustur"), ["at 3", "at 1"]),
        (IncidentQuery(text="Haustür pers"), ["at 3", "at 1"]),
        (IncidentQuery(text="Haustür nobody"), []),
        (IncidentQuery(text="postm"), ["at 3"]),
        (IncidentQuery(text="zofie"), ["at 3", "at 2", "at 1"]),
        (IncidentQuery(text="wheelbarrows"), ["at 1"]),
        (IncidentQuery(text="wheelbarrow"), ["at 1"]),
        (IncidentQuery(text="!?"), []),
        (IncidentQuery(text="haus", cameras=(FRONT,), reviewed=False, limit=1), ["at 3"]),
        (IncidentQuery(text="zof", since=NOON + 2 * MINUTE, until=NOON + 3 * MINUTE), ["at 2"]),
        (IncidentQuery(level=Level.MEDIUM, group="porch", false_alarm=False), ["at 3"]),
    ],
    ids=str,
)
async def test_a_query_finds_what_it_asks_for_newest_first(
    store: IncidentStore, query: IncidentQuery, found: list[str]
) -> None:
    medium = risk(30, Level.MEDIUM)
    for incident in (
        at(2, BACK, group="yard", place="Yard", zones=(), assessment=medium, reviewed=NOON),
        at(1, assessment=risk(29, Level.LOW), false_alarm=True, note="two wheelbarrows"),
        at(3, state=IncidentState.INTERRUPTED, assessment=replace(BY_RULE, summary="A postman.")),
        replace(BARE, started=NOON + 4 * MINUTE),
    ):
        await store.save(incident)

    assert names(await store.find(query)) == found


@pytest.mark.parametrize("asked", [IncidentQuery(), IncidentQuery(text="person", cameras=(FRONT,))])
async def test_pages_follow_each_other_without_gap_or_repetition(
    store: IncidentStore, asked: IncidentQuery
) -> None:
    together = [at(0, id=f"together {number}") for number in range(5)]
    incidents = [*together, *(at(minute) for minute in range(1, 5))]
    for incident in incidents:
        await store.save(incident)

    pages = [await store.find(replace(asked, limit=4))]
    for _ in range(3):
        pages.append(await store.find(replace(asked, limit=4, before=pages[-1][-1])))

    assert [*pages[0], *pages[1], *pages[2]] == incidents[::-1]
    assert (len(pages[2]), pages[3]) == (1, [])


async def test_a_page_goes_on_where_the_one_before_ended_though_that_was_deleted(
    store: IncidentStore,
) -> None:
    for minute in range(4):
        await store.save(at(minute))
    first = await store.find(IncidentQuery(limit=2))
    await store.delete(first[-1].id)

    assert names(await store.find(IncidentQuery(before=first[-1]))) == ["at 1", "at 0"]


async def test_an_incident_that_turns_out_to_have_begun_earlier_moves_in_the_order(
    store: IncidentStore,
) -> None:
    for minute in (1, 2, 3):
        await store.save(at(minute))

    await store.save(at(3, started=NOON))

    assert names(await store.find(IncidentQuery())) == ["at 2", "at 1", "at 3"]
    assert names(await store.find(IncidentQuery(text="haus"))) == ["at 2", "at 1", "at 3"]


async def test_the_words_follow_what_is_known_of_an_incident(store: IncidentStore) -> None:
    async def found(text: str) -> list[str]:
        return names(await store.find(IncidentQuery(text=text)))

    await store.save(UNTOUCHED)
    await store.annotate("full", "a ladder")
    assert await found("ladder") == ["full"]
    await store.annotate("full", "a scaffold")
    await store.assessed("full", BY_MODEL, AssessmentState.DONE, NOON)

    assert [await found(text) for text in ("ladder", "scaffold", "anna", "two")] == [
        [],
        ["full"],
        ["full"],
        [],
    ]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=st.text(), more=st.text(alphabet="\"*()^:-+{}' ANDORNOTNEAR\\%_,", max_size=12))
async def test_no_words_of_a_user_are_taken_for_a_query_language(
    store: IncidentStore, text: str, more: str
) -> None:
    await store.save(UNTOUCHED)
    await store.annotate("full", f"{text} {more}")

    for asked in (text, more, text + more, f"{more} person", f"{text} nobodysword"):
        await store.find(IncidentQuery(text=asked))
    assert names(await store.find(IncidentQuery(text=f"person {text}"))) == ["full"]


# Of the databases, and how they are asked

FILTERS: dict[str, Any] = {
    "text": "person haus",
    "cameras": (FRONT, BACK),
    "group": "porch",
    "zone": "Drive",
    "since": NOON,
    "until": NOON + HOUR,
    "level": Level.HIGH,
    "state": IncidentState.CLOSED,
    "reviewed": False,
    "false_alarm": True,
    "before": FULL,
}
PAIRS = [dict(pair) for pair in combinations(FILTERS.items(), 2)]


def page(query: IncidentQuery, dialect: str = "sqlite") -> Select[Any]:
    rows, values = selection(query, terms(query), dialect)
    return rows.params(values)


def plan(rows: Select[Any]) -> Callable[[Connection], str]:
    query = rows.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})

    def work(connection: Connection) -> str:
        steps = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}")
        return "\n".join(step.detail for step in steps)

    return work


@pytest.mark.usefixtures("only_in_files")
@pytest.mark.parametrize("filters", PAIRS, ids="+".join)
async def test_no_combination_of_filters_reads_more_than_its_page(
    database: Database, filters: dict[str, Any]
) -> None:
    found = await database.read(plan(page(IncidentQuery(**filters))))

    assert "incidents USING INDEX incidents_by_number" in found
    assert "SCAN incidents" not in found.replace("SCAN incidents USING INDEX", "")
    assert "ORDER BY" not in found


@pytest.mark.usefixtures("only_in_files")
@pytest.mark.parametrize(
    ("rows", "index"),
    [
        (page(IncidentQuery()), "SCAN incidents USING INDEX incidents_by_number"),
        (page(IncidentQuery(since=NOON)), "incidents_by_number (number>?)"),
        (page(IncidentQuery(text="x")), "SCAN incident_text VIRTUAL TABLE INDEX"),
        (_left_open("porch"), "incidents_open (place_group=?)"),
        (_left_open(None), "incidents_open"),
        (_last_notified("porch"), "incidents_notified (place_group=?"),
        (_next_to_assess(NOON), "incidents_to_assess"),
        (_expirable(NOON), "incidents_pictured (started<?)"),
    ],
)
async def test_rows_are_read_off_an_index_without_sorting(
    database: Database, rows: Select[Any], index: str
) -> None:
    found = await database.read(plan(rows))

    assert index in found
    assert "TEMP B-TREE" not in found


def test_postgresql_is_asked_the_same_by_its_own_index() -> None:
    query = page(IncidentQuery(text="haus", cameras=(FRONT,), since=NOON), "postgresql")

    said = query.compile(
        dialect=postgresql.dialect(),  # type: ignore[no-untyped-call]
        compile_kwargs={"literal_binds": True},
    )

    said_text = " ".join(str(said).split())
    assert "incident_text.words @@ CAST(" in said_text
    assert f"''haus'':*) & (''_c{FRONT.encode().hex()}'')' AS tsquery)" in said_text
    assert "incident_text.rowid >= 1795003200123456" in said_text


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """Collect what is asked of a database."""
    said: list[str] = []
    engines: tuple[Engine, ...] = (database._reading, database._writing)

    def listen(*arguments: Any) -> None:
        said.append(arguments[2])

    for engine in engines:
        event.listen(engine, "before_cursor_execute", listen)
    yield said
    for engine in engines:
        event.remove(engine, "before_cursor_execute", listen)


async def test_partial_indexes_are_asked_for_in_their_own_words(
    store: IncidentStore, database: Database
) -> None:
    with statements(database) as said:
        await store.left_open()
        await store.next_to_assess(NOON)
        await store.expirable(NOON)

    assert any("state = 'open'" in words for words in said)
    assert any("frames != '[]'" in words for words in said)
    assert any("assessing = 'pending'" in words for words in said)


async def test_what_is_searched_is_written_anew_only_when_it_changed(
    store: IncidentStore, database: Database
) -> None:
    await store.save(UNTOUCHED)

    with statements(database) as said:
        await store.save(replace(UNTOUCHED, last_seen=NOON + MINUTE))

    assert not [words for words in said if "incident_text" in words]


# Open ones, and those somebody was notified of


async def test_what_nobody_closed_is_found_by_group(store: IncidentStore) -> None:
    porch = replace(BARE, id="porch", group="porch")
    for incident in (FULL, BARE, porch):
        await store.save(incident)

    assert set(names(await store.left_open())) == {"bare", "porch"}
    assert await store.left_open("porch") == [porch]


async def test_the_last_notification_of_a_group_is_remembered(store: IncidentStore) -> None:
    for incident in (at(1), at(2), at(3), replace(BARE, notified=NOON + HOUR)):
        await store.save(incident)
    await store.mark_notified("at 2", NOON + 3 * MINUTE)
    await store.mark_notified("at 1", NOON + 4 * MINUTE)

    last = await store.last_notified("porch")

    assert last == at(1, notified=NOON + 4 * MINUTE)
    assert await store.last_notified("cellar") is None


# Reviewing


async def test_a_review_can_be_taken_back(store: IncidentStore) -> None:
    await store.save(UNTOUCHED)

    once = await store.review("full", NOON, false_alarm=True)
    again = await store.review("full", None)
    last = await store.review("full", None, false_alarm=False)

    assert once == replace(UNTOUCHED, reviewed=NOON, false_alarm=True)
    assert again == replace(UNTOUCHED, reviewed=None, false_alarm=True)
    assert last == UNTOUCHED


# What is kept, and what goes


async def test_what_is_kept_may_be_let_go_again(store: IncidentStore) -> None:
    await store.save(UNTOUCHED)

    assert await store.keep("full", kept=True) == replace(UNTOUCHED, kept=True)
    assert await store.keep("full", kept=False) == UNTOUCHED == await store.get("full")
    assert await store.keep("nowhere", kept=True) is None


async def test_pictures_of_what_is_over_and_old_may_expire_the_oldest_first(
    store: IncidentStore,
) -> None:
    later, earlier = at(2), at(1, frames=())
    stay = (
        at(3),
        at(0, id="open", state=IncidentState.OPEN),
        at(0, id="kept", kept=True),
        at(0, id="bare", picture=None, frames=()),
    )
    for incident in (later, earlier, *stay):
        await store.save(incident)

    assert await store.expirable(NOON + 3 * MINUTE) == [earlier, later]


async def test_an_incident_without_its_pictures_is_still_told(store: IncidentStore) -> None:
    await store.save(UNTOUCHED)

    assert await store.forget_media(UNTOUCHED)

    bare = replace(UNTOUCHED, picture=None, frames=())
    assert await store.find(IncidentQuery(text="haustür")) == [bare]
    assert await store.expirable(NOON + HOUR) == []


async def test_pictures_are_not_forgotten_that_are_kept_or_are_others_by_now(
    store: IncidentStore,
) -> None:
    kept = await store.save(at(1))
    await store.keep(kept.id, kept=True)
    retouched = await store.save(at(2))
    await store.save(replace(retouched, picture=Path("front/better.jpg")))
    gone = at(3)

    assert [await store.forget_media(each) for each in (kept, retouched, gone)] == [False] * 3

    assert len(await store.media()) == 4


async def test_all_pictures_that_rows_have_are_known(store: IncidentStore) -> None:
    for incident in (FULL, BARE, at(1, picture=Path("1.jpg"), frames=())):
        await store.save(incident)

    assert await store.media() == {*media_of(FULL), Path("1.jpg")}


async def test_totals_are_counted_by_place_level_and_hour(store: IncidentStore) -> None:
    for incident in (
        at(0, place="Yard", assessment=risk(10, Level.LOW)),
        at(59),
        at(61),
        at(62, assessment=None),
        at(63, false_alarm=True),
        at(-1),
        at(120),
    ):
        await store.save(incident)

    assert await store.totals(NOON, NOON + 2 * HOUR) == Totals(
        incidents=4,
        false_alarms=1,
        places={"Haustür": 3, "Yard": 1},
        levels={Level.LOW: 1, Level.HIGH: 2},
        hours={0: 2, 1: 2},
    )


# The queue of what is to be assessed


async def test_the_oldest_incident_that_is_over_and_pending_is_assessed_next(
    store: IncidentStore,
) -> None:
    done = AssessmentState.DONE
    for incident in (at(4), at(3), at(2, state=IncidentState.OPEN), at(1, assessing=done)):
        await store.save(incident)

    assert await store.next_to_assess(NOON) == ToAssess(incident=at(3), attempts=0)


async def test_nothing_to_assess_is_none(store: IncidentStore) -> None:
    await store.save(replace(UNTOUCHED, assessing=AssessmentState.NONE))

    assert await store.next_to_assess(NOON) is None
    assert await store.next_retry() is None


async def test_what_was_put_off_waits_and_does_not_hold_up_the_others(store: IncidentStore) -> None:
    await store.save(at(1))
    await store.save(at(2))
    await store.assess_later("at 1", 2, NOON + HOUR)

    before, due = await store.next_to_assess(NOON), await store.next_to_assess(NOON + HOUR)

    assert before == ToAssess(incident=at(2), attempts=0)
    assert due == ToAssess(incident=at(1), attempts=2)
    assert await store.next_retry() == NOON + HOUR


async def test_the_questions_of_a_day_are_counted(store: IncidentStore) -> None:
    states = (AssessmentState.DONE, AssessmentState.FAILED, AssessmentState.SKIPPED)
    for minute, state in enumerate(states):
        await store.save(at(minute))
        await store.assessed(f"at {minute}", None, state, NOON + minute * MINUTE)

    assert await store.assessed_since(NOON) == 2
    assert await store.assessed_since(NOON + MINUTE) == 1
    assert await store.assessed_since(NOON + HOUR) == 0


async def test_an_answer_is_kept_and_ends_the_waiting(store: IncidentStore) -> None:
    await store.save(UNTOUCHED)
    await store.assess_later("full", 1, NOON)

    judged = await store.assessed("full", BY_MODEL, AssessmentState.DONE, NOON)

    assert judged == replace(UNTOUCHED, assessment=BY_MODEL, assessing=AssessmentState.DONE)
    assert judged == await store.get("full")
    assert await store.next_to_assess(NOON) is None
    assert await store.next_retry() is None
