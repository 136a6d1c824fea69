"""After a busy day no number of a card and no PIN is to be found anywhere, however it is spelt."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from http import HTTPStatus
import json
from pathlib import Path
import sqlite3
from typing import Any

import aiohttp
import pytest

from scripts.demonstration.home_assistant import DemoError
from tests.waiting import eventually

from .house import House, living_in

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

# Long and odd, so that none of them turns up by chance.
CARDS = {
    "Anna's card": "7A3F91C6E5",
    "Bob's card": "04D7A1B2C3F5E6",
    "a card that is learned": "B49E27D3A8",
    "a card that nobody has": "E6D85B1F7C",
    "a card of another reader": "C1F28E90B7",
}
PINS = {"Anna's PIN": "8306194725", "a wrong PIN": "6917350284", "half a PIN": "70418365"}
ANNAS, BOBS, LEARNED, UNKNOWN, OTHERS = CARDS.values()
ANNAS_PIN, WRONG_PIN, HALF_A_PIN = PINS.values()

CHECK = "/api/gatehouse/access/check"


@pytest.fixture
async def house(tmp_path: Path, socket_enabled: None) -> AsyncIterator[House]:
    async with living_in(tmp_path) as house:
        yield house


async def test_no_card_number_and_no_pin_is_left_anywhere(house: House) -> None:
    levels = {"custom_components.gatehouse": "debug", "homeassistant.core": "debug"}
    await house.home.post("/api/services/logger/set_level", levels)
    async with everything_on_the_bus(house) as heard:
        door = await house.entity(house.door, "lock")
        await give_cards(house, door)
        await make_mistakes(house)
        await come_to_the_door(house)
        await ask_from_elsewhere(house, door)
        with house.damaged():
            await come_to_the_door(house)
            await ask_from_elsewhere(house, door, HTTPStatus.INTERNAL_SERVER_ERROR)
        # The agent fell over a decision, and reads the next one all the same.
        assert await house.does("present", ANNAS) == "Admitted"
        await eventually(lambda: len(granted(heard)) >= 3, 10, "the last event")
    told = {
        "a state": json.dumps(await house.home.get("/api/states")),
        "an event": json.dumps(heard),
        "the access log": json.dumps(await house.log()),
        "the users": json.dumps(await house.asks("get_users")),
        "the diagnostics": await diagnostics(house),
    }
    await house.stop()
    told |= {f"the log of {name}": house.told(name) for name in ("home", "agent")}
    told |= {f"a dump of {file.name}": dump(file) for file in databases(house.folder)}

    assert betrayed(told, house.folder) == []
    assert "Anna" in told["an event"]
    assert all("The decision broke off" in told[f"the log of {name}"] for name in ("home", "agent"))
    assert len(databases(house.folder)) == 2


def test_a_secret_is_found_however_it_is_spelt(tmp_path: Path) -> None:
    for number, (_, spelling) in enumerate(spellings()):
        (tmp_path / str(number)).write_text(f"<{spelling.upper()}>")

    assert len(betrayed({}, tmp_path)) >= len(list(tmp_path.iterdir()))


async def give_cards(house: House, door: str) -> None:
    await house.asks("set_door_rules", door=[door], verify="card_or_pin")
    for name, number in (("Anna", ANNAS), ("Bob", with_colons(BOBS))):
        await house.asks("set_user", name=name, doors=[door])
        await house.asks("set_credential", user_id=name, name="Card", number=number)
    await house.asks("set_credential", user_id="Anna", name="PIN", pin=ANNAS_PIN)
    lesson = {"door": door, "user_id": "Bob", "name": "Tag", "seconds": 60}
    learning = asyncio.create_task(house.asks("enroll_credential", **lesson))
    while not learning.done():
        await house.does("present", LEARNED)
    assert (await learning)["credential"]["name"] == "Tag"


async def make_mistakes(house: House) -> None:
    """Do what is refused with an error that tells why."""
    wrong: list[dict[str, Any]] = [
        {"number": ANNAS},
        {"pin": ANNAS_PIN},
        {"pin": f"{WRONG_PIN}99"},
        {"number": f"{UNKNOWN}Z"},
        {"number": UNKNOWN, "pin": WRONG_PIN},
        {"number": [UNKNOWN]},
        {"number": UNKNOWN, "length": 99},
    ]
    for each in wrong:
        with pytest.raises(DemoError) as refused:
            await house.asks("set_credential", user_id="Bob", name="Another", **each)
        assert betrayed({"an answer": str(refused.value)}) == []


async def come_to_the_door(house: House) -> None:
    for words in (
        ("present", ANNAS),
        ("present", BOBS),
        ("present", UNKNOWN),
        ("present", "--pin", ANNAS_PIN),
        ("present", "--pin", WRONG_PIN),
        ("press", "exit"),
    ):
        await house.does(*words)


async def ask_from_elsewhere(house: House, door: str, expected: HTTPStatus = HTTPStatus.OK) -> None:
    """Ask as the readers of others do, by HTTP and by the WebSocket."""
    for shown in ({"number": ANNAS}, {"number": OTHERS}, {"pin": HALF_A_PIN}):
        card = {key: value for key, value in shown.items() if key == "number"}
        body = {"door": door, **({"card": card} if card else shown)}
        status, answer = await posted(house, CHECK, body)
        assert status == expected
        assert betrayed({"an answer": answer}) == []
        answer = await asked(house, "gatehouse/access/check", {"door": door, **shown})
        assert betrayed({"an answer": answer}) == []


async def posted(house: House, path: str, body: dict[str, Any]) -> tuple[int, str]:
    headers = {"Authorization": f"Bearer {house.home.token}"}
    async with (
        aiohttp.ClientSession(house.home.url, headers=headers) as session,
        session.post(path, json=body) as response,
    ):
        return response.status, await response.text()


async def asked(house: House, kind: str, fields: dict[str, Any]) -> str:
    """Send a command, and return its answer or its error."""
    try:
        return json.dumps(await house.home.ask(kind, **fields))
    except DemoError as error:
        return str(error)


@asynccontextmanager
async def everything_on_the_bus(house: House) -> AsyncIterator[list[dict[str, Any]]]:
    """Hear all events of Home Assistant, as an administrator may."""
    heard: list[dict[str, Any]] = []
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{house.home.url}/api/websocket") as socket,
    ):
        await socket.receive_json()
        await socket.send_json({"type": "auth", "access_token": house.home.token})
        await socket.receive_json()
        await socket.send_json({"id": 1, "type": "subscribe_events"})

        async def listen() -> None:
            while True:
                heard.append(await socket.receive_json())

        listening = asyncio.create_task(listen())
        try:
            yield heard
        finally:
            listening.cancel()


def granted(heard: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [each for each in heard if "access_granted" in json.dumps(each)]


async def diagnostics(house: House) -> str:
    status, body = await house.home.fetch(f"/api/diagnostics/config_entry/{house.memory.site}")
    assert status == HTTPStatus.OK
    return body.decode()


def databases(folder: Path) -> list[Path]:
    """Return Gatehouse's database and the recorder's."""
    return sorted(
        file
        for file in folder.rglob("*.db")
        if "gatehouse" in file.name or file.stem.startswith("home-assistant")
    )


def dump(database: Path) -> str:
    with closing(sqlite3.connect(database)) as connection:
        return "\n".join(connection.iterdump())


def betrayed(told: dict[str, str], folder: Path | None = None) -> list[str]:
    """Return which secrets are in what was told, or in any file of a folder, and where."""
    texts = {place: text.lower().encode() for place, text in told.items()}
    for file in folder.rglob("*") if folder else ():
        if file.is_file() and "custom_components" not in file.parts:
            texts[str(file.relative_to(folder or file))] = file.read_bytes().lower()
    return [
        f"{secret}, as {spelling}, in {place}"
        for secret, spelling in spellings()
        for place, text in texts.items()
        if spelling.encode() in text
    ]


def spellings() -> Iterator[tuple[str, str]]:
    """Yield all secrets as anybody might write them, in small letters."""
    for name, pin in PINS.items():
        yield name, pin
    for name, card in CARDS.items():
        for number in (bytes.fromhex(card), bytes.fromhex(card)[::-1]):
            yield name, number.hex()
            yield from ((name, number.hex(between)) for between in (":", "-", " "))
            yield name, str(int.from_bytes(number))
            yield name, str(list(number))[1:-1]


def with_colons(card: str) -> str:
    return bytes.fromhex(card).hex(":")
