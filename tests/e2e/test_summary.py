"""What a real language model makes of an incident, from the lens to what the user reads."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import async_capture_events
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.gatehouse.incidents import AssessorOptions
from custom_components.gatehouse.incidents.track import TrackRules
from tests.e2e.llama import LlamaServer
from tests.ha.scripted import ScriptedAgent, ScriptedDetections, scripted_agent, scripted_detections
from tests.ha.seeing import LIVE, RISK, incidents, set_up, walk_by
from tests.ha.site import site_with, subentry_of
from tests.ports import free_port
from tests.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

# A model this small has no summary in more than half of its answers, and is asked again.
TRIES = 40
PATIENCE = 150

RETRIES = AssessorOptions.__init__.__kwdefaults__


@pytest.fixture
async def porch(socket_enabled: None) -> AsyncIterator[ScriptedAgent]:
    """An agent called Porch."""
    async with scripted_agent() as agent:
        yield agent


@pytest.fixture
async def detections(socket_enabled: None) -> AsyncIterator[ScriptedDetections]:
    """A detection service that finds nobody yet."""
    async with scripted_detections() as detections:
        yield detections


@pytest.fixture
def media(hass: HomeAssistant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders of this test's own, and a house that has no time to lose."""
    (tmp_path / "configuration").mkdir()
    hass.config.config_dir = str(tmp_path / "configuration")
    hass.config.media_dirs = {"local": str(tmp_path / "media")}
    monkeypatch.setitem(TrackRules.__init__.__kwdefaults__, "gone_after", timedelta(seconds=1))
    monkeypatch.setitem(RETRIES, "retry_longest", timedelta(milliseconds=1))


async def walked_by(
    hass: HomeAssistant, agent: ScriptedAgent, detections: ScriptedDetections, **options: Any
) -> dict[str, Any]:
    """Let somebody walk by on a site with these options; return what was told at the end."""
    assert await async_setup_component(hass, "http", {})
    told = async_capture_events(hass, "gatehouse_incident")
    seeing = {"detectors": ["remote"], "remote_url": detections.url, "idle": 2, "pre_roll": 1}
    await set_up(hass, site_with(subentry_of(agent), **seeing, **options))
    await walk_by(hass, agent, detections)
    closed = await eventually(lambda: [each for each in told if each.data["type"] == "closed"], 20)
    return dict(closed[0].data)


async def assessed(hass: HomeAssistant, state: str) -> dict[str, Any]:
    """Wait until the incident's assessment has come so far; return the incident."""

    async def found() -> dict[str, Any] | None:
        return next((each for each in await incidents(hass) if each["assessment"] == state), None)

    return await eventually(found, PATIENCE, f"an assessment that is {state},")


def attributes(hass: HomeAssistant) -> dict[str, Any]:
    """Return what the sensor tells of the last incident."""
    state = hass.states.get(RISK)
    assert state is not None
    return {"risk": int(state.state), **state.attributes}


async def test_a_real_model_tells_what_an_incident_was_wherever_it_is_shown(
    hass: HomeAssistant,
    porch: ScriptedAgent,
    detections: ScriptedDetections,
    media: None,
    llama: LlamaServer,
    hass_ws_client: WebSocketGenerator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(RETRIES, "attempts", TRIES)
    told = async_capture_events(hass, "gatehouse_incident")
    by_rule = await walked_by(
        hass,
        porch,
        detections,
        language_model="server",
        server_url=llama.url,
        server_model=llama.model,
    )
    assert by_rule["assessment"] == "pending"
    assert by_rule["summary"].startswith("A person at Front door ")

    incident = await assessed(hass, "done")

    assert (incident["author"], incident["cameras"]) == ("model", [LIVE])
    assert 0 < len(incident["summary"]) <= 400
    assert incident["summary"] != by_rule["summary"]
    assert by_rule["risk"] - 30 <= incident["risk"] <= by_rule["risk"] + 30
    assert incident["reasons"][: len(by_rule["reasons"])] == by_rule["reasons"]

    shown = attributes(hass)
    assert {key: shown[key] for key in ("risk", "level", "summary", "assessment")} == {
        key: incident[key] for key in ("risk", "level", "summary", "assessment")
    }
    socket = await hass_ws_client()
    await socket.send_json_auto_id(
        {"type": "gatehouse/incidents/get", "incident_id": incident["id"]}
    )
    answer = await socket.receive_json()
    assert answer["success"], answer
    assert (answer["result"]["summary"], answer["result"]["author"]) == (
        incident["summary"],
        "model",
    )
    assert [each.data["type"] for each in told] == ["confirmed", "closed", "assessed"]


async def test_beyond_the_days_budget_the_facts_speak_and_nobody_is_asked(
    hass: HomeAssistant, porch: ScriptedAgent, detections: ScriptedDetections, media: None
) -> None:
    by_rule = await walked_by(
        hass, porch, detections, language_model="server", server_url=nowhere(), budget=0
    )

    incident = await assessed(hass, "skipped")

    assert (incident["author"], incident["summary"]) == ("facts", by_rule["summary"])
    assert incident["risk"] == by_rule["risk"]
    assert attributes(hass)["assessment"] == "skipped"


async def test_without_its_server_an_incident_is_told_by_its_facts_and_says_so(
    hass: HomeAssistant, porch: ScriptedAgent, detections: ScriptedDetections, media: None
) -> None:
    by_rule = await walked_by(
        hass, porch, detections, language_model="server", server_url=nowhere()
    )

    incident = await assessed(hass, "failed")

    assert (incident["author"], incident["summary"]) == ("facts", by_rule["summary"])
    assert incident["risk"] == by_rule["risk"]
    assert attributes(hass)["assessment"] == "failed"


def nowhere() -> str:
    """Return an address at which nobody listens."""
    return f"http://127.0.0.1:{free_port()}"
