"""Which of many open incidents are written when something is noted of one of them."""

from dataclasses import replace

import pytest

from custom_components.gatehouse.database import DatabaseError
from custom_components.gatehouse.incidents.journal import MOST_PICTURED, Journal
from custom_components.gatehouse.incidents.rules import begun
from custom_components.gatehouse.models import Group, Incident, IncidentState
from custom_components.gatehouse.vision import Sight
from tests.rooms.incidents.fakes import FRONT, Stage, moment, person

GATE = Group(id="gate", name="Gate", cameras=("gate/front",))
YARD = Group(id="yard", name="Yard", cameras=("yard/back",))


@pytest.fixture
def journal(stage: Stage) -> Journal:
    films = stage.films
    return Journal(stage.store, films, {}, stage.options, stage.house)  # type: ignore[arg-type]


@pytest.fixture
def written(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The incidents that are looked at to be written, in their order."""
    ids: list[str] = []
    write = Journal._write

    async def noted(journal: Journal, page: object) -> None:
        ids.append(page.incident.id)  # type: ignore[attr-defined]
        await write(journal, page)  # type: ignore[arg-type]

    monkeypatch.setattr(Journal, "_write", noted)
    return ids


def open_at(group: Group) -> Incident:
    return begun(group.id, group, moment(0))


async def test_what_is_noted_of_one_place_has_no_other_written(
    journal: Journal, written: list[str]
) -> None:
    gate, yard = open_at(GATE), open_at(YARD)
    journal.note(gate, GATE)
    journal.note(yard, YARD)
    await journal.settle()
    assert written == ["gate", "yard"]

    journal.note(replace(yard, last_seen=moment(3)), YARD)
    await journal.settle()
    await journal.settle()

    assert written == ["gate", "yard", "yard"]


async def test_what_could_not_be_written_is_written_although_nothing_more_is_noted(
    journal: Journal, written: list[str], stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(_: Incident) -> Incident:
        raise DatabaseError("the disk is full")

    journal.note(open_at(GATE), GATE)
    with monkeypatch.context() as broken:
        broken.setattr(stage.store, "save", full)
        await journal.settle()
    await journal.settle()
    await journal.settle()

    assert written == ["gate", "gate"]
    assert await stage.store.get("gate")


async def test_what_is_noted_while_it_is_written_is_written_next(
    journal: Journal, written: list[str], stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = replace(open_at(GATE), last_seen=moment(9))
    save = stage.store.save

    async def interrupted(incident: Incident) -> Incident:
        if len(written) == 1:
            journal.note(later, GATE)
        return await save(incident)

    monkeypatch.setattr(stage.store, "save", interrupted)
    journal.note(open_at(GATE), GATE)
    await journal.settle()
    await journal.settle()

    assert written == ["gate", "gate"]


async def test_however_many_are_open_each_keeps_its_pictures(
    journal: Journal, stage: Stage
) -> None:
    first = open_at(GATE)
    journal.note(first, GATE)
    journal.keep(first.id, FRONT, Sight(picture=stage.picture(1), detections=(person(),)))
    for number in range(2 * MOST_PICTURED):
        journal.note(begun(f"other {number}", YARD, moment(2)), YARD)

    journal.note(replace(first, state=IncidentState.CLOSED, last_seen=moment(9)), GATE)
    await journal.settle()

    kept = await stage.store.get(first.id)
    assert kept
    assert len(kept.frames) == 1


async def test_of_those_that_are_over_and_wait_the_oldest_go_without_pictures(
    journal: Journal, stage: Stage
) -> None:
    first = open_at(GATE)
    journal.note(first, GATE)
    journal.keep(first.id, FRONT, Sight(picture=stage.picture(1), detections=(person(),)))
    journal.note(replace(first, state=IncidentState.CLOSED), GATE)
    for number in range(MOST_PICTURED + 1):
        other = begun(f"other {number}", YARD, moment(2))
        journal.note(replace(other, state=IncidentState.CLOSED), YARD)

    await journal.settle()

    kept = await stage.store.get(first.id)
    assert kept
    assert kept.frames == ()
