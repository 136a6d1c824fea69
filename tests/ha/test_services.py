"""The actions, on a site that runs with a real database and an agent on loopback."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import voluptuous as vol

from custom_components.gatehouse.agent import AgentError, AgentRefused, AgentUnreachable, ErrorCode
from custom_components.gatehouse.database import DatabaseError
from custom_components.gatehouse.footage import DiskFull, FootageError, FootageStore
from custom_components.gatehouse.incidents import IncidentStore
from custom_components.gatehouse.models import (
    Assessment,
    Footage,
    FootageStage,
    Incident,
    IncidentState,
    Level,
)
from custom_components.gatehouse.services import translated
from tests.ha.scripted import KEY, ScriptedAgent, jpeg
from tests.waiting import eventually

CAMERA = "camera.front_door"
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)

SEEN = Incident(
    id="a1",
    camera=KEY,
    state=IncidentState.CLOSED,
    started=NOON,
    last_seen=NOON + timedelta(seconds=20),
    ended=NOON + timedelta(seconds=50),
    confirmed=NOON + timedelta(seconds=1),
    labels=("person",),
    count=2,
    score=0.9,
    picture=Path("/media/picture.jpg"),
    assessment=Assessment(risk=45, level=Level.MEDIUM, reasons=("2 people at once",)),
)
CLIP = Footage(
    id="f1",
    camera=KEY,
    incident="a1",
    stage=FootageStage.READY,
    since=NOON,
    until=NOON + timedelta(seconds=30),
    path=Path("/media/clip.mp4"),
)


async def act(hass: HomeAssistant, action: str, **data: Any) -> Any:
    """Perform an action and return its response."""
    return await hass.services.async_call(
        "gatehouse", action, data, blocking=True, return_response=True
    )


async def happened(site: MockConfigEntry, *incidents: Incident) -> None:
    """Put incidents into the site's database."""
    store = IncidentStore(site.runtime_data.database)
    for incident in incidents:
        await store.save(incident)


# --- record ----------------------------------------------------------------------------------


async def test_a_camera_is_recorded_for_a_while(
    hass: HomeAssistant, running_site: MockConfigEntry, agent: ScriptedAgent
) -> None:
    answer = await act(hass, "record", entity_id=CAMERA, duration=12)

    await eventually(lambda: bool(agent.recordings))
    (recording,) = agent.recordings.values()
    assert recording["until"] - recording["started"] == pytest.approx(12, abs=0.1)
    footage = await running_site.runtime_data.footage.get(answer[CAMERA]["footage_id"])
    assert footage.camera == KEY


async def test_a_recording_takes_half_a_minute_unless_told_otherwise(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    answer = await act(hass, "record", entity_id=CAMERA)

    footage = await running_site.runtime_data.footage.get(answer[CAMERA]["footage_id"])
    assert footage.until - footage.since == timedelta(seconds=30)


@pytest.mark.usefixtures("running_site")
@pytest.mark.parametrize("duration", [0, 301, -5, "soon"])
async def test_a_recording_has_bounds(hass: HomeAssistant, duration: object) -> None:
    with pytest.raises(vol.Invalid):
        await act(hass, "record", entity_id=CAMERA, duration=duration)


async def test_footage_of_an_agent_that_was_removed_waits_for_its_return(
    running_site: MockConfigEntry,
) -> None:
    hub = running_site.runtime_data
    gone = await hub.footage.record("c0ffee000002/garage", NOON, NOON + timedelta(seconds=5))

    async def error() -> str | None:
        return (await hub.footage.get(gone.id)).error

    assert await eventually(error) == "agent_unreachable"


# --- snapshot --------------------------------------------------------------------------------


@pytest.mark.usefixtures("running_site")
async def test_a_snapshot_is_kept_in_the_media_folder(hass: HomeAssistant, tmp_path: Path) -> None:
    answer = await act(hass, "snapshot", entity_id=CAMERA)

    file = Path(answer[CAMERA]["path"])
    assert file.is_relative_to(tmp_path / "media")
    assert file.read_bytes() == jpeg()


@pytest.mark.usefixtures("running_site")
async def test_a_snapshot_that_fails_says_why(hass: HomeAssistant, agent: ScriptedAgent) -> None:
    agent.token = "changed"

    with pytest.raises(HomeAssistantError) as failed:
        await act(hass, "snapshot", entity_id=CAMERA)

    assert failed.value.translation_key == "agent_unauthorized"


# --- get_incidents ---------------------------------------------------------------------------


async def test_an_incident_is_told_in_full(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    await happened(running_site, SEEN)
    await FootageStore(running_site.runtime_data.database).add(CLIP)

    assert await act(hass, "get_incidents") == {
        "incidents": [
            {
                "id": "a1",
                "camera": CAMERA,
                "state": "closed",
                "started": "2026-11-20T12:00:00+00:00",
                "confirmed": "2026-11-20T12:00:01+00:00",
                "last_seen": "2026-11-20T12:00:20+00:00",
                "ended": "2026-11-20T12:00:50+00:00",
                "labels": ["person"],
                "count": 2,
                "risk": 45,
                "level": "medium",
                "reasons": ["2 people at once"],
                "clip": "media-source://gatehouse/footage/f1",
                "picture": "media-source://gatehouse/picture/a1",
            }
        ]
    }


async def test_what_is_not_there_yet_is_null(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    fresh = replace(
        SEEN, state=IncidentState.OPEN, ended=None, picture=None, assessment=None, camera="gone/x"
    )
    await happened(running_site, fresh)

    (told,) = (await act(hass, "get_incidents"))["incidents"]

    missing = ["camera", "ended", "risk", "level", "clip", "picture"]
    assert {key: told[key] for key in missing} == dict.fromkeys(missing)
    assert told["reasons"] == []


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, ["night", "noon", "morning"]),
        ({"since": "2026-11-20T12:00:00+00:00"}, ["night", "noon"]),
        ({"until": "2026-11-20T12:00:00+00:00"}, ["morning"]),
        # Without a zone it is local time, which is San Diego's here.
        ({"since": "2026-11-20 05:00:00"}, ["night"]),
        ({"level": "high"}, ["night"]),
        ({"limit": 2}, ["night", "noon"]),
        ({"camera": CAMERA}, ["noon", "morning"]),
    ],
)
async def test_incidents_are_found_by(
    hass: HomeAssistant,
    running_site: MockConfigEntry,
    asked: dict[str, Any],
    found: list[str],
) -> None:
    night = NOON + timedelta(hours=11)
    high = Assessment(risk=70, level=Level.HIGH, reasons=())
    await happened(
        running_site,
        replace(SEEN, id="morning", started=NOON - timedelta(hours=4)),
        replace(SEEN, id="noon"),
        replace(SEEN, id="night", started=night, assessment=high, camera="gone/x"),
        replace(SEEN, id="unconfirmed", confirmed=None),
    )

    answer = await act(hass, "get_incidents", **asked)

    assert [incident["id"] for incident in answer["incidents"]] == found


@pytest.mark.usefixtures("running_site")
async def test_only_cameras_of_ours_can_be_asked_for(hass: HomeAssistant) -> None:
    with pytest.raises(ServiceValidationError) as failed:
        await act(hass, "get_incidents", camera=["camera.neighbour"])

    assert failed.value.translation_key == "not_a_camera"
    assert failed.value.translation_placeholders == {"entity": "camera.neighbour"}


@pytest.mark.usefixtures("running_site")
@pytest.mark.parametrize(
    "wrong", [{"limit": 0}, {"limit": 501}, {"level": "dreadful"}, {"since": "yesterday-ish"}]
)
async def test_a_question_without_sense_is_refused(
    hass: HomeAssistant, wrong: dict[str, Any]
) -> None:
    with pytest.raises(vol.Invalid):
        await act(hass, "get_incidents", **wrong)


async def test_a_site_that_does_not_run_says_so(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    assert await hass.config_entries.async_unload(running_site.entry_id)

    with pytest.raises(ServiceValidationError):
        await act(hass, "get_incidents", config_entry_id=running_site.entry_id)


async def test_a_database_that_fails_is_told(
    hass: HomeAssistant, running_site: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_: object) -> list[Incident]:
        raise DatabaseError("The disk is broken.")

    monkeypatch.setattr(running_site.runtime_data.incidents, "find", fail)

    with pytest.raises(HomeAssistantError) as failed:
        await act(hass, "get_incidents")

    assert failed.value.translation_key == "database_failed"
    assert failed.value.translation_placeholders == {"error": "The disk is broken."}


# --- errors ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "key"),
    [
        (AgentUnreachable("no answer"), "agent_unreachable"),
        (AgentRefused(ErrorCode.TOO_MANY, "too many"), "agent_refused"),
        (AgentRefused(ErrorCode.CAMERA_OFFLINE, "no cable"), "camera_offline"),
        (DiskFull("5 MB"), "disk_full"),
        (DatabaseError("locked"), "database_failed"),
    ],
)
async def test_an_error_of_a_room_becomes_words(
    error: AgentError | FootageError | DatabaseError, key: str
) -> None:
    with pytest.raises(HomeAssistantError) as failed:
        async with translated():
            raise error

    assert failed.value.translation_domain == "gatehouse"
    assert failed.value.translation_key == key
    assert failed.value.translation_placeholders == {"error": str(error)}
