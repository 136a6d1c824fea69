"""Commands of the WebSocket and actions, with whatever anybody may say in their fields."""

import asyncio
from traceback import walk_tb
from typing import Any, Final

from homeassistant.components import websocket_api
from homeassistant.core import HomeAssistant, SupportsResponse
from homeassistant.exceptions import HomeAssistantError
from homeassistant.setup import async_setup_component
from hypothesis import assume, given, strategies as st
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import MockHAClientWebSocket, WebSocketGenerator
import voluptuous as vol

from tests.fuzzing import fuzzed
from tests.ha.fuzz.schemas import drawn
from tests.ha.happened import CLIP, SEEN, filmed, happened

PATIENCE: Final = 0.3  # seconds

# What tells nobody anything but how we are made.
INTERNAL: Final = ("Traceback", "object at 0x", "sqlalchemy", "sqlite3", "psycopg", "NoneType")


@pytest.fixture
async def house(hass: HomeAssistant, doored: MockConfigEntry) -> MockConfigEntry:
    """A site with a camera and a door where something happened."""
    await happened(doored, SEEN)
    await filmed(doored, CLIP)
    assert await async_setup_component(hass, "websocket_api", {})
    return doored


@pytest.fixture
async def socket(house: MockConfigEntry, hass_ws_client: WebSocketGenerator) -> Any:
    """An administrator's connection."""
    return await hass_ws_client()


def is_plain(sentence: str) -> bool:
    """Whether what is told is for people."""
    return bool(sentence.strip()) and not any(word in sentence for word in INTERNAL)


def tracebacks(log: pytest.LogCaptureFixture) -> list[str]:
    """Return what was logged that nobody expected."""
    return [
        f"{one.name}: {one.getMessage()} {one.exc_info and one.exc_info[1]!r}"
        for one in log.records
        if one.exc_info
    ]


def commands(hass: HomeAssistant) -> dict[str, Any]:
    """Return our commands with their schemas; False is none."""
    found = hass.data[websocket_api.DOMAIN].items()
    return {name: schema for name, (_, schema) in found if name.startswith("gatehouse/")}


def cores_own(schema: Any, fields: Any) -> bool:
    """Whether a validator of Home Assistant's own fails where it should refuse."""
    try:
        if schema is not None:
            schema(fields)
    except vol.Invalid:
        return False
    except (TypeError, ValueError, AttributeError, OverflowError) as error:
        last = list(walk_tb(error.__traceback__))[-1][0]
        return "/homeassistant/" in last.f_code.co_filename
    return False


async def answer(socket: MockHAClientWebSocket, **said: Any) -> dict[str, Any]:
    """Ask, and return the answer; what else is told meanwhile is passed over."""
    await socket.send_json_auto_id(said)
    while True:
        async with asyncio.timeout(10):
            told = await socket.receive_json()
        for message in told if isinstance(told, list) else [told]:
            if message["type"] == "result":
                return message


@given(data=st.data())
@fuzzed(150)
async def test_a_command_answers_or_refuses_in_words(
    hass: HomeAssistant,
    socket: MockHAClientWebSocket,
    caplog: pytest.LogCaptureFixture,
    data: st.DataObject,
) -> None:
    known = commands(hass)
    name = data.draw(st.sampled_from(sorted(known)), "command")
    fields = data.draw(drawn(known[name] or {}), "fields")
    fields = fields if isinstance(fields, dict) else {"incident_id": fields}
    fields = {key: value for key, value in fields.items() if key not in {"id", "type"}}
    caplog.clear()

    told = await answer(socket, type=name, **fields)

    if not told["success"]:
        assert told["error"]["code"] != "unknown_error", told
        assert is_plain(told["error"]["message"])
    elif name.endswith("/subscribe"):
        assert (await answer(socket, type="unsubscribe_events", subscription=told["id"]))["success"]
    assert tracebacks(caplog) == []


@given(data=st.data())
@fuzzed(120)
async def test_an_action_does_or_refuses_in_words(
    hass: HomeAssistant,
    house: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
    data: st.DataObject,
) -> None:
    known = hass.services.async_services_for_domain("gatehouse")
    name = data.draw(st.sampled_from(sorted(known)), "action")
    schema = known[name].schema
    fields = data.draw(drawn(schema if schema is not None else {}), "fields")
    fields = fields if isinstance(fields, dict) else {"entity_id": fields}
    answers = known[name].supports_response is not SupportsResponse.NONE
    caplog.clear()
    assume(not cores_own(schema, fields))

    try:
        async with asyncio.timeout(PATIENCE):
            await hass.services.async_call(
                "gatehouse", name, fields, blocking=True, return_response=answers
            )
    except TimeoutError:
        pass  # who waits for a card or a clip is not answered at once
    except vol.Invalid as error:
        assert str(error)
    except HomeAssistantError as error:
        assert is_plain(str(error))
    assert tracebacks(caplog) == []
