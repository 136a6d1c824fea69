"""What cards ask and are told over the WebSocket, against golden answers and in stories.

The golden answers in `tests/wire/websocket` are what the cards' own tests may rely on.
"""

import asyncio
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
import json
from pathlib import Path
import re
from types import MappingProxyType
from typing import Any, Final

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import (
    ClientSessionGenerator,
    MockHAClientWebSocket,
    WebSocketGenerator,
)

from custom_components.gatehouse.access_deeds import ACCESS_COMMANDS
from custom_components.gatehouse.booking_deeds import BOOKING_COMMANDS
from custom_components.gatehouse.database import DatabaseError
from custom_components.gatehouse.footage import Link, LinkStore
from custom_components.gatehouse.incidents import IncidentNews, IncidentQuery, NewsKind
from custom_components.gatehouse.log_deeds import LOG_COMMANDS
from custom_components.gatehouse.models import (
    Box,
    FootageStage,
    Frame,
    IgnoreBox,
    Incident,
    Zone,
    ZoneKind,
)
from custom_components.gatehouse.websocket_api import COMMANDS
from tests.ha.happened import CLIP, NOON, SEEN, filmed, happened
from tests.ha.scripted import KEY, jpeg

GOLDEN: Final = Path(__file__).parents[1] / "wire" / "websocket"
# Those have tests of their own.
ELSEWHERE: Final = ("access_", "bookings_", "health_", "logs_")
GOLDENS: Final = sorted(
    path.stem for path in GOLDEN.glob("*.json") if not path.stem.startswith(ELSEWHERE)
)
# Those leave the site as it was: one site is enough for all of them.
UNCHANGING: Final = (
    "cameras",
    "footage_list",
    "ignored_list",
    "incidents_get",
    "incidents_get_missing",
    "incidents_list",
    "incidents_list_filtered",
    "share_create_twice",
    "share_list",
    "share_revoke_missing",
    "zones_list",
    "zones_save_crossing",
)

DRIVE: Final = [[0.0, 0.5], [1.0, 0.5], [1.0, 1.0], [0.0, 1.0]]
LIST: Final[dict[str, Any]] = {"type": "gatehouse/incidents/list"}
GET: Final = {"type": "gatehouse/incidents/get", "incident_id": "a1"}
FEED: Final[dict[str, Any]] = {"type": "gatehouse/incidents/subscribe"}
STORAGE: Final[dict[str, Any]] = {"type": "gatehouse/storage/subscribe"}
FOOTAGE: Final[dict[str, Any]] = {"type": "gatehouse/footage/list"}
SHARE: Final = {"type": "gatehouse/share/create", "footage_id": "f1"}
REVOKE: Final = {"type": "gatehouse/share/revoke", "share_id": "c1"}
KEEP: Final = {"type": "gatehouse/incidents/keep", "incident_id": "a1"}
SAVE: Final = {"type": "gatehouse/zones/save", "camera": KEY, "name": "New", "points": DRIVE}
REMOVE: Final = {"type": "gatehouse/ignored/remove", "box_id": "e1"}


async def asked(client: MockHAClientWebSocket, command: dict[str, Any]) -> dict[str, Any]:
    """Send a command and return the answer."""
    await client.send_json_auto_id(command)
    return await client.receive_json()


@pytest.fixture
async def client(
    hass: HomeAssistant,
    running_site: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
    tmp_path: Path,
) -> MockHAClientWebSocket:
    """An administrator's connection to a site on which something has happened."""
    older = replace(SEEN, id="b2", started=NOON - timedelta(hours=1), picture=None, frames=())
    lost = replace(CLIP, id="f2", stage=FootageStage.FAILED, path=None, duration=None)
    await happened(running_site, SEEN, older)
    away = replace(CLIP, id="f3", stage=FootageStage.UPLOADED, path=None, key="2026/11/20/f3.mp4")
    await filmed(
        running_site,
        replace(CLIP, size=1_200_000),
        replace(lost, error="disk_full", since=NOON),
        replace(away, incident="b2", kept=True, size=900_000, since=NOON - timedelta(hours=1)),
    )
    now = dt_util.utcnow()
    link = Link(
        id="c1",
        token="t" * 32,
        footage="f1",
        created=now,
        expires=now + timedelta(days=1),
        most_uses=3,
        uses=1,
        note="For Ann",
    )
    await LinkStore(running_site.runtime_data.database).add(link)
    (tmp_path / "media" / "gatehouse").mkdir(parents=True, exist_ok=True)
    zones = running_site.runtime_data.zones
    corners = tuple((x, y) for x, y in DRIVE)
    await zones.save(Zone(id="d1", camera=KEY, kind=ZoneKind.ZONE, name="Drive", points=corners))
    box = Box(0.4, 0.4, 0.5, 0.6)
    await zones.ignore(IgnoreBox(id="e1", camera=KEY, label="person", box=box, created=NOON))
    await hass.async_block_till_done()
    return await hass_ws_client()


@pytest.fixture
async def member(
    client: MockHAClientWebSocket,
    hass_ws_client: WebSocketGenerator,
    hass_read_only_access_token: str,
) -> MockHAClientWebSocket:
    """The connection of somebody who is no administrator."""
    return await hass_ws_client(access_token=hass_read_only_access_token)


# --- What everybody can rely on --------------------------------------------------------------


def steady(answer: Any) -> Any:
    """Return an answer with what differs from run to run made the same."""
    text = json.dumps(answer)
    text = re.sub(r"authSig=[\w.-]+", "authSig=SIGNATURE", text)
    text = re.sub(r"/share/[\w-]{32}", "/share/TOKEN", text)
    text = re.sub(r'"free_bytes": \d+', '"free_bytes": 12345678901', text)
    moments = r'"(reviewed|created|expires)": "20[^"]+"'
    text = re.sub(moments, r'"\1": "2026-11-20T12:34:56+00:00"', text)
    return json.loads(re.sub(r'"id": "[0-9a-f]{32}"', '"id": "0123456789abcdef"', text))


async def is_golden(client: MockHAClientWebSocket, name: str) -> None:
    """Ask what a golden answer is to, and compare."""
    golden = json.loads((GOLDEN / f"{name}.json").read_text())

    answer = await asked(client, golden["command"])
    events = [(await client.receive_json())["event"] for _ in golden["events"]]

    assert steady({key: answer[key] for key in answer.keys() - {"id"}}) == golden["answer"]
    assert steady(events) == golden["events"]


@pytest.mark.parametrize("name", [name for name in GOLDENS if name not in UNCHANGING])
async def test_the_answer_is_the_golden_one(client: MockHAClientWebSocket, name: str) -> None:
    await is_golden(client, name)


async def test_the_answer_to_who_changes_nothing_is_the_golden_one(
    client: MockHAClientWebSocket, subtests: pytest.Subtests
) -> None:
    for name in UNCHANGING:
        with subtests.test(name):
            await is_golden(client, name)


# Those have golden answers elsewhere.
NOT_HERE = (*ACCESS_COMMANDS, *BOOKING_COMMANDS, *LOG_COMMANDS)


def test_every_command_has_a_golden_answer() -> None:
    goldens = [json.loads((GOLDEN / f"{name}.json").read_text()) for name in GOLDENS]

    assert {golden["command"]["type"] for golden in goldens} == {
        FEED["type"],
        STORAGE["type"],
        *(f"gatehouse/{command.name}" for command in COMMANDS if command not in NOT_HERE),
    }


# --- Asking ----------------------------------------------------------------------------------


async def test_pages_follow_each_other_whatever_happens_meanwhile(
    client: MockHAClientWebSocket, running_site: MockConfigEntry
) -> None:
    days = (replace(SEEN, id=f"0{n}", started=NOON - timedelta(days=n)) for n in range(1, 4))
    await happened(running_site, *days)

    first = (await asked(client, LIST | {"limit": 3}))["result"]
    await happened(running_site, replace(SEEN, id="new", started=NOON + timedelta(hours=1)))
    second = (await asked(client, LIST | {"limit": 3, "before": first["next"]}))["result"]

    assert [incident["id"] for incident in first["incidents"]] == ["a1", "b2", "01"]
    assert [incident["id"] for incident in second["incidents"]] == ["02", "03"]
    assert second["next"] is None


LISTED: Final = (
    ({"cameras": [KEY]}, ["a1", "b2"]),
    ({"cameras": ["camera.front_door"]}, ["a1", "b2"]),
    ({"cameras": ["gone/x"]}, []),
    ({"label": "person"}, ["a1", "b2"]),
    ({"label": "dog"}, []),
    ({"kept": False}, ["a1", "b2"]),
    ({"kept": True}, []),
    ({"group": KEY}, ["a1", "b2"]),
    ({"group": "gone"}, []),
    ({"zone": "Drive", "since": "2026-11-20T12:00:00Z"}, ["a1"]),
    ({"reviewed": True}, []),
)


async def test_incidents_are_listed_by(
    client: MockHAClientWebSocket, subtests: pytest.Subtests
) -> None:
    for filters, found in LISTED:
        with subtests.test(str(filters)):
            answer = await asked(client, LIST | filters)

            assert [incident["id"] for incident in answer["result"]["incidents"]] == found


async def test_signed_addresses_show_what_they_are_for_and_nothing_else(
    client: MockHAClientWebSocket,
    running_site: MockConfigEntry,
    hass_client_no_auth: ClientSessionGenerator,
    tmp_path: Path,
) -> None:
    media = tmp_path / "media" / "gatehouse"
    picture, frame = media / "picture.jpg", media / "frame.jpg"
    picture.write_bytes(jpeg(10))
    frame.write_bytes(jpeg(20))
    await happened(running_site, replace(SEEN, picture=picture, frames=(Frame(path=frame),)))
    stranger = await hass_client_no_auth()

    shown = (await asked(client, GET))["result"]

    async def body(url: str) -> bytes:
        answer = await stranger.get(url)
        assert answer.status == HTTPStatus.OK
        return await answer.read()

    assert await body(shown["picture_url"]) == picture.read_bytes()
    assert await body(shown["frame_urls"][0]) == frame.read_bytes()
    elsewhere = shown["picture_url"].replace("a1", "b2")
    assert (await stranger.get(elsewhere)).status == HTTPStatus.FORBIDDEN


async def test_a_camera_tells_its_place_and_until_when_it_is_snoozed(
    hass: HomeAssistant, client: MockHAClientWebSocket, running_site: MockConfigEntry
) -> None:
    cameras = MappingProxyType({"cameras": [KEY]})
    yard = ConfigSubentry(subentry_type="group", title="Yard", unique_id=None, data=cameras)
    hass.config_entries.async_add_subentry(running_site, yard)
    await hass.async_block_till_done()
    until = dt_util.utcnow() + timedelta(hours=1)
    running_site.runtime_data.snoozes.snooze(KEY, until)

    [camera] = (await asked(client, {"type": "gatehouse/cameras"}))["result"]["cameras"]

    assert (camera["group"], camera["place"]) == (yard.subentry_id, "Yard")
    assert camera["snoozed_until"] == until.isoformat()


# --- Being refused ---------------------------------------------------------------------------


WITHOUT_SENSE: Final = (
    LIST | {"limit": 0},
    LIST | {"limit": 201},
    LIST | {"limit": "many"},
    LIST | {"level": "dreadful"},
    LIST | {"sort": "risk"},
    {"type": "gatehouse/incidents/get"},
    {"type": "gatehouse/incidents/review", "incident_id": "a1", "reviewed": "maybe"},
    {"type": "gatehouse/zones/save", "name": "Drive", "points": DRIVE},
    SAVE | {"points": "everywhere"},
    SAVE | {"zone_id": "../../etc"},
    FEED | {"limit": 201},
    FOOTAGE | {"limit": 0},
    FOOTAGE | {"since": "yesterday-ish"},
    KEEP | {"keep": "perhaps"},
    SHARE | {"lifetime": {"hours": -1}},
    {"type": "gatehouse/share/revoke"},
)


async def test_a_question_without_sense_is_refused(
    client: MockHAClientWebSocket, subtests: pytest.Subtests
) -> None:
    for command in WITHOUT_SENSE:
        with subtests.test(str(command)):
            answer = await asked(client, command)

            assert answer["error"]["code"] == "invalid_format"


NOT_THERE: Final = (
    LIST | {"before": "ffff"},
    {"type": "gatehouse/incidents/review", "incident_id": "ffff"},
    {"type": "gatehouse/incidents/note", "incident_id": "ffff", "note": "?"},
    {"type": "gatehouse/incidents/not_a_person", "incident_id": "ffff"},
    {"type": "gatehouse/zones/list", "camera": "gone/x"},
    SAVE | {"camera": "gone/x"},
    {"type": "gatehouse/zones/delete", "zone_id": "e1"},
    {"type": "gatehouse/ignored/remove", "box_id": "d1"},
    FOOTAGE | {"before": "ffff"},
    FOOTAGE | {"camera": "gone/x"},
    KEEP | {"incident_id": "ffff"},
    SHARE | {"footage_id": "ffff"},
    REVOKE | {"share_id": "ffff"},
)


async def test_what_is_not_there_is_not_found(
    client: MockHAClientWebSocket, subtests: pytest.Subtests
) -> None:
    for command in NOT_THERE:
        with subtests.test(str(command)):
            answer = await asked(client, command)

            assert answer["error"]["code"] == "not_found"


async def test_a_note_that_is_too_long_says_so(client: MockHAClientWebSocket) -> None:
    note = {"type": "gatehouse/incidents/note", "incident_id": "a1", "note": "x" * 2001}

    assert (await asked(client, note))["error"]["code"] == "note_too_long"


async def test_only_administrators_change_where_cameras_look(
    member: MockHAClientWebSocket, running_site: MockConfigEntry, subtests: pytest.Subtests
) -> None:
    before = running_site.runtime_data.zones.of(KEY)

    for command in (SAVE, {"type": "gatehouse/zones/delete", "zone_id": "d1"}, REMOVE):
        with subtests.test(command["type"]):
            answer = await asked(member, command)

            assert answer["error"]["code"] == "unauthorized"
            assert running_site.runtime_data.zones.of(KEY) == before


EVERYBODYS: Final = (
    LIST,
    GET,
    {"type": "gatehouse/incidents/review", "incident_id": "a1"},
    {"type": "gatehouse/incidents/note", "incident_id": "a1", "note": "Grandma."},
    {"type": "gatehouse/cameras"},
    {"type": "gatehouse/zones/list"},
    {"type": "gatehouse/ignored/list"},
    FOOTAGE,
    KEEP,
    # Whoever asks for those is told more and more: last.
    FEED,
    STORAGE,
)


async def test_everybody_in_the_house_may_look_and_say_what_it_was(
    member: MockHAClientWebSocket, subtests: pytest.Subtests
) -> None:
    for command in EVERYBODYS:
        with subtests.test(command["type"]):
            assert (await asked(member, command))["success"]


async def test_only_administrators_let_outsiders_in(
    member: MockHAClientWebSocket, running_site: MockConfigEntry, subtests: pytest.Subtests
) -> None:
    links = running_site.runtime_data.storage.links

    for command in (SHARE, {"type": "gatehouse/share/list"}, REVOKE):
        with subtests.test(command["type"]):
            answer = await asked(member, command)

            assert answer["error"]["code"] == "unauthorized"
            assert [link.id for link in await links.living()] == ["c1"]


async def test_a_link_that_cannot_be_made_says_why(client: MockHAClientWebSocket) -> None:
    error = (await asked(client, SHARE | {"lifetime": {"days": 31}}))["error"]

    assert error["code"] == "link_refused"
    assert "30 days" in error["message"]


async def test_an_incident_is_kept_with_its_clips_until_it_may_go(
    client: MockHAClientWebSocket, running_site: MockConfigEntry
) -> None:
    library = running_site.runtime_data.storage.library

    kept = (await asked(client, KEEP))["result"]
    assert (kept["id"], kept["kept"]) == ("a1", True)
    [found] = (await asked(client, LIST | {"kept": True}))["result"]["incidents"]
    assert found["id"] == "a1"
    assert [row.kept for row in await library.find(incident="a1")] == [True, True]

    assert not (await asked(client, KEEP | {"keep": False}))["result"]["kept"]
    assert [row.kept for row in await library.find(incident="a1")] == [False, False]


LISTED_FOOTAGE: Final = (
    ({}, ["f2", "f1", "f3"]),
    ({"since": "2026-11-20T11:30:00+00:00"}, ["f2", "f1"]),
    ({"until": "2026-11-20T11:30:00+00:00"}, ["f3"]),
    ({"camera": KEY, "limit": 1}, ["f2"]),
    ({"camera": KEY, "before": "f1"}, ["f3"]),
)


async def test_footage_is_listed_by(
    client: MockHAClientWebSocket, subtests: pytest.Subtests
) -> None:
    for asking, ids in LISTED_FOOTAGE:
        with subtests.test(str(asking)):
            result = (await asked(client, FOOTAGE | asking))["result"]

            assert [row["id"] for row in result["footage"]] == ids


async def test_a_database_that_fails_is_told(
    client: MockHAClientWebSocket, running_site: MockConfigEntry
) -> None:
    await running_site.runtime_data.database.close()

    error = (await asked(client, LIST))["error"]

    assert error["code"] == "database_failed"
    assert error["translation_placeholders"] == {"error": "The database is closed."}


async def test_a_site_that_does_not_run_says_so(
    hass: HomeAssistant, client: MockHAClientWebSocket, running_site: MockConfigEntry
) -> None:
    assert await hass.config_entries.async_unload(running_site.entry_id)

    assert (await asked(client, LIST))["error"]["code"] == "not_loaded"


# --- Being told ------------------------------------------------------------------------------


async def told(client: MockHAClientWebSocket) -> dict[str, Any]:
    """Return the next event."""
    message = await client.receive_json()
    assert message["type"] == "event"
    event: dict[str, Any] = message["event"]
    return event


async def test_the_newest_incidents_come_first_and_then_the_news(
    client: MockHAClientWebSocket, running_site: MockConfigEntry
) -> None:
    hub = running_site.runtime_data
    assert (await asked(client, FEED | {"limit": 1}))["success"]

    page = await told(client)
    hub.house.incident(IncidentNews(kind=NewsKind.CONFIRMED, incident=SEEN, due=True))
    await hub.archive.annotate("a1", "The plumber.")
    confirmed, updated = await told(client), await told(client)

    assert (page["kind"], page["next"]) == ("page", "a1")
    assert (confirmed["kind"], confirmed["due"]) == ("confirmed", True)
    assert steady(confirmed["incident"]) == steady(page["incidents"][0])
    assert (updated["kind"], updated["due"]) == ("updated", False)
    assert updated["incident"]["note"] == "The plumber."


async def test_who_asks_for_no_page_hears_the_news_at_once(
    client: MockHAClientWebSocket, running_site: MockConfigEntry
) -> None:
    assert (await asked(client, FEED))["success"]

    await running_site.runtime_data.archive.review("a1")

    assert (await told(client))["kind"] == "updated"


async def test_news_that_come_while_the_page_is_read_come_after_it(
    client: MockHAClientWebSocket, running_site: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = running_site.runtime_data
    find, read, told_since = hub.archive.find, asyncio.Event(), asyncio.Event()

    async def slowly(query: IncidentQuery) -> list[Incident]:
        found = await find(query)
        read.set()
        await told_since.wait()
        return found

    monkeypatch.setattr(hub.archive, "find", slowly)
    assert (await asked(client, FEED | {"limit": 1}))["success"]
    await read.wait()
    await hub.archive.annotate("a1", "Meanwhile.")
    told_since.set()

    page, news = await told(client), await told(client)
    assert (page["kind"], page["incidents"][0]["note"]) == ("page", "")
    assert (news["kind"], news["incident"]["note"]) == ("updated", "Meanwhile.")


async def test_the_first_page_is_of_what_is_looked_for_and_the_news_are_all(
    client: MockHAClientWebSocket, running_site: MockConfigEntry
) -> None:
    await running_site.runtime_data.archive.keep("b2")

    await asked(client, FEED | {"limit": 5, "kept": True})
    page = await told(client)
    await running_site.runtime_data.archive.annotate("a1", "Not kept.")
    news = await told(client)

    assert [incident["id"] for incident in page["incidents"]] == ["b2"]
    assert (news["kind"], news["incident"]["note"]) == ("updated", "Not kept.")


async def test_who_unsubscribes_hears_nothing_more(
    client: MockHAClientWebSocket, running_site: MockConfigEntry
) -> None:
    feed = (await asked(client, FEED))["id"]
    stop = {"type": "unsubscribe_events", "subscription": feed}
    assert (await asked(client, stop))["success"]

    await running_site.runtime_data.archive.review("a1")

    assert (await asked(client, {"type": "ping"}))["type"] == "pong"


async def test_who_leaves_disturbs_nobody(
    client: MockHAClientWebSocket,
    running_site: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
) -> None:
    leaver = await hass_ws_client()
    await asked(leaver, FEED | {"limit": 200})
    await asked(client, FEED)
    await leaver.close()

    await running_site.runtime_data.archive.review("a1")

    assert (await told(client))["kind"] == "updated"


async def test_the_feed_goes_on_when_the_site_was_reloaded(
    hass: HomeAssistant, client: MockHAClientWebSocket, running_site: MockConfigEntry
) -> None:
    await asked(client, FEED | {"limit": 1})
    assert (await told(client))["kind"] == "page"

    assert await hass.config_entries.async_reload(running_site.entry_id)
    assert (await told(client))["kind"] == "page"
    await running_site.runtime_data.archive.review("a1")

    assert (await told(client))["kind"] == "updated"


async def test_the_feed_waits_for_a_site_that_does_not_run_yet(
    hass: HomeAssistant, client: MockHAClientWebSocket, running_site: MockConfigEntry
) -> None:
    assert await hass.config_entries.async_unload(running_site.entry_id)
    assert (await asked(client, FEED | {"limit": 1}))["success"]

    assert await hass.config_entries.async_setup(running_site.entry_id)

    assert (await told(client))["kind"] == "page"


async def test_a_feed_whose_page_cannot_be_read_says_so_and_goes_on(
    client: MockHAClientWebSocket, running_site: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = running_site.runtime_data

    async def fail(_: IncidentQuery) -> list[Incident]:
        raise DatabaseError("The disk is broken.")

    monkeypatch.setattr(hub.archive, "find", fail)
    await asked(client, FEED | {"limit": 1})

    failed = await told(client)
    assert (failed["kind"], failed["code"]) == ("failed", "database_failed")
    await hub.archive.review("a1")
    assert (await told(client))["kind"] == "updated"
