"""Who may not, cannot: users, paths, bodies and patience. docs/security.md is the whole list."""

import asyncio
from datetime import timedelta
import gzip
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from aiohttp.test_utils import TestClient
from homeassistant.components import websocket_api
from homeassistant.core import Context, HomeAssistant, SupportsResponse
from homeassistant.exceptions import Unauthorized
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, WebSocketGenerator

from custom_components.gatehouse.access_views import CHECK_URL
from custom_components.gatehouse.api_view import MOST_BYTES
from custom_components.gatehouse.card_views import CARD_URL, CARDS_URL
from custom_components.gatehouse.ingest_view import INGEST_URL
from custom_components.gatehouse.services import ACTIONS
from tests.documents import table
from tests.ha.happened import SEEN, happened
from tests.ha.raw_http import asked
from tests.ha.scripted import KEY, ScriptedAgent

CAMERA: Final = "camera.front_door"

# Whom something is for that is not for administrators alone.
OPEN: Final = {
    name: whom
    for names, whom, _ in table("docs/security.md", "action or command")
    for name in names.replace("`", "").split(", ")
}
OF_CAMERAS: Final = sorted(name for name, whom in OPEN.items() if whom == "who may control it")

TOMORROW: Final = dt_util.utcnow() + timedelta(days=1)
HOUR: Final = {"summary": "Spying", "start": f"{TOMORROW:%Y-%m-%d 12:00:00}", "duration": "01:00"}
SAID: Final[dict[str, dict[str, Any]]] = {
    "gatehouse.book": {**HOUR, "cameras": [CAMERA]},
    "gatehouse.not_a_person": {"incident_id": "a1"},
    "gatehouse.record": {"entity_id": CAMERA},
    "gatehouse.snapshot": {"entity_id": CAMERA},
    "gatehouse.snooze": {"entity_id": CAMERA},
    "gatehouse/bookings/book": {**HOUR, "cameras": [CAMERA]},
    "gatehouse/incidents/not_a_person": {"incident_id": "a1"},
}

SECRET: Final = "the token of an agent"
UP: Final = (
    "../secret.txt",
    "..%2fsecret.txt",
    "%2e%2e%2fsecret.txt",
    "%2e%2e/secret.txt",
    "..%252fsecret.txt",
    "%252e%252e%252fsecret.txt",
    "..%5csecret.txt",
    "..\\secret.txt",
    "....//secret.txt",
    "..%c0%afsecret.txt",
    "%c0%ae%c0%ae/secret.txt",
    "%EF%BC%8E%EF%BC%8E%2fsecret.txt",
    "..%00/secret.txt",
    "secret.txt%00.jpg",
    "./../secret.txt",
    "..;/secret.txt",
    "{absolute}",
    "/{absolute}",
    "%2f{absolute}",
    "file:%2f%2f{absolute}",
)
REFUSED: Final = {
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
}


@pytest.fixture
async def house(
    hass: HomeAssistant, running_site: MockConfigEntry, hass_client: ClientSessionGenerator
) -> TestClient:
    """A site where something happened, and its administrator."""
    await happened(running_site, SEEN)
    assert await async_setup_component(hass, "websocket_api", {})
    return await hass_client()


def commands(hass: HomeAssistant) -> dict[str, Any]:
    """Return all commands of the WebSocket, ours among them."""
    return hass.data[websocket_api.DOMAIN]


def ours(hass: HomeAssistant) -> list[str]:
    """Return all that can be asked of Gatehouse, as it is registered."""
    actions = hass.services.async_services_for_domain("gatehouse")
    found = [f"gatehouse.{name}" for name in actions]
    return sorted([*found, *(name for name in commands(hass) if name.startswith("gatehouse/"))])


# --- Who is no administrator -----------------------------------------------------------------


@pytest.mark.usefixtures("house")
async def test_what_is_for_more_than_administrators_is_there_and_has_its_reason(
    hass: HomeAssistant,
) -> None:
    actions = sorted(hass.services.async_services_for_domain("gatehouse"))

    assert [name for name in sorted(OPEN) if name not in ours(hass)] == []
    assert sorted(SAID) == OF_CAMERAS
    assert actions == sorted([*(action.name for action in ACTIONS), "snapshot"])


@pytest.mark.usefixtures("house")
async def test_all_other_actions_are_for_administrators_alone(
    hass: HomeAssistant, hass_read_only_user: MockUser, agent: ScriptedAgent
) -> None:
    closed = [name for name in ours(hass) if "." in name and name not in OPEN]
    registered = hass.services.async_services_internal()["gatehouse"]

    for name in closed:
        action = name.partition(".")[2]
        # Who asks is refused for who he is, not for what he says.
        registered[action].schema = None
        await refused(hass, hass_read_only_user, name, {})

    assert len(closed) > 20
    assert agent.doors.asked == []


@pytest.mark.usefixtures("house")
async def test_all_other_commands_are_for_administrators_alone(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    hass_read_only_access_token: str,
    agent: ScriptedAgent,
) -> None:
    member = await hass_ws_client(access_token=hass_read_only_access_token)
    closed = [name for name in ours(hass) if "/" in name and name not in OPEN]
    told: dict[str, str] = {}

    for name in closed:
        handler, _ = commands(hass)[name]
        commands(hass)[name] = (handler, False)  # likewise: whatever is said
        await member.send_json_auto_id({"type": name})
        told[name] = (await member.receive_json())["error"]["code"]

    assert told == dict.fromkeys(closed, "unauthorized")
    assert len(closed) > 20
    assert agent.doors.asked == []


async def test_an_action_of_a_camera_is_for_who_may_control_it(
    hass: HomeAssistant,
    house: TestClient,
    running_site: MockConfigEntry,
    hass_read_only_user: MockUser,
    subtests: pytest.Subtests,
) -> None:
    for name in [name for name in OF_CAMERAS if "." in name]:
        with subtests.test(name):
            await refused(hass, hass_read_only_user, name, SAID[name])

            assert await untouched(running_site)


async def test_a_command_of_a_camera_is_for_who_may_control_it(
    house: TestClient,
    running_site: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
    hass_read_only_access_token: str,
) -> None:
    member = await hass_ws_client(access_token=hass_read_only_access_token)
    told: dict[str, str] = {}

    for name in [name for name in OF_CAMERAS if "/" in name]:
        await member.send_json_auto_id({"type": name, **SAID[name]})
        told[name] = (await member.receive_json())["error"]["code"]

    assert set(told.values()) == {"unauthorized"}
    assert await untouched(running_site)


@pytest.mark.parametrize("target", [{"entity_id": CAMERA}, {"entity_id": "all"}])
async def test_who_may_control_another_camera_may_not_control_this_one(
    hass: HomeAssistant,
    house: TestClient,
    running_site: MockConfigEntry,
    hass_read_only_user: MockUser,
    target: dict[str, str],
) -> None:
    every = {"read": True, "control": True}
    hass_read_only_user.mock_policy({"entities": {"entity_ids": {"camera.garden": every}}})

    await refused(hass, hass_read_only_user, "gatehouse.snooze", target)
    await refused(hass, hass_read_only_user, "gatehouse.record", target)
    await refused(hass, hass_read_only_user, "gatehouse.not_a_person", {"incident_id": "a1"})

    assert await untouched(running_site)


async def refused(hass: HomeAssistant, user: MockUser, name: str, said: dict[str, Any]) -> None:
    asking = Context(user_id=user.id)
    answers = hass.services.supports_response(*name.split(".")) is not SupportsResponse.NONE
    with pytest.raises(Unauthorized):
        await hass.services.async_call(
            *name.split("."), said, blocking=True, return_response=answers, context=asking
        )


async def untouched(site: MockConfigEntry) -> bool:
    """Whether nothing is recorded, snoozed, booked or ignored."""
    hub = site.runtime_data
    incident = await hub.archive.get("a1")
    seen = (incident.false_alarm, hub.zones.of(KEY).ignored, hub.snoozes.until(KEY))
    booked = await hub.hass.services.async_call(
        "gatehouse", "get_bookings", blocking=True, return_response=True
    )
    nothing = {"bookings": []}
    return (seen, booked) == ((False, (), None), nothing) and not await hub.storage.library.find()


# --- Paths that lead out ---------------------------------------------------------------------


FOLDERS: Final = (
    "/api/gatehouse/footage/",
    "/api/gatehouse/footage/f1/",
    "/api/gatehouse/frame/a1/",
    "/api/gatehouse/picture/",
    "/gatehouse/share/",
    "/gatehouse/share/{token}/",
    "/gatehouse_cards/{version}/",
    "/gatehouse_cards/{version}/incidents/",
)


async def test_no_path_leads_to_a_file_that_is_not_meant(
    hass: HomeAssistant,
    house: TestClient,
    tmp_path: Path,
    hass_access_token: str,
    subtests: pytest.Subtests,
) -> None:
    media = tmp_path / "media" / "gatehouse"
    media.mkdir(parents=True, exist_ok=True)
    for place in (tmp_path, media.parent, media, Path(hass.config.config_dir)):
        (place / "secret.txt").write_text(SECRET)
    login = {"Authorization": f"Bearer {hass_access_token}"}
    known = {"token": "t" * 32, "version": _version(hass)}
    absolute = f"{tmp_path}/secret.txt"

    for folder in FOLDERS:
        with subtests.test(folder):
            answers = {
                path: await asked(
                    house, folder.format(**known) + path.format(absolute=absolute), headers=login
                )
                for path in UP
            }

            told = {path: each.status for path, each in answers.items()}
            assert {path: code for path, code in told.items() if code not in REFUSED} == {}
            assert [path for path, each in answers.items() if SECRET.encode() in each.body] == []


def _version(hass: HomeAssistant) -> str:
    """Return where the cards are served: what is cached by browsers has its version in its path."""
    folders = [str(each.canonical) for each in hass.http.app.router.resources()]
    return next(path.split("/")[2] for path in folders if path.startswith("/gatehouse_cards/"))


# --- Bodies ----------------------------------------------------------------------------------

TAKEN: Final = [
    ("DELETE", CARD_URL),
    ("POST", CARDS_URL),
    ("POST", CHECK_URL),
    ("POST", INGEST_URL),
]


@pytest.mark.usefixtures("house")
async def test_a_body_is_taken_nowhere_else(hass: HomeAssistant) -> None:
    found = [
        (route.method, route.resource.canonical)
        for route in hass.http.app.router.routes()
        if route.resource and "gatehouse" in route.resource.canonical
    ]
    reading = {"GET", "HEAD", "OPTIONS"}

    assert sorted(each for each in found if each[0] not in reading) == TAKEN


@pytest.mark.parametrize(("method", "path"), TAKEN)
async def test_an_oversized_body_is_refused_before_any_of_it_has_come(
    house: TestClient, hass_access_token: str, method: str, path: str
) -> None:
    unread = HTTPStatus.NOT_FOUND  # of what takes no body, and does not know the card
    late = {"POST": HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "DELETE": unread}[method]

    path = path.format(id="c1")
    assert await promised(house, method, path, f"Bearer {hass_access_token}") == late
    assert await promised(house, method, path, "Bearer nothing") == HTTPStatus.UNAUTHORIZED


async def promised(house: TestClient, method: str, path: str, login: str) -> int:
    """Return what is answered to who says that very much is to come, and sends nothing."""
    head = f"{method} {path} HTTP/1.1\r\nHost: house\r\nAuthorization: {login}\r\n"
    reader, writer = await _begun(house, f"{head}Content-Length: 9999999999\r\n\r\n")
    async with asyncio.timeout(3):
        status = int((await reader.readline()).split()[1])
    writer.close()
    return status


async def test_a_small_body_that_unpacks_to_a_large_one_is_refused(
    house: TestClient, subtests: pytest.Subtests
) -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    assert len(bomb) < MOST_BYTES

    for path in (CARDS_URL, CHECK_URL, INGEST_URL):
        with subtests.test(path):
            answer = await house.post(path, data=bomb, headers={"Content-Encoding": "gzip"})

            assert answer.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE


# --- Who dawdles -----------------------------------------------------------------------------


async def test_who_sends_headers_or_bodies_drop_by_drop_delays_nobody(
    house: TestClient, hass_access_token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom_components.gatehouse.api_view.BODY_WITHIN", 0.5)
    login = f"Host: house\r\nAuthorization: Bearer {hass_access_token}\r\n"
    body = f"POST {CHECK_URL} HTTP/1.1\r\n{login}Content-Length: 60000\r\n\r\n{{"
    began = [f"GET /gatehouse/share/{'x' * 32} HTTP/1.1\r\nHost:", body]
    lines = [await _begun(house, said) for said in began for _ in range(100)]
    dripping = asyncio.create_task(_drip(lines))

    async with asyncio.timeout(3):
        assert (await house.get(f"/gatehouse/share/{'x' * 32}")).status == HTTPStatus.NOT_FOUND
        assert (await house.get("/api/gatehouse/footage/f1")).status == HTTPStatus.NOT_FOUND

    async with asyncio.timeout(5):
        told = [int((await reader.readline()).split()[1]) for reader, _ in lines[100:]]
    assert set(told) == {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
    dripping.cancel()
    for _, writer in lines:
        writer.close()


async def _begun(house: TestClient, said: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection(house.host, house.port)
    writer.write(said.encode())
    return reader, writer


async def _drip(lines: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]) -> None:
    while True:
        for _, writer in lines:
            writer.write(b"a")
        await asyncio.sleep(0.05)
