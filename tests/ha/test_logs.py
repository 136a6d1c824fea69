"""The one log of a site: what is in it, who may read it, and how it is told as it is written."""

from collections.abc import Callable
from datetime import timedelta
import json
import logging
from pathlib import Path
import re
import time
from typing import Any, Final
from unittest.mock import patch

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import Unauthorized
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser
from pytest_homeassistant_custom_component.typing import MockHAClientWebSocket, WebSocketGenerator

from custom_components.gatehouse import PLATFORMS
from custom_components.gatehouse.agent import LogLevel
from custom_components.gatehouse.database import DatabaseError
from custom_components.gatehouse.log_deeds import LARGEST_PAGE
from custom_components.gatehouse.logs import SITE, LogQuery, Logs, LogStore, SiteLog, flow as room
from custom_components.gatehouse.snooze import Snoozes
from tests.ha.scripted import AGENT_ID, TOKEN, ScriptedAgent
from tests.ha.site import site_with, subentry_of
from tests.rooms.logs.written import batch
from tests.waiting import eventually

GOLDEN: Final = Path(__file__).parents[1] / "wire" / "websocket"
GOLDENS: Final = ("logs_list", "logs_subscribe")
LIST: Final[dict[str, Any]] = {"type": "gatehouse/logs/list"}
FEED: Final[dict[str, Any]] = {"type": "gatehouse/logs/subscribe"}
OURS: Final = logging.getLogger("custom_components.gatehouse")


async def connected(hass: HomeAssistant) -> None:
    """Wait until the agent is heard."""
    await eventually(lambda: hass.states.is_state("camera.front_door", "streaming"))


@pytest.fixture
async def running_site(
    monkeypatch: pytest.MonkeyPatch, hass: HomeAssistant, agent: ScriptedAgent
) -> MockConfigEntry:
    """A site whose log is written at once."""
    monkeypatch.setattr(room, "PAUSE", timedelta(milliseconds=20))
    site = site_with(subentry_of(agent), detectors=[])
    site.add_to_hass(hass)
    assert await hass.config_entries.async_setup(site.entry_id)
    await connected(hass)
    return site


@pytest.fixture
async def client(
    running_site: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> MockHAClientWebSocket:
    """An administrator's connection."""
    return await hass_ws_client()


@pytest.fixture
async def member(
    running_site: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
    hass_read_only_access_token: str,
) -> MockHAClientWebSocket:
    """The connection of somebody who is no administrator."""
    return await hass_ws_client(access_token=hass_read_only_access_token)


async def asked(client: MockHAClientWebSocket, command: dict[str, Any]) -> dict[str, Any]:
    """Send a command and return the answer."""
    await client.send_json_auto_id(command)
    return await client.receive_json()


async def told(client: MockHAClientWebSocket) -> dict[str, Any]:
    """Return the next event."""
    event: dict[str, Any] = (await client.receive_json())["event"]
    return event


async def follow(client: MockHAClientWebSocket, **fields: Any) -> dict[str, Any]:
    """Subscribe, and return what is told at once."""
    assert (await asked(client, FEED | fields))["success"]
    return await told(client)


async def write(
    agent: ScriptedAgent, *texts: str, first: int = 1, level: str = "info", **fields: Any
) -> None:
    """Have the agent write into its log, a minute ago: before whatever the site writes now.

    What the agent's clock shows is only known to the delay of what it says.
    """
    at = time.time() - 60
    records = [
        {"seq": seq, "at": at, "level": level, "source": "camera_agent", "text": text}
        for seq, text in enumerate(texts, first)
    ]
    await agent.say({"type": "logs", "run": "5f0c9a1e4b7d", "lost": 0, "records": records} | fields)


async def log(site: MockConfigEntry, count: int = 1, **query: Any) -> list[str]:
    """Return the texts of the log, newest first, as soon as there are so many."""

    async def texts() -> list[str]:
        page = await site.runtime_data.log.flow.find(LogQuery(**query))
        found = [record.text for record in page.records]
        return found if len(found) >= count else []

    found: list[str] = await eventually(texts)
    return found


def steady(answer: Any) -> Any:
    """Return an answer with what differs from run to run made the same."""
    text = json.dumps(answer)
    text = re.sub(r'"at": "20[^"]+"', '"at": "2026-11-20T12:34:56+00:00"', text)
    text = re.sub(r'"site/[0-9a-f]{12}/\d+"', '"site/0123456789ab/7"', text)
    next_page = r'"next": "\d+/\d+/'
    return json.loads(re.sub(next_page, '"next": "1795000000000000/42/', text))


# --- What everybody can rely on --------------------------------------------------------------


@pytest.mark.parametrize("name", GOLDENS)
async def test_the_answer_is_the_golden_one(
    client: MockHAClientWebSocket, running_site: MockConfigEntry, agent: ScriptedAgent, name: str
) -> None:
    golden = json.loads((GOLDEN / f"{name}.json").read_text())
    await write(agent, "One.", "Two.", level="warning")
    await log(running_site, 2, source=AGENT_ID)
    OURS.getChild("camera").warning("Three.")
    await log(running_site, text="Three.")

    answer = await asked(client, golden["command"])
    events = [await told(client) for _ in golden["events"][:1]]
    await write(agent, "Four.", first=3, level="error")
    events += [await told(client) for _ in golden["events"][1:]]

    assert steady({key: answer[key] for key in answer.keys() - {"id"}}) == golden["answer"]
    assert steady(events) == golden["events"]


@pytest.mark.parametrize("command", [LIST, FEED], ids=lambda command: command["type"])
async def test_only_administrators_read_the_log(
    member: MockHAClientWebSocket, command: dict[str, Any]
) -> None:
    assert (await asked(member, command))["error"]["code"] == "unauthorized"


@pytest.mark.usefixtures("running_site")
async def test_only_administrators_get_the_log_by_action(
    hass: HomeAssistant, hass_read_only_user: MockUser
) -> None:
    with pytest.raises(Unauthorized):
        await hass.services.async_call(
            "gatehouse",
            "get_logs",
            blocking=True,
            return_response=True,
            context=Context(user_id=hass_read_only_user.id),
        )


async def test_an_automation_gets_what_it_asks_for(
    hass: HomeAssistant, running_site: MockConfigEntry, agent: ScriptedAgent
) -> None:
    await write(agent, "Camera front: No frame for 2 s.", "Fine again.")
    await log(running_site, 2, source=AGENT_ID)

    found = await hass.services.async_call(
        "gatehouse",
        "get_logs",
        {"source": "porch", "text": "no frame", "since": "2026-01-01", "limit": "5"},
        blocking=True,
        return_response=True,
    )

    assert [each["text"] for each in found["records"]] == ["Camera front: No frame for 2 s."]
    assert found["next"] is None


WITHOUT_SENSE: Final = (
    {"limit": 0},
    {"limit": 201},
    {"level": "dreadful"},
    {"since": "yesterday-ish"},
    {"before": "yesterday"},
    {"before": "x/1/run/site"},
    {"before": f"1/{2**70}/run/site"},
    {"text": "x" * 201},
    {"surprise": 1},
)


async def test_a_question_without_sense_is_refused(
    client: MockHAClientWebSocket, subtests: pytest.Subtests
) -> None:
    for fields in WITHOUT_SENSE:
        with subtests.test(str(fields)):
            assert (await asked(client, LIST | fields))["error"]["code"] == "invalid_format"


async def test_pages_follow_each_other_whatever_happens_meanwhile(
    client: MockHAClientWebSocket, running_site: MockConfigEntry, agent: ScriptedAgent
) -> None:
    await write(agent, "1", "2", "3")
    await log(running_site, 3, source=AGENT_ID)
    ask = LIST | {"source": AGENT_ID, "limit": 2}

    first = (await asked(client, ask))["result"]
    await write(agent, "4", first=4)
    await log(running_site, text="4", source=AGENT_ID)
    second = (await asked(client, ask | {"before": first["next"]}))["result"]

    assert [each["text"] for each in (*first["records"], *second["records"])] == ["3", "2", "1"]
    assert second["next"] is None


async def test_an_agent_that_was_removed_is_still_a_source(
    client: MockHAClientWebSocket, running_site: MockConfigEntry
) -> None:
    flow = running_site.runtime_data.log.flow
    flow.hear("c0ffee000002", batch(1))
    await flow.write()

    answer = (await asked(client, LIST | {"source": "c0ffee000002"}))["result"]

    assert {each["id"]: each["name"] for each in answer["sources"]} == {
        SITE: "Home",
        AGENT_ID: "Porch",
        "c0ffee000002": "c0ffee000002",
    }


# --- What is in it ---------------------------------------------------------------------------


async def test_what_gatehouse_itself_writes_is_in_it_without_tokens(
    running_site: MockConfigEntry,
) -> None:
    OURS.getChild("agent.client").error("Porch refused %s", TOKEN)

    [record] = await log(running_site, source=SITE, level=LogLevel.ERROR)

    assert record == "Porch refused […]"


async def test_an_agent_tells_its_newest_again_and_each_is_there_once(
    hass: HomeAssistant, running_site: MockConfigEntry, agent: ScriptedAgent
) -> None:
    await write(agent, "1", "2")
    await log(running_site, 2, source=AGENT_ID)

    assert await hass.config_entries.async_reload(running_site.entry_id)
    await connected(hass)
    await write(agent, "1", "2", "3")

    await log(running_site, text="3", source=AGENT_ID)
    assert sorted(await log(running_site, source=AGENT_ID)) == ["1", "2", "3"]


async def test_the_time_of_a_record_is_ours(
    running_site: MockConfigEntry, agent: ScriptedAgent
) -> None:
    [coordinator] = running_site.runtime_data.cameras
    day = timedelta(days=1)
    ahead = {"now": time.time() + day.total_seconds(), "stats": agent.state["stats"]}
    await agent.say({"type": "stats"} | ahead)
    await eventually(lambda: coordinator.agent.clock_ahead > day / 2)

    line = {"seq": 1, "level": "info", "source": "camera_agent", "text": "1"}
    await write(agent, records=[line | {"at": ahead["now"]}])
    await log(running_site, source=AGENT_ID)

    [record] = (await running_site.runtime_data.log.flow.find(LogQuery(source=AGENT_ID))).records
    assert abs(record.at.timestamp() - time.time()) < 60


async def test_a_flood_is_cut_short_and_counted(
    running_site: MockConfigEntry, agent: ScriptedAgent
) -> None:
    await write(agent, *(f"Line {n}" for n in range(1000)))

    [loss] = await log(running_site, source=AGENT_ID, level=LogLevel.WARNING)

    assert re.match(r"\d+ records are lost so far", loss)
    assert len(await log(running_site, source=AGENT_ID, limit=1000)) < 500


# --- As it is written ------------------------------------------------------------------------


async def test_news_are_told_to_those_who_asked_for_them(
    client: MockHAClientWebSocket, agent: ScriptedAgent
) -> None:
    first = await follow(client, level="warning", source="Porch")

    await write(agent, "Fine.")
    await write(agent, "Not fine.", first=2, level="error")
    news = await told(client)

    assert (first["kind"], first["records"]) == ("page", [])
    assert (news["kind"], [each["text"] for each in news["records"]]) == ("records", ["Not fine."])


async def test_news_that_come_while_the_page_is_read_come_after_it(
    client: MockHAClientWebSocket, running_site: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    flow, find = running_site.runtime_data.log.flow, Logs.find

    async def slowly(logs: Logs, query: LogQuery) -> Any:
        flow.hear(AGENT_ID, batch(1))
        await flow.write()
        page = await find(logs, query)
        flow.hear(AGENT_ID, batch(2, 3))
        await flow.write()
        return page

    monkeypatch.setattr(Logs, "find", slowly)
    first = await follow(client, source=AGENT_ID)
    news = await told(client)

    assert [each["text"] for each in first["records"]] == ["Line 1"]
    assert [each["text"] for each in news["records"]] == ["Line 3", "Line 2"]


async def test_of_too_many_news_the_newest_are_told(
    client: MockHAClientWebSocket, agent: ScriptedAgent
) -> None:
    await follow(client, source=AGENT_ID)

    await write(agent, *(f"Line {n}" for n in range(LARGEST_PAGE + 50)))

    news = (await told(client))["records"]
    assert len(news) == LARGEST_PAGE
    assert news[0]["text"] == f"Line {LARGEST_PAGE + 49}"


async def test_the_feed_outlives_a_reload_and_a_database_that_fails(
    hass: HomeAssistant,
    client: MockHAClientWebSocket,
    running_site: MockConfigEntry,
    agent: ScriptedAgent,
) -> None:
    async def fail(*_: object) -> None:
        raise DatabaseError("The disk is broken.")

    with patch.object(LogStore, "find", fail):
        failed = await follow(client, source=AGENT_ID)
        assert (await asked(client, LIST))["error"]["code"] == "database_failed"
    assert await hass.config_entries.async_reload(running_site.entry_id)
    again = await told(client)
    await connected(hass)
    await write(agent, "Here again.")

    assert (failed["kind"], failed["code"]) == ("failed", "database_failed")
    assert (again["kind"], again["records"]) == ("page", [])
    assert (await told(client))["records"][0]["text"] == "Here again."


async def test_who_unsubscribes_hears_nothing_more(
    client: MockHAClientWebSocket, running_site: MockConfigEntry, agent: ScriptedAgent
) -> None:
    feed = (await asked(client, FEED | {"source": AGENT_ID}))["id"]
    await told(client)
    assert (await asked(client, {"type": "unsubscribe_events", "subscription": feed}))["success"]

    await write(agent, "1")
    await log(running_site, source=AGENT_ID)

    assert (await asked(client, {"type": "ping"}))["type"] == "pong"


# --- How it ends -----------------------------------------------------------------------------


def listening() -> list[logging.Handler]:
    """Return those who hear what Gatehouse writes."""
    return [each for each in OURS.handlers if isinstance(each, SiteLog)]


async def test_an_unload_leaves_nobody_who_listens_and_writes_the_last_word(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    assert len(listening()) == 1
    OURS.warning("The last word.")

    assert await hass.config_entries.async_unload(running_site.entry_id)
    assert listening() == []
    assert await hass.config_entries.async_setup(running_site.entry_id)

    assert "The last word." in await log(running_site, source=SITE)
    assert len(listening()) == 1


async def test_when_home_assistant_stops_nobody_listens_any_more(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await hass.async_block_till_done()

    assert listening() == []


@pytest.mark.parametrize(
    "broken",
    [
        lambda: patch.object(Snoozes, "load", side_effect=OSError("The disk is broken.")),
        lambda: patch("custom_components.gatehouse.PLATFORMS", [*PLATFORMS, "no_platform"]),
    ],
    ids=["in the hub", "in a platform"],
)
async def test_a_site_that_cannot_be_set_up_leaves_nobody_who_listens(
    hass: HomeAssistant, agent: ScriptedAgent, broken: Callable[[], Any]
) -> None:
    site = site_with(subentry_of(agent), detectors=[])
    site.add_to_hass(hass)

    with broken():
        assert not await hass.config_entries.async_setup(site.entry_id)

    assert site.state is not ConfigEntryState.LOADED
    assert listening() == []


async def test_a_database_that_fails_at_the_end_keeps_nobody_from_leaving(
    hass: HomeAssistant, running_site: MockConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(*_: object) -> None:
        raise DatabaseError("The disk is broken.")

    OURS.warning("The last word.")
    with patch.object(LogStore, "add", fail):
        assert await hass.config_entries.async_unload(running_site.entry_id)

    assert "The last records are lost: The disk is broken." in caplog.text
