"""Somebody comes to a door: what is told of it, and what holds while Home Assistant is away."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.waiting import eventually

from .house import House, living_in

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

ANNA, BOB, CARL, STRANGER = "0102030405", "0A0B0C0D0E", "0C0A0F0E01", "FFFFFFFF01"
NAMES = {ANNA: "Anna", BOB: "Bob", CARL: "Carl"}
MINUTE = timedelta(minutes=1)
ADMITTED, DENIED = "Admitted", "Denied"


@pytest.fixture
async def house(tmp_path: Path, socket_enabled: None) -> AsyncIterator[House]:
    async with living_in(tmp_path) as house:
        yield house


async def give_card(house: House, card: str, **limits: Any) -> str:
    """Let somebody in by a card, within limits; return its id."""
    door = await house.entity(house.door, "lock")
    await house.asks("set_user", name=NAMES[card], doors=[door], **limits)
    kept = await house.asks("set_credential", user_id=NAMES[card], name="Card", number=card)
    assert kept["unconfirmed"] == []
    credential: str = kept["credential"]["id"]
    return credential


async def test_a_card_is_an_event_a_row_and_the_incident_of_its_doors_camera(house: House) -> None:
    await give_card(house, ANNA)

    assert await house.does("present", ANNA) == ADMITTED

    async def told() -> dict[str, Any] | None:
        event = (await house.event())["attributes"]
        return event if event.get("actor") == "Anna" else None

    event = await eventually(told, 10, "the event")
    assert event["event_type"] == "access_granted"
    assert (event["authentication"], event["decided_by"]) == ("rfid", "agent")
    assert (event["credential_name"], event["direction"]) == ("Card", "in")
    assert 0 < event["latency_ms"] < 100
    assert not event["replayed"]

    # Nobody at a door waits for a disk: it is told before it is written.
    async def written() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await house.asks("get_incidents"))["incidents"]
        return found

    [incident] = await eventually(written, 10, "its incident")
    assert incident["id"] == event["incident_id"]
    assert incident["place"] == "Entrance"
    assert [each["person"] for each in incident["passages"]] == ["Anna"]

    async def kept() -> list[dict[str, Any]]:
        return [row for row in await house.log() if row["incident_id"]]

    (row,) = await eventually(kept, 10, "the row with its incident")
    assert (row["actor"], row["kind"]) == ("Anna", "granted")
    assert row["incident_id"] == incident["id"]
    await eventually(lambda: house.is_lock("locked"), 10, "the lock")
    entity = await house.entity(house.door, "lock")

    async def by_anna() -> bool:
        lock = await house.home.get(f"/api/states/{entity}")
        return bool(lock["attributes"].get("changed_by") == "Anna")

    await eventually(by_anna, 10, "who opened it")

    # No detector looks here: the passage has its picture and its clip all the same.
    async def filmed() -> dict[str, Any] | None:
        [shown] = (await house.asks("get_incidents"))["incidents"]
        return shown if shown["picture"] and shown["clip"] else None

    await eventually(filmed, 60, "its picture and its clip")


async def test_who_is_revoked_is_out_at_once_and_home_assistant_need_not_be_there(
    house: House,
) -> None:
    opens = _next_minute(house.now + 10 * MINUTE)
    closes = opens + 20 * MINUTE
    hours = {"start": _clock(opens), "end": _clock(closes)}
    await house.asks("set_schedule", name="Twenty minutes", windows=[hours])
    await give_card(house, ANNA)
    await give_card(house, BOB, schedule="Twenty minutes")
    carls = await give_card(house, CARL)
    assert await house.does("present", CARL) == ADMITTED

    assert (await house.asks("delete_credential", credential_id=carls))["unconfirmed"] == []
    assert await house.does("present", CARL) == DENIED
    await eventually(lambda: _has_rows(house, 2), 10, "what happened before")
    event = await house.event()
    await house.kill_home()

    visits: list[tuple[datetime, str, str]] = []

    async def comes(moment: datetime, card: str) -> str:
        """Let time pass, and somebody come; return what the door says."""
        house.wait_until(moment)
        visits.append((moment, card, said := await house.does("present", card)))
        return said

    killed = house.now
    assert await comes(killed + 5 * MINUTE, ANNA) == ADMITTED
    assert await comes(killed + 6 * MINUTE, CARL) == DENIED
    assert await comes(opens - timedelta(seconds=20), BOB) == DENIED
    assert await comes(opens + timedelta(seconds=1), BOB) == ADMITTED
    await house.kill_agent()
    await house.start_agent()
    assert await comes(opens + 10 * MINUTE, BOB) == ADMITTED
    assert await comes(opens + 11 * MINUTE, CARL) == DENIED
    assert await comes(closes - timedelta(seconds=20), BOB) == ADMITTED
    assert await comes(closes + timedelta(seconds=1), BOB) == DENIED
    await house.kill_agent()
    await house.start_agent()
    assert await comes(killed + 59 * MINUTE, ANNA) == ADMITTED
    assert await comes(killed + 59.5 * MINUTE, STRANGER) == DENIED

    house.wait_until(killed + 60 * MINUTE)
    await house.start_home()
    await eventually(lambda: _has_rows(house, 2 + len(visits)), 20, "what happened meanwhile")
    before, rows = (await house.log())[:2], (await house.log())[2:]

    assert [row["replayed"] for row in before] == [False, False]
    assert all(row["replayed"] for row in rows)
    assert [_outcome(row) for row in rows] == [
        # Whoever is revoked is nobody any more.
        (None if card in {CARL, STRANGER} else NAMES[card], said)
        for _, card, said in visits
    ]
    reasons = [row["reason"] for row in rows if row["kind"] == "denied"]
    assert reasons == ["unknown_card", "outside_schedule"] * 2 + ["unknown_card"]
    # The command that shows a card needs a moment, too.
    late = [
        datetime.fromisoformat(row["occurred_at"]) - visit[0]
        for row, visit in zip(rows, visits, strict=True)
    ]
    assert all(timedelta(0) <= each < timedelta(seconds=15) for each in late), late
    # None of it is news: no event was fired. Killed, Home Assistant forgot when the last one was.
    assert (await house.event())["state"] in {event["state"], "unknown"}


async def _has_rows(house: House, number: int) -> bool:
    return len(await house.log()) == number


def _outcome(row: dict[str, Any]) -> tuple[str | None, str]:
    return row["actor"], ADMITTED if row["kind"] == "granted" else DENIED


def _next_minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0) + MINUTE


def _clock(moment: datetime) -> str:
    """Return what the clock on the wall of the house shows."""
    return moment.astimezone(ZoneInfo("Europe/London")).strftime("%H:%M:%S")
