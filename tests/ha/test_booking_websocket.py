"""What cards ask and are told of bookings, and what automations and the logbook are told."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
import json
from pathlib import Path
import re
from typing import Any, Final

from homeassistant.auth.const import GROUP_ID_READ_ONLY, GROUP_ID_USER
from homeassistant.auth.models import User
from homeassistant.core import Event, HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockUser,
    async_capture_events,
)
from pytest_homeassistant_custom_component.typing import MockHAClientWebSocket, WebSocketGenerator

from custom_components.gatehouse import booking_feed, telling
from custom_components.gatehouse.booking_deeds import BOOKING_COMMANDS
from custom_components.gatehouse.booking_events import BookingEvents
from custom_components.gatehouse.bookings import Booking, BookingStore, Diary, recurrence_of
from custom_components.gatehouse.database import Database, DatabaseError
from custom_components.gatehouse.logbook import CAME_OF_IT, async_describe_events
from custom_components.gatehouse.models import BookingState, Layout
from custom_components.gatehouse.roster import Roster
from custom_components.gatehouse.schedule import Schedule
from tests.ha.courts import (
    LEFT_ENTITY,
    PAIR,
    RIGHT_ENTITY,
    at,
    comes_to,
    courts,
    give_courts,
    hour,
    pair,
    schedule_of,
)
from tests.ha.scripted import ScriptedAgent

GOLDEN: Final = Path(__file__).parents[1] / "wire" / "websocket"
GOLDENS: Final = sorted(path.stem for path in GOLDEN.glob("bookings_*.json"))
UID: Final = "0123456789abcdef"
MONTH: Final = timedelta(days=30)

LIST: Final[dict[str, Any]] = {"type": "gatehouse/bookings/list"}
BOOK: Final[dict[str, Any]] = {"type": "gatehouse/bookings/book"}
EDIT: Final[dict[str, Any]] = {"type": "gatehouse/bookings/edit"}
CANCEL: Final[dict[str, Any]] = {"type": "gatehouse/bookings/cancel"}
FEED: Final[dict[str, Any]] = {"type": booking_feed.SUBSCRIBE}


@pytest.fixture
async def site(hass: HomeAssistant, agent: ScriptedAgent) -> MockConfigEntry:
    """A site with two cameras, which are a pair too."""
    give_courts(agent)
    return await courts(hass, agent, pair())


@pytest.fixture
async def client(
    site: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> MockHAClientWebSocket:
    """An administrator's connection."""
    return await hass_ws_client()


@pytest.fixture
async def anna(hass: HomeAssistant, hass_admin_user: MockUser) -> User:
    """Somebody who may use Home Assistant, and not administer it."""
    return await hass.auth.async_create_user("Anna", group_ids=[GROUP_ID_USER])


@pytest.fixture
async def annas(
    hass: HomeAssistant, site: MockConfigEntry, hass_ws_client: WebSocketGenerator, anna: User
) -> MockHAClientWebSocket:
    """Her connection."""
    token = await hass.auth.async_create_refresh_token(anna, "http://127.0.0.1")
    return await hass_ws_client(hass, hass.auth.async_create_access_token(token))


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tell every change at once."""
    monkeypatch.setattr(telling, "AT_MOST_EVERY", timedelta(milliseconds=10))


async def asked(
    client: MockHAClientWebSocket, command: dict[str, Any], **fields: Any
) -> dict[str, Any]:
    """Send a command and return the answer."""
    await client.send_json_auto_id(command | fields)
    return await client.receive_json()


async def done(client: MockHAClientWebSocket, command: dict[str, Any], **fields: Any) -> Any:
    """Send a command that succeeds and return its result."""
    answer = await asked(client, command, **fields)
    assert answer["success"], answer
    return answer["result"]


async def refused(
    client: MockHAClientWebSocket, command: dict[str, Any], **fields: Any
) -> tuple[str, str]:
    """Send a command that is refused; return the code and the words."""
    answer = await asked(client, command, **fields)
    assert not answer["success"], answer
    return answer["error"]["code"], answer["error"]["message"]


async def told(client: MockHAClientWebSocket) -> dict[str, Any]:
    """Return the next event of the feed."""
    message = await client.receive_json()
    assert message["type"] == "event", message
    event: dict[str, Any] = message["event"]
    return event


async def follow(client: MockHAClientWebSocket, **asks: Any) -> list[Any]:
    """Subscribe, and return the bookings that are told at once."""
    await done(client, FEED, **asks)
    event = await told(client)
    assert event["kind"] == "bookings"
    bookings: list[Any] = event["bookings"]
    return bookings


async def book(site: MockConfigEntry, start: int = 17, days: int = 1, **said: Any) -> str:
    """Book an hour past all commands; return its uid."""
    draft = Booking(
        uid="",
        calendar="site",
        start=at(start, days),
        end=at(start + 1, days),
        cameras=tuple(site.runtime_data.camera_names()),
        **{"summary": "Tennis"} | said,
    )
    return (await schedule_of(site).diary.create(draft)).uid


# --- What cards can rely on ------------------------------------------------------------------


async def test_the_answer_is_the_golden_one(
    site: MockConfigEntry, hass_ws_client: WebSocketGenerator, subtests: pytest.Subtests
) -> None:
    diary = schedule_of(site).diary
    noon = datetime(2030, 11, 20, 12, tzinfo=dt_util.get_default_time_zone())
    booking = Booking(
        uid="",
        calendar="site",
        summary="Tennis",
        start=noon.replace(hour=17),
        end=noon.replace(hour=18),
        cameras=tuple(site.runtime_data.camera_names()),
        owner="Bob",
    )

    for name in GOLDENS:
        # Whatever the last answer was to: this hour is booked, no other, and nobody is told yet.
        for uid in {each.booking.uid for each in await diary.between(noon, noon + MONTH)}:
            await diary.delete(uid)
        uid = (await diary.create(booking)).uid
        client = await hass_ws_client()
        golden = json.loads((GOLDEN / f"{name}.json").read_text())

        with subtests.test(name):
            command = json.loads(json.dumps(golden["command"]).replace(UID, uid))
            answer = await asked(client, command)
            events = [await told(client) for _ in golden["events"]]

            assert steady({key: answer[key] for key in answer.keys() - {"id"}}) == golden["answer"]
            assert steady(events) == golden["events"]
        await client.close()


def steady(answer: Any) -> Any:
    """Return an answer in which all bookings are called the same."""
    text = re.sub(r"[0-9a-f]{32}", UID, json.dumps(answer))
    return json.loads(text)


def test_every_command_has_a_golden_answer() -> None:
    goldens = [json.loads((GOLDEN / f"{name}.json").read_text()) for name in GOLDENS]

    assert {golden["command"]["type"] for golden in goldens} == {
        FEED["type"],
        *(f"gatehouse/{command.name}" for command in BOOKING_COMMANDS),
    }


# --- Commands --------------------------------------------------------------------------------


def test_there_is_a_command_for_all_that_people_do() -> None:
    assert {f"gatehouse/{command.name}" for command in BOOKING_COMMANDS} == {
        each["type"] for each in (LIST, BOOK, EDIT, CANCEL)
    }


async def test_a_booking_is_made_found_edited_and_cancelled(client: MockHAClientWebSocket) -> None:
    uid = (await done(client, BOOK, **hour(17)))["uid"]
    edited = await done(client, EDIT, uid=uid, summary="Padel", start=at(19).isoformat())
    (found,) = (await done(client, LIST))["bookings"]
    await done(client, CANCEL, uid=uid)

    assert edited == {"uid": uid, "appointments": [found]}
    assert (found["summary"], found["start"], found["end"]) == (
        "Padel",
        at(19).isoformat(),
        at(20).isoformat(),
    )
    assert (await done(client, LIST))["bookings"] == []


async def test_what_is_not_said_of_an_hour_stays(client: MockHAClientWebSocket) -> None:
    said = hour(17, rrule="FREQ=DAILY;COUNT=3", description="Bring balls", owner="The club")
    uid = (await done(client, BOOK, **said))["uid"]
    second = recurrence_of(at(17, 2))

    await done(client, EDIT, uid=uid, recurrence=second, start=at(20, 2).isoformat())
    await done(client, EDIT, uid=uid, recurrence=second, duration=1800, share=True)

    found = (await done(client, LIST))["bookings"]
    assert [each["start"] for each in found] == [
        at(17, 1).isoformat(),
        at(20, 2).isoformat(),
        at(17, 3).isoformat(),
    ]
    assert [each["share"] for each in found] == [False, True, False]
    assert {each["description"] for each in found} == {"Bring balls"}
    assert {each["owner"] for each in found} == {"The club"}
    assert dt_util.parse_datetime(found[1]["end"]) == at(20, 2) + timedelta(minutes=30)


async def test_an_hour_and_all_that_follow_become_a_series_of_their_own(
    client: MockHAClientWebSocket,
) -> None:
    uid = (await done(client, BOOK, **hour(17, rrule="FREQ=DAILY;COUNT=3")))["uid"]

    answer = await done(
        client,
        EDIT,
        uid=uid,
        recurrence=recurrence_of(at(17, 2)),
        following=True,
        cameras=[LEFT_ENTITY],
        owner="The club",
    )

    found = (await done(client, LIST))["bookings"]
    assert [each["uid"] for each in found] == [uid, answer["uid"], answer["uid"]]
    assert [each["cameras"] for each in found] == [
        [LEFT_ENTITY, RIGHT_ENTITY],
        [LEFT_ENTITY],
        [LEFT_ENTITY],
    ]
    assert [each["owner"] for each in found][1:] == ["The club", "The club"]


async def test_a_series_becomes_one_hour(client: MockHAClientWebSocket) -> None:
    uid = (await done(client, BOOK, **hour(17, rrule="FREQ=DAILY")))["uid"]

    await done(client, EDIT, uid=uid, rrule=None)

    (found,) = (await done(client, LIST))["bookings"]
    assert (found["rrule"], found["recurrence"]) == (None, None)


@pytest.mark.parametrize("recurrence", ["yesterday", "20200101T170000"])
async def test_an_hour_that_is_not_in_a_series_cannot_be_edited(
    client: MockHAClientWebSocket, recurrence: str
) -> None:
    uid = (await done(client, BOOK, **hour(17, rrule="FREQ=DAILY")))["uid"]

    code, _ = await refused(client, EDIT, uid=uid, recurrence=recurrence, summary="Padel")

    assert code == "not_found"


async def test_an_edit_says_the_end_or_the_duration(client: MockHAClientWebSocket) -> None:
    uid = (await done(client, BOOK, **hour(17)))["uid"]

    code, _ = await refused(client, EDIT, uid=uid, end=at(19).isoformat(), duration=60)

    assert code == "one_of"


async def test_a_clash_is_told_by_its_code(client: MockHAClientWebSocket) -> None:
    await done(client, BOOK, **hour(17))
    uid = (await done(client, BOOK, **hour(19, calendar=PAIR)))["uid"]

    code, words = await refused(client, BOOK, **hour(17))
    other, others_words = await refused(client, EDIT, uid=uid, start=at(17).isoformat())

    assert (code, other) == ("booking_clash", "booking_clash")
    assert "has the camera Court left" in words
    assert "has the camera Court left" in others_words


async def test_what_others_booked_is_theirs(
    site: MockConfigEntry, annas: MockHAClientWebSocket, anna: User
) -> None:
    theirs = await book(site, 9, owner="Bob", owner_id="bob")
    hers = await book(site, 10, owner="Anna", owner_id=anna.id)
    await comes_to(site, theirs, link="https://home.example/theirs")
    await comes_to(site, hers, link="https://home.example/hers")

    found = (await done(annas, LIST))["bookings"]
    refusals = [
        await refused(annas, BOOK, **hour(17, owner="Bob")),
        await refused(annas, EDIT, uid=theirs, summary="Mine"),
        await refused(annas, EDIT, uid=hers, owner="Bob"),
        await refused(annas, CANCEL, uid=theirs),
    ]

    assert [each["link"] for each in found] == [None, "https://home.example/hers"]
    assert [code for code, _ in refusals] == [
        "booking_for_others",
        "booking_of_others",
        "booking_for_others",
        "booking_of_others",
    ]
    await done(annas, EDIT, uid=hers, summary="Mine")
    await done(annas, CANCEL, uid=hers)


async def test_an_hour_that_somebody_was_given_is_theirs(
    site: MockConfigEntry, client: MockHAClientWebSocket, annas: MockHAClientWebSocket
) -> None:
    uid = (await done(client, BOOK, **hour(17, rrule="FREQ=DAILY", owner="Bob")))["uid"]
    second = recurrence_of(at(17, 2))
    await done(client, EDIT, uid=uid, recurrence=second, owner="Anna")

    await done(annas, EDIT, uid=uid, recurrence=second, summary="Mine")
    code, _ = await refused(annas, CANCEL, uid=uid, recurrence=second, following=True)

    assert code == "booking_of_others"


async def test_who_may_only_look_books_nothing(
    hass: HomeAssistant,
    site: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
    hass_admin_user: MockUser,
) -> None:
    guest = await hass.auth.async_create_user("Guest", group_ids=[GROUP_ID_READ_ONLY])
    token = await hass.auth.async_create_refresh_token(guest, "http://127.0.0.1")
    guests = await hass_ws_client(hass, hass.auth.async_create_access_token(token))
    his = await book(site, owner="Guest", owner_id=guest.id, layout=Layout.SEPARATE)

    assert (await refused(guests, BOOK, **hour(9)))[0] == "unauthorized"
    assert (await refused(guests, EDIT, uid=his, cameras=[LEFT_ENTITY]))[0] == "unauthorized"


# --- The feed --------------------------------------------------------------------------------


@pytest.mark.usefixtures("hasty")
async def test_bookings_are_told_as_they_come_along(
    site: MockConfigEntry, client: MockHAClientWebSocket
) -> None:
    diary = schedule_of(site).diary
    assert await follow(client) == []

    uid = await book(site)
    created = await told(client)
    row = await schedule_of(site).store.get(uid)
    assert row is not None
    await diary.move(row, await comes_to(site, uid, error="late"))
    moved = await told(client)
    await comes_to(site, uid, state=BookingState.RECORDING)
    await book(site, days=30)
    recording = await told(client)
    await diary.delete(uid)
    gone = await told(client)

    assert (created["kind"], created["booking"]["id"]) == ("created", uid)
    assert (moved["kind"], moved["booking"]["error"]) == ("moved", "late")
    assert (recording["kind"], recording["booking"]["state"]) == ("state", "recording")
    assert gone == {"kind": "gone", "id": uid}


@pytest.mark.usefixtures("hasty")
async def test_how_far_a_movie_is_made_is_told_by_and_by(
    site: MockConfigEntry, client: MockHAClientWebSocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    share: list[float | None] = [None]
    uid = await book(site)
    assert await follow(client)
    monkeypatch.setattr(Schedule, "progress", lambda *_: share[0])

    events = []
    for share[0] in (0.1, 0.5, None):
        schedule_of(site)._tell(())
        events.append(await told(client))

    assert [event["kind"] for event in events] == ["progress"] * 3
    assert [event["booking"]["progress"] for event in events] == [10, 50, None]
    assert {event["booking"]["id"] for event in events} == {uid}


async def test_many_changes_are_told_once_a_second(
    hass: HomeAssistant, site: MockConfigEntry, client: MockHAClientWebSocket
) -> None:
    await follow(client)
    before = hass.loop.time()

    uid = await book(site)
    for state in (BookingState.RECORDING, BookingState.MISSED):
        await comes_to(site, uid, state=state)

    assert (await told(client))["booking"]["state"] == "missed"
    assert hass.loop.time() - before > 0.7


@pytest.mark.usefixtures("hasty")
async def test_what_is_as_it_was_is_not_told_again(
    site: MockConfigEntry, client: MockHAClientWebSocket
) -> None:
    await book(site, 9)
    assert len(await follow(client)) == 1

    uid = await book(site, 10)
    created = await told(client)
    await client.send_json_auto_id({"type": "ping"})

    assert (created["kind"], created["booking"]["id"]) == ("created", uid)
    assert (await client.receive_json())["type"] == "pong"


@pytest.mark.usefixtures("hasty")
async def test_only_what_is_asked_for_is_told(
    site: MockConfigEntry, client: MockHAClientWebSocket
) -> None:
    await follow(client, calendar="Home", owner="Anna")

    await book(site, 9, owner="Bob")
    uid = await book(site, 10, owner="Anna")

    assert (await told(client))["booking"]["id"] == uid


@pytest.mark.usefixtures("hasty")
async def test_the_feed_goes_on_when_the_site_was_reloaded(
    hass: HomeAssistant, site: MockConfigEntry, client: MockHAClientWebSocket
) -> None:
    await follow(client)

    assert await hass.config_entries.async_reload(site.entry_id)

    assert await told(client) == {"kind": "bookings", "bookings": []}


@pytest.mark.usefixtures("hasty")
async def test_who_unsubscribes_hears_nothing_more(
    site: MockConfigEntry, client: MockHAClientWebSocket
) -> None:
    await client.send_json_auto_id(FEED)
    feed = (await client.receive_json())["id"]
    await told(client)
    await done(client, {"type": "unsubscribe_events", "subscription": feed})

    await book(site)

    await client.send_json_auto_id({"type": "ping"})
    assert (await client.receive_json())["type"] == "pong"


@pytest.mark.usefixtures("hasty")
async def test_a_database_that_fails_is_told_and_the_feed_goes_on(
    site: MockConfigEntry, client: MockHAClientWebSocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    await follow(client)

    async def fail(*_: Any) -> None:
        raise DatabaseError("The disk is broken.")

    with monkeypatch.context() as broken:
        broken.setattr(BookingStore, "find", fail)
        await book(site, 9)
        failed = await told(client)
    await book(site, 10)

    assert (failed["kind"], failed["code"]) == ("failed", "database_failed")
    assert (await told(client))["kind"] == "created"


# --- The bus and the logbook -----------------------------------------------------------------


@pytest.fixture
async def diary(hass: HomeAssistant, tmp_path: Path) -> AsyncIterator[Diary]:
    """A diary whose news the bus is told, of a house without cameras."""
    database = await Database.open(tmp_path / "gatehouse.db")
    store = BookingStore(database)
    diary = Diary(store, now=dt_util.utcnow)
    events = BookingEvents(hass, store, Roster({}), lambda: {"site": "Home"})
    diary.listen(events.hear)
    await events.recall()
    yield diary
    await database.close()


DRAFT: Final[dict[str, Any]] = {
    "uid": "",
    "calendar": "site",
    "summary": "Tennis",
    "cameras": ("porch/left",),
    "owner": "Anna",
    "owner_id": "a1",
}


async def test_each_state_is_told_once(hass: HomeAssistant, diary: Diary) -> None:
    heard: list[Event] = async_capture_events(hass, "gatehouse_booking")
    draft = Booking(**DRAFT, start=at(17), end=at(18))

    kept = await diary.create(draft)
    await diary.edit(Booking(**DRAFT | {"uid": kept.uid}, start=at(18), end=at(19)))
    await diary.delete(kept.uid)
    await hass.async_block_till_done()

    assert [event.data["type"] for event in heard] == ["scheduled", "cancelled"]
    assert heard[0].data == {
        "type": "scheduled",
        "id": kept.uid,
        "uid": kept.uid,
        "recurrence": None,
        "calendar": "site",
        "calendar_name": "Home",
        "entity_id": None,
        "cameras": [],
        "summary": "Tennis",
        "start": at(17).isoformat(),
        "end": at(18).isoformat(),
        "owner": "Anna",
        "owner_id": "a1",
        "movie": None,
        "error": None,
    }


async def test_what_was_told_before_a_restart_is_not_told_again(
    hass: HomeAssistant, diary: Diary
) -> None:
    kept = await diary.create(Booking(**DRAFT, start=at(17), end=at(18)))
    again = BookingEvents(hass, diary._store, Roster({}), dict)
    await again.recall()
    heard: list[Event] = async_capture_events(hass, "gatehouse_booking")
    row = await diary._store.get(kept.uid)
    assert row is not None

    again.hear((row,))
    await hass.async_block_till_done()

    assert heard == []


def test_the_logbook_has_words_for_every_state(hass: HomeAssistant) -> None:
    described: dict[str, Any] = {}
    async_describe_events(hass, lambda _, kind, describe: described.update({kind: describe}))
    data = {"type": "recording", "summary": "Tennis", "owner": "Anna", "entity_id": LEFT_ENTITY}

    entry = described["gatehouse_booking"](Event("gatehouse_booking", data))

    assert CAME_OF_IT.keys() == set(BookingState)
    assert entry == {
        "name": "Tennis",
        "message": "is being recorded for Anna",
        "entity_id": LEFT_ENTITY,
    }
