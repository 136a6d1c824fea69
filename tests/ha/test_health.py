"""How the machines are, told to whoever looks after them, and on Home Assistant's own pages."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
import json
from pathlib import Path
import re
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, get_system_health_info
from pytest_homeassistant_custom_component.typing import MockHAClientWebSocket, WebSocketGenerator

from custom_components.gatehouse import telling
from custom_components.gatehouse.agent import AgentStats
from custom_components.gatehouse.care import OwnMachine
from custom_components.gatehouse.database import DatabaseError
from custom_components.gatehouse.health_payload import stats_json
from custom_components.gatehouse.problem_words import async_problems
from tests.ha.asking import serving
from tests.ha.scripted import AGENT_ID, CAMERA, ScriptedAgent, ScriptedDetections
from tests.ha.seeing import set_up, walk_by
from tests.ha.site import site_with, subentry_of
from tests.ha.words import VERSION
from tests.waiting import eventually

GOLDEN: Final = Path(__file__).parents[1] / "wire" / "websocket" / "health_subscribe.json"
LOW: Final = f"under_voltage_{AGENT_ID}"
HEALTH: Final[dict[str, Any]] = {"type": "gatehouse/health/subscribe"}


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tell every change at once."""
    monkeypatch.setattr(telling, "AT_MOST_EVERY", timedelta(0))


@pytest.fixture
async def client(
    running_site: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> MockHAClientWebSocket:
    """An administrator who looks at a site."""
    return await hass_ws_client()


async def told(
    client: MockHAClientWebSocket, is_so: Callable[[dict[str, Any]], bool] = lambda _: True
) -> dict[str, Any]:
    """Return the next event that says so."""
    while True:
        event: dict[str, Any] = (await client.receive_json())["event"]
        if is_so(event):
            return event


async def follow(client: MockHAClientWebSocket, **fields: Any) -> dict[str, Any]:
    """Subscribe, and return what is told at once."""
    await client.send_json_auto_id(HEALTH | fields)
    assert (await client.receive_json())["success"]
    return await told(client)


def steady(answer: Any) -> Any:
    """Return an answer with what differs from run to run made the same."""
    text = json.dumps(answer | {"machine": dict.fromkeys(answer["machine"])})
    text = re.sub(r'"(since|issued)": "20[^"]+"', r'"\1": "2026-11-20T12:34:56+00:00"', text)
    text = re.sub(r'"version": \d{12,}', '"version": 1795000000123', text)
    text = re.sub(r'"newest_version": "[^"]+"', '"newest_version": "0.1.0"', text)
    text = re.sub(r'"clock_ahead_s": [-\d.]+', '"clock_ahead_s": 0.1', text)
    return json.loads(re.sub(r'"free_bytes": \d+', '"free_bytes": 12345678901', text))


async def test_the_answer_is_the_golden_one(
    hass: HomeAssistant,
    agent: ScriptedAgent,
    seeing: dict[str, Any],
    folder: Any,
    hass_ws_client: WebSocketGenerator,
) -> None:
    golden = json.loads(GOLDEN.read_text())
    agent.doors.add()
    agent.state["stats"]["under_voltage"] = True
    agent.state["info"]["version"] = "0.0.9"
    model = {"language_model": "server", "server_url": "http://127.0.0.1:9/v1"}
    assert await async_setup_component(hass, "http", {})
    (folder / "media" / "gatehouse").mkdir()
    site = site_with(subentry_of(agent), **seeing, **model)
    await set_up(hass, site)
    figures = {"fps": 14.9, "frame_age_s": 0.05, "encoder_percent": 12.5}
    await agent.upkeep.measure(cameras={CAMERA: figures}, bookings=agent.state["bookings"])
    [coordinator] = site.runtime_data.cameras
    await eventually(lambda: coordinator.data.access.version)
    await eventually(lambda: coordinator.data.cameras[CAMERA].state.encoder_percent)
    await eventually(lambda: ir.async_get(hass).async_get_issue("gatehouse", LOW))
    client = await hass_ws_client()

    await client.send_json_auto_id(golden["command"])
    answer, event = await client.receive_json(), await told(client)

    assert {key: answer[key] for key in answer.keys() - {"id"}} == golden["answer"]
    assert [steady(event)] == [steady(each) for each in golden["events"]]


async def test_the_stats_are_told_in_the_words_of_the_wire(
    client: MockHAClientWebSocket, agent: ScriptedAgent
) -> None:
    health = await follow(client)

    assert health["agents"][0]["stats"] == agent.state["stats"]
    assert health["agents"][0]["bookings"] == agent.state["bookings"]


async def test_the_machine_of_home_assistant_is_told_too(
    client: MockHAClientWebSocket, running_site: MockConfigEntry
) -> None:
    health = await follow(client)
    read = running_site.runtime_data.machine.data

    assert health["machine"] == stats_json(read)
    assert health["machine"]["memory_total_bytes"] == read.memory_total_bytes > 0


@pytest.mark.usefixtures("hasty")
async def test_what_changes_in_the_machine_is_told(
    client: MockHAClientWebSocket,
    running_site: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await follow(client)

    monkeypatch.setattr(OwnMachine, "read", lambda _: AgentStats(cpu_percent=87.5))
    await running_site.runtime_data.machine.async_refresh()

    assert (await told(client))["machine"]["cpu_percent"] == 87.5


@pytest.mark.usefixtures("hasty")
async def test_what_changes_is_told(client: MockHAClientWebSocket, agent: ScriptedAgent) -> None:
    before = await follow(client)

    await agent.upkeep.tell(status="offline", error="No frame for 5 s.")
    broken = await told(client, lambda news: news != before)
    await agent.stop()
    gone = await told(client, lambda news: not news["agents"][0]["online"])

    assert broken["agents"][0]["cameras"][0]["error"] == "No frame for 5 s."
    assert gone["agents"][0]["since"] > before["agents"][0]["since"]
    assert gone["agents"][0]["error"]


async def test_many_changes_are_told_once_a_second(
    client: MockHAClientWebSocket, agent: ScriptedAgent
) -> None:
    await follow(client)
    before = asyncio.get_running_loop().time()

    for restarts in range(1, 30):
        await agent.upkeep.tell(restarts=restarts)

    await told(client, lambda news: news["agents"][0]["cameras"][0]["restarts"] == 29)
    assert asyncio.get_running_loop().time() - before > 0.8


@pytest.mark.usefixtures("hasty")
async def test_what_is_wrong_is_told_in_words_until_it_is_over(
    hass: HomeAssistant, client: MockHAClientWebSocket, agent: ScriptedAgent
) -> None:
    await follow(client)

    agent.state["stats"]["under_voltage"] = True
    await agent.upkeep.measure()
    [problem] = (await told(client, lambda news: bool(news["problems"])))["problems"]
    ir.async_get(hass).async_ignore("gatehouse", problem["id"], True)
    await told(client, lambda news: not news["problems"])

    assert problem["id"] == LOW
    assert problem["severity"] == "error"
    assert problem["title"] == "Porch has too little power"
    assert problem["text"].startswith("The voltage of Porch breaks down.")


async def test_a_problem_that_can_be_fixed_is_told_in_the_words_of_its_fix(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    words = {"camera": "Front door", "name": "Porch", "error": "No frame for 5 s."}
    for key, severity in (("under_voltage", "warning"), ("camera_offline", "error")):
        ir.async_create_issue(
            hass,
            "gatehouse",
            key,
            is_fixable=True,
            severity=ir.IssueSeverity(severity),
            translation_key=key,
            translation_placeholders=words,
        )

    first, second = await async_problems(hass, "en")

    assert (first.title, second.id) == ("Front door gives no pictures", "under_voltage")
    assert "No frame for 5 s." in first.text


@pytest.mark.usefixtures("hasty")
async def test_the_feed_outlives_a_reload_and_a_database_that_fails(
    hass: HomeAssistant,
    client: MockHAClientWebSocket,
    running_site: MockConfigEntry,
    agent: ScriptedAgent,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await follow(client)

    async def fail() -> None:
        raise DatabaseError("The disk is broken.")

    library = running_site.runtime_data.storage.library
    with monkeypatch.context() as broken:
        broken.setattr(type(library), "stock", lambda _: fail())
        await agent.upkeep.tell(restarts=1)
        failed = await told(client, lambda news: news["kind"] == "failed")
    assert await hass.config_entries.async_reload(running_site.entry_id)

    assert (failed["code"], "The disk is broken." in failed["message"]) == ("database_failed", True)
    assert await told(client, lambda news: news["kind"] == "health")


async def test_only_administrators_are_told(
    client: MockHAClientWebSocket,
    hass_ws_client: WebSocketGenerator,
    hass_read_only_access_token: str,
) -> None:
    member = await hass_ws_client(access_token=hass_read_only_access_token)

    await member.send_json_auto_id(HEALTH)

    assert (await member.receive_json())["error"]["code"] == "unauthorized"


async def test_detectors_and_summaries_are_told(
    hass: HomeAssistant,
    agent: ScriptedAgent,
    detections: ScriptedDetections,
    seeing: dict[str, Any],
    folder: Any,
    hass_ws_client: WebSocketGenerator,
) -> None:
    model = {"language_model": "server", "server_url": "http://127.0.0.1:9/v1"}
    assert await async_setup_component(hass, "http", {})
    await set_up(hass, site_with(subentry_of(agent), **seeing, **model))
    await walk_by(hass, agent, detections)

    health = await follow(await hass_ws_client())

    [detector] = health["detectors"]
    assert (detector["healthy"], detector["queue"]) == (True, 0)
    assert detector["latency_ms"] > 0
    assert health["summaries"].keys() == {"queued", "spent_today"}


# --- Home Assistant's own pages ------------------------------------------------------------------


async def info_of(hass: HomeAssistant) -> dict[str, Any]:
    """Return what the page of the system's health says of the site."""
    assert await async_setup_component(hass, "system_health", {})
    await hass.async_block_till_done()
    found: dict[str, Any] = await get_system_health_info(hass, "gatehouse")
    return {
        key: await value if asyncio.iscoroutine(value) else value for key, value in found.items()
    }


async def test_the_system_is_told_how_the_site_is(
    hass: HomeAssistant, agent: ScriptedAgent, folder: Any
) -> None:
    async def answer(_: Any) -> Any:
        raise PermissionError

    assert await async_setup_component(hass, "http", {})
    async with serving(answer) as address:
        storage = {"s3_endpoint": address, "s3_bucket": "clips"}
        await set_up(hass, site_with(subentry_of(agent), detectors=[], **storage))

        info = await info_of(hass)

    assert info["version"] == VERSION
    assert (info["agents"], info["cameras"]) == ("1 / 1", "1 / 1")
    assert (info["detector"], info["uploads_waiting"], info["summaries_waiting"]) == ("off", 0, 0)
    assert info["database"].endswith(" MB")
    assert info["storage_reachable"] == "ok"


async def test_the_system_is_told_who_looks_and_how_quickly(
    hass: HomeAssistant,
    site: MockConfigEntry,
    agent: ScriptedAgent,
    detections: ScriptedDetections,
) -> None:
    await walk_by(hass, agent, detections)

    info = await info_of(hass)

    assert info["detector"].startswith("remote, ")
    assert info["detector"].endswith(" ms")
    assert "storage_reachable" not in info


async def test_the_system_is_told_of_a_database_that_fails(
    hass: HomeAssistant, running_site: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_: object) -> None:
        raise DatabaseError("The disk is broken.")

    monkeypatch.setattr(type(running_site.runtime_data.storage.library), "stock", fail)

    info = await info_of(hass)

    assert info["database"] == {"type": "failed", "error": "The disk is broken."}


async def test_the_system_is_told_that_the_site_does_not_run(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    assert await hass.config_entries.async_unload(running_site.entry_id)

    assert await info_of(hass) == {"running": False}
