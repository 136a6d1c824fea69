"""What happened while Home Assistant was away: it is in every list, and an event nowhere."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
import hashlib
import time
from typing import Any, Final

from homeassistant.components.recorder import Recorder
from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.core import Event, HomeAssistant
from homeassistant.helpers import entity_registry as er, issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.gatehouse.agent import AgentInfo
from custom_components.gatehouse.incidents import IncidentNews, IncidentQuery, NewsKind
from custom_components.gatehouse.known_agents import KnownAgents
from custom_components.gatehouse.models import Incident, Replay
from tests.ha.automating import CLOSED, listening_to, tell
from tests.ha.happened import CLIP, SEEN, filmed, happened
from tests.ha.scripted import AGENT_ID, CAMERA, KEY, ScriptedAgent, ScriptedDetections, golden
from tests.ha.seeing import EVENT, PICTURE, RISK, becomes, set_up, state_of
from tests.ha.site import site_with, subentry_of
from tests.waiting import eventually

REPLAYED: Final = replace(CLOSED, replayed=True)
NEWS: Final = (
    {"kind": NewsKind.REPLAYED},
    {"kind": NewsKind.UPDATED, "assessed": True},
    {"kind": NewsKind.UPDATED},
    {"kind": NewsKind.RECORDED},
)
EVERYTHING: Final = {"changes": ["recorded", "assessed", "updated"]}


@pytest.fixture
def mock_recorder_before_hass(async_test_recorder: object) -> None:
    """Have the database of a recorder ready for those tests that ask for one."""


@pytest.mark.parametrize(
    ("trigger", "options"),
    [("incident_confirmed", {}), ("incident_updated", EVERYTHING), ("incident_closed", {})],
)
async def test_no_automation_begins_with_what_is_replayed(
    hass: HomeAssistant, running_site: MockConfigEntry, trigger: str, options: dict[str, Any]
) -> None:
    heard = await listening_to(hass, f"gatehouse.{trigger}", **options)

    for news in NEWS:
        tell(running_site, incident=REPLAYED, **news)
    await hass.async_block_till_done()
    assert heard == []

    for kind in (NewsKind.CONFIRMED, NewsKind.UPDATED, NewsKind.CLOSED):
        tell(running_site, kind)
    await eventually(lambda: heard)


async def test_no_event_and_no_logbook_entry_comes_of_what_is_replayed(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    told: list[Event] = async_capture_events(hass, "gatehouse_incident")

    for news in NEWS:
        tell(running_site, incident=REPLAYED, **news)
    await hass.async_block_till_done()

    assert told == []
    assert state_of(hass, EVENT) == "unknown"


async def test_nobody_is_to_be_notified_of_what_is_replayed(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    heard: list[IncidentNews] = []
    running_site.runtime_data.house.async_subscribe(heard.append)

    tell(running_site, NewsKind.REPLAYED, REPLAYED)

    assert [(news.due, news.is_live) for news in heard] == [(False, False)]


async def test_the_cards_hear_of_it(
    hass: HomeAssistant, running_site: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> None:
    client = await hass_ws_client()
    await client.send_json_auto_id({"type": "gatehouse/incidents/subscribe"})
    assert (await client.receive_json())["success"]

    tell(running_site, NewsKind.REPLAYED, REPLAYED)

    event = (await client.receive_json())["event"]
    assert (event["kind"], event["due"]) == ("replayed", False)


async def test_a_cameras_last_incident_is_the_last_that_happened(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    tell(running_site, NewsKind.REPLAYED, REPLAYED)
    await becomes(hass, RISK, "70")
    shown = state_of(hass, PICTURE)

    earlier = replace(REPLAYED, id="b2", started=REPLAYED.started - timedelta(days=1))
    calm = replace(earlier.assessment, risk=1) if earlier.assessment else None
    tell(running_site, NewsKind.REPLAYED, replace(earlier, assessment=calm))
    await hass.async_block_till_done()

    assert state_of(hass, RISK) == "70"
    assert state_of(hass, PICTURE) == shown


async def test_what_is_replayed_is_found_as_any_incident(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    await happened(running_site, REPLAYED)

    (found,) = await running_site.runtime_data.archive.find(IncidentQuery())

    assert found == REPLAYED


def spooled(agent: ScriptedAgent, at: float) -> None:
    """Have the agent keep a clip of a time in which nobody listened."""
    recording = golden("recording")["recording"] | {
        "id": "00000000000000aa",
        "camera": CAMERA,
        "started": at,
        "until": at + 2.0,
        "duration_s": 2.0,
        "bytes": len(agent.video),
        "sha256": hashlib.sha256(agent.video).hexdigest(),
        "origin": "spool",
    }
    agent.recordings[recording["id"]] = recording
    agent.state["recordings"] = [recording]
    agent.state["spool"] |= {"clips": 1, "bytes": len(agent.video)}


async def test_a_clip_of_the_absence_becomes_an_incident_of_its_time(
    hass: HomeAssistant,
    agent: ScriptedAgent,
    detections: ScriptedDetections,
    seeing: dict[str, Any],
    folder: object,
) -> None:
    began = time.time() - 3600
    spooled(agent, began)
    detections.people = 1
    told: list[Event] = async_capture_events(hass, "gatehouse_incident")
    site = site_with(subentry_of(agent), **seeing)

    await set_up(hass, site)

    async def replayed() -> Incident | None:
        found = await site.runtime_data.archive.find(IncidentQuery())
        return found[0] if found else None

    incident = await eventually(replayed, seconds=20)
    assert incident.replayed
    assert incident.cameras == (KEY,)
    assert abs(incident.started - datetime.fromtimestamp(began, UTC)) < timedelta(seconds=3)
    assert incident.frames
    assert told == []
    assert state_of(hass, EVENT) == "unknown"
    assert state_of(hass, "binary_sensor.front_door_person") == "off"
    await eventually(lambda: not agent.recordings)


async def test_a_clip_of_the_absence_is_kept_with_the_incident_that_it_belongs_to(
    running_site: MockConfigEntry,
) -> None:
    library = running_site.runtime_data.storage.library
    spooled = replace(CLIP, incident=None, replay=Replay.PENDING)
    await filmed(running_site, replace(CLIP, id="a"), replace(spooled, id="b"))
    await filmed(running_site, replace(CLIP, id="c", incident="a2"), replace(spooled, id="d"))
    await library.keep(True, incident=SEEN.id)

    await library.replayed("b", SEEN.id, None)
    await library.replayed("d", "a2", None)

    assert {row.id for row in await library.find() if row.kept} == {"a", "b"}


async def test_what_an_agent_has_though_it_was_fetched_long_ago_is_deleted_there(
    hass: HomeAssistant, running_site: MockConfigEntry, agent: ScriptedAgent
) -> None:
    spooled(agent, time.time() - 3600)
    (recording,) = agent.recordings.values()
    known = replace(CLIP, recording=recording["id"])
    await filmed(running_site, known)

    await agent.say({"type": "recording", "recording": recording})

    await eventually(lambda: not agent.recordings)
    assert await running_site.runtime_data.storage.library.find() == [known]


async def test_what_an_agent_kept_and_lost_is_known_when_it_is_connected(
    hass: HomeAssistant, agent: ScriptedAgent, folder: object
) -> None:
    agent.state["spool"] = {"clips": 0, "bytes": 0, "lost": 2, "readings": 0}
    site = site_with(subentry_of(agent), detectors=[])

    await set_up(hass, site)

    data = site.runtime_data.cameras.agents[AGENT_ID].data
    assert data.spool
    assert data.spool.lost == 2
    issue = ir.async_get(hass).async_get_issue("gatehouse", f"spool_lost_{AGENT_ID}")
    assert issue
    assert issue.translation_placeholders == {"name": "Porch", "lost": "2"}


async def test_an_older_agent_has_kept_nothing(
    hass: HomeAssistant, agent: ScriptedAgent, folder: object
) -> None:
    del agent.state["spool"], agent.state["info"]["ring_s"]
    site = site_with(subentry_of(agent), detectors=[])

    await set_up(hass, site)

    assert site.runtime_data.cameras.agents[AGENT_ID].data.spool is None


async def test_its_readings_become_statistics_of_its_sensors(
    recorder_mock: Recorder, hass: HomeAssistant, agent: ScriptedAgent, folder: object
) -> None:
    full = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=2)
    reading = golden("spool")["readings"][0]
    moments = [full + timedelta(minutes=minute) for minute in range(60)]
    agent.readings = [reading | {"at": at.timestamp()} for at in moments]
    agent.state["spool"]["readings"] = 60

    await set_up(hass, site_with(subentry_of(agent), detectors=[]))

    await eventually(lambda: not agent.readings, seconds=20)
    entity = er.async_get(hass).async_get_entity_id("sensor", "gatehouse", f"{AGENT_ID}_cpu")
    assert entity
    rows = await recorder_mock.async_add_executor_job(
        statistics_during_period, hass, full, None, {entity}, "hour", None, {"mean"}
    )
    assert rows[entity][0]["mean"] == 12.5


async def test_an_agent_that_cannot_tell_its_readings_keeps_them(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    agent: ScriptedAgent,
    folder: object,
    caplog: pytest.LogCaptureFixture,
) -> None:
    agent.readings = [{"at": "nonsense"}]
    agent.state["spool"]["readings"] = 1

    await set_up(hass, site_with(subentry_of(agent), detectors=[]))

    await eventually(lambda: "readings of Porch stay there" in caplog.text)
    assert agent.readings == [{"at": "nonsense"}]


async def test_what_an_agents_ring_holds_is_known_while_it_is_away(hass: HomeAssistant) -> None:
    info = AgentInfo(
        id=AGENT_ID, name="Porch", version="1", model=None, cameras=(), ring=timedelta(seconds=15)
    )
    known = KnownAgents(hass)
    known.put(AGENT_ID, info)
    known.put("older", replace(info, ring=None))
    await known.save()

    again = KnownAgents(hass)
    await again.load()

    assert again.get(AGENT_ID).info == info
    assert again.get("older").info == replace(info, ring=None)
