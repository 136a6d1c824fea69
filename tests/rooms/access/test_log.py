"""The access log: what is kept of passages, how they are found, and how they are told."""

import csv
from dataclasses import replace
from datetime import UTC, datetime, timedelta
import io
from typing import Any

from hypothesis import given, strategies as st
import pytest
from sqlalchemy import Connection
from sqlalchemy.dialects import sqlite

from custom_components.gatehouse.access import Entry, PassageLog, PassageQuery, Whereabouts
from custom_components.gatehouse.access.export import csv_line
from custom_components.gatehouse.access.search import selection
from custom_components.gatehouse.agent import Direction
from custom_components.gatehouse.database import Database
from custom_components.gatehouse.models import Passage, PassageKind
from tests.rooms.access.policies import AGENT, FRONT, GARAGE

NOON = datetime(2026, 11, 18, 12, tzinfo=UTC)
WHOLE = Passage(
    id=f"{AGENT}-a1b2c3d4-42",
    door=FRONT,
    kind=PassageKind.GRANTED,
    at=NOON + timedelta(microseconds=1),
    person="Änna 🔑",
    reason="unknown_card",
    reader="outside",
    holder="anna",
    credential="Blue tag",
    card="9c1185a5",
    authentication="rfid_and_pin",
    direction="in",
    latency=timedelta(microseconds=412),
    decided_by="agent",
    warning="antipassback",
    replayed=True,
    incident="i1",
)


def passage(number: int, minutes: float = 0, **other: Any) -> Passage:
    """Return somebody's passage through the front door, so long after noon."""
    return Passage(
        **{
            "id": f"{AGENT}-a1b2c3d4-{number}",
            "door": FRONT,
            "kind": PassageKind.GRANTED,
            "at": NOON + timedelta(minutes=minutes),
            "holder": "anna",
            **other,
        }
    )


def entry(passage: Passage, credential: str | None = None, decider: str = AGENT) -> Entry:
    return Entry(passage=passage, credential=credential, decider=decider)


async def kept(log: PassageLog, *passages: Passage) -> None:
    await log.add([entry(each) for each in passages])


def numbers(passages: list[Passage]) -> list[int]:
    return [int(each.id.rpartition("-")[2]) for each in passages]


@pytest.mark.parametrize(
    "passage", [WHOLE, Passage(id="x", door="d", kind=PassageKind.TAILGATING, at=NOON)]
)
async def test_a_passage_is_kept_as_it_was(log: PassageLog, passage: Passage) -> None:
    assert await log.add([entry(passage)]) == [entry(passage)]

    assert await log.get(passage.id) == passage
    assert await log.find(PassageQuery()) == [passage]


async def test_what_was_never_kept_is_not_there(log: PassageLog) -> None:
    assert await log.get("x") is None
    assert await log.find(PassageQuery()) == []
    assert await log.add([]) == []


async def test_a_passage_that_comes_twice_is_kept_once(log: PassageLog) -> None:
    first, second, third = (entry(passage(number, number), "tag") for number in (1, 2, 3))

    assert await log.add([first, second, second]) == [first, second]
    assert await log.add([replace(second, passage=passage(2, 9)), third]) == [third]

    assert numbers(await log.find(PassageQuery())) == [3, 2, 1]
    assert await log.uses() == {"tag": {AGENT: 3}}


async def test_passages_of_one_moment_are_all_there_in_the_order_they_came(
    log: PassageLog,
) -> None:
    await kept(log, *(passage(number) for number in range(5)))

    found = await log.find(PassageQuery())

    assert numbers(found) == [4, 3, 2, 1, 0]
    assert {each.at for each in found} == {NOON}


QUERIES: list[tuple[PassageQuery, list[int]]] = [
    (PassageQuery(), [7, 6, 5, 4, 3, 2, 1]),
    (PassageQuery(limit=2), [7, 6]),
    (PassageQuery(doors=(GARAGE,)), [6, 2]),
    (PassageQuery(doors=(GARAGE, FRONT, GARAGE)), [7, 6, 5, 4, 3, 2, 1]),
    (PassageQuery(doors=(GARAGE, FRONT), limit=3), [7, 6, 5]),
    (PassageQuery(doors=("nowhere",)), []),
    (PassageQuery(doors=()), []),
    (PassageQuery(persons=("anna",)), [6, 5, 3, 1]),
    (PassageQuery(persons=("bert", "anna"), limit=4), [6, 5, 4, 3]),
    (PassageQuery(persons=("anna",), doors=(GARAGE,)), [6]),
    (PassageQuery(kinds=(PassageKind.DENIED,)), [5, 2]),
    (PassageQuery(kinds=(PassageKind.DENIED,), doors=(FRONT,)), [5]),
    (PassageQuery(kinds=(PassageKind.DENIED, PassageKind.GRANTED)), [6, 5, 4, 3, 2, 1]),
    (PassageQuery(kinds=(PassageKind.GRANTED,), doors=(GARAGE, FRONT)), [6, 4, 3, 1]),
    (PassageQuery(kinds=(PassageKind.DENIED,), persons=("anna",), doors=(FRONT,)), [5]),
    (PassageQuery(since=NOON + timedelta(minutes=3)), [7, 6, 5, 4, 3]),
    (PassageQuery(until=NOON + timedelta(minutes=3)), [2, 1]),
    (PassageQuery(persons=("anna",), since=NOON, until=NOON + timedelta(minutes=6)), [5, 3, 1]),
    (PassageQuery(before=passage(4, 4)), [3, 2, 1]),
    (PassageQuery(before=passage(99, 4)), [3, 2, 1]),
    (PassageQuery(persons=("anna",), before=passage(5, 5), limit=1), [3]),
]


@pytest.fixture
async def week(log: PassageLog) -> PassageLog:
    """Return the log with seven passages, a minute after the other."""
    await kept(
        log,
        passage(3, 3),
        passage(1, 1),
        passage(2, 2, door=GARAGE, kind=PassageKind.DENIED, holder=None),
        passage(4, 4, holder="bert"),
        passage(7, 7, kind=PassageKind.FORCED, holder=None),
        passage(5, 5, kind=PassageKind.DENIED),
        passage(6, 6, door=GARAGE),
    )
    return log


async def test_passages_are_found_by_what_is_asked_of_them(week: PassageLog) -> None:
    found = [numbers(await week.find(query)) for query, _ in QUERIES]

    assert found == [expected for _, expected in QUERIES]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8])
async def test_pages_follow_each_other_without_gaps_though_new_ones_come(
    week: PassageLog, limit: int
) -> None:
    query, seen = PassageQuery(limit=limit), list[Passage]()

    for number in range(100, 108):
        page = await week.find(query)
        seen += page
        query = replace(query, before=(page or seen)[-1])
        await kept(week, passage(number, number))

    assert numbers(seen)[:7] == [7, 6, 5, 4, 3, 2, 1]


async def test_a_passage_is_joined_to_its_incident(week: PassageLog) -> None:
    joined = await week.join(passage(4).id, "i9")

    assert joined == passage(4, 4, holder="bert", incident="i9")
    assert await week.get(passage(4).id) == joined
    assert await week.join("nothing", "i9") is None


async def test_uses_are_counted_by_credential_and_decider(log: PassageLog) -> None:
    denied = passage(4, kind=PassageKind.DENIED)
    await log.add([entry(passage(1), "tag"), entry(passage(2), "tag"), entry(passage(3))])
    await log.add([entry(denied, "tag"), entry(passage(5), "tag", "server")])
    await log.add([entry(passage(6), "other")])

    assert await log.uses() == {"tag": {AGENT: 2, "server": 1}, "other": {AGENT: 1}}


async def test_old_passages_go_but_their_uses_count(week: PassageLog) -> None:
    await week.add([entry(passage(8, 0), "tag")])

    assert await week.delete_before(NOON + timedelta(minutes=5)) == 5
    assert await week.delete_before(NOON + timedelta(minutes=5)) == 0

    assert numbers(await week.find(PassageQuery())) == [7, 6, 5]
    assert await week.uses() == {"tag": {AGENT: 1}}


async def test_everybodys_last_way_is_known(log: PassageLog) -> None:
    await kept(
        log,
        passage(1, 1, direction="in"),
        passage(2, 2, direction="out"),
        passage(3, 3, direction="in", kind=PassageKind.DENIED),
        passage(4, 4, direction="in", holder="bert"),
        passage(5, 5, direction=None, holder="bert"),
        passage(6, -5, direction="in", holder="carl"),
        passage(7, 7, direction="in", holder=None),
    )

    assert await log.whereabouts(NOON) == {
        "anna": Whereabouts(direction=Direction.OUT, at=NOON + timedelta(minutes=2)),
        "bert": Whereabouts(direction=Direction.IN, at=NOON + timedelta(minutes=4)),
    }


async def exported(log: PassageLog, query: PassageQuery) -> list[dict[str, str]]:
    text = "".join([line async for line in log.lines(query, {FRONT: "Front, door"})])
    return list(csv.DictReader(io.StringIO(text, newline="")))


async def test_the_log_is_exported_line_by_line(log: PassageLog) -> None:
    await kept(log, WHOLE, passage(1, 1, door=GARAGE, holder=None))

    assert await exported(log, PassageQuery()) == [
        {
            **dict.fromkeys(
                "person credential card reason warning authentication direction reader"
                " decided_by latency_ms incident".split(),
                "",
            ),
            "at": "2026-11-18T12:01:00+00:00",
            "door": GARAGE,
            "kind": "granted",
            "replayed": "no",
            "id": f"{AGENT}-a1b2c3d4-1",
        },
        {
            "at": "2026-11-18T12:00:00.000001+00:00",
            "door": "Front, door",
            "kind": "granted",
            "person": "Änna 🔑",
            "credential": "Blue tag",
            "card": "9c1185a5",
            "reason": "unknown_card",
            "warning": "antipassback",
            "authentication": "rfid_and_pin",
            "direction": "in",
            "reader": "outside",
            "decided_by": "agent",
            "latency_ms": "0.412",
            "replayed": "yes",
            "incident": "i1",
            "id": WHOLE.id,
        },
    ]


async def test_a_long_log_is_exported_to_its_end(log: PassageLog) -> None:
    await kept(log, *(passage(number, number / 60) for number in range(1203)))

    lines = await exported(log, PassageQuery(doors=(FRONT,), limit=1))

    assert [line["id"].rpartition("-")[2] for line in lines] == [
        str(n) for n in range(1202, -1, -1)
    ]


@given(name=st.text(min_size=1, max_size=12))
def test_no_name_is_a_formula_to_a_spreadsheet(name: str) -> None:
    line = csv_line(passage(1, person=name, credential=f"={name}"), {})

    (cells,) = csv.reader(io.StringIO(line, newline=""))
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in cells)
    assert cells[3].removeprefix("'") == name.removeprefix("'")
    assert cells[4] == f"'={name}"


ASKED: list[tuple[PassageQuery, str]] = [
    (PassageQuery(since=NOON, until=NOON), "sqlite_autoindex_passages_1"),
    (PassageQuery(doors=(FRONT,), since=NOON), "passages_by_door"),
    (PassageQuery(persons=("anna",)), "passages_by_holder"),
    (PassageQuery(kinds=(PassageKind.FORCED,), before=WHOLE), "passages_by_kind"),
]


@pytest.mark.usefixtures("only_in_files")
@pytest.mark.parametrize(("query", "index"), ASKED, ids=[index for _, index in ASKED])
async def test_a_page_walks_an_index_and_sorts_no_more_than_itself(
    database: Database, query: PassageQuery, index: str
) -> None:
    words = selection(query).compile(
        dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True}
    )

    def plan(db: Connection) -> str:
        steps = db.exec_driver_sql(f"EXPLAIN QUERY PLAN {words}").mappings()
        return "\n".join(step["detail"] for step in steps)

    told = await database.read(plan)
    assert f"USING COVERING INDEX {index}" in told
    assert "TEMP B-TREE" not in told
