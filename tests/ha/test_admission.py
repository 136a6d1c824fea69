"""A passage is part of what its cameras see: it opens or joins the incident of its place."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
import time
from typing import Any
from unittest.mock import AsyncMock, patch

from homeassistant.components.image import async_get_image
from homeassistant.components.tag.const import EVENT_TAG_SCANNED
from homeassistant.core import Event, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.gatehouse.access import Entry, PassageQuery
from custom_components.gatehouse.database import DatabaseError
from custom_components.gatehouse.incidents import IncidentQuery, NewsKind, Presence
from custom_components.gatehouse.models import Incident, Passage, PassageKind
from tests.ha.automating import tell
from tests.ha.entering import (
    ACCESS,
    HASH,
    LAST,
    LOCK,
    STRANGER,
    TAG,
    attribute,
    kinds,
    let_anna_in,
    porch_group,
    told_by,
)
from tests.ha.scripted import KEY, ScriptedAgent, ScriptedDetections
from tests.ha.scripted_doors import FRONT, GARAGE
from tests.ha.seeing import PERSON, becomes, set_up, state_of
from tests.ha.site import site_with, subentry_of
from tests.waiting import eventually

HOUR_AGO = 3600


async def incident_of(site: MockConfigEntry) -> Incident | None:
    """Return the newest incident, if there is one."""
    found = await site.runtime_data.archive.find(IncidentQuery())
    return found[0] if found else None


async def logged(site: MockConfigEntry) -> list[Passage]:
    """Return the access log, newest first."""
    found: list[Passage] = await site.runtime_data.admission.log.find(PassageQuery())
    return found


async def joined(site: MockConfigEntry, least: int = 1) -> list[Passage] | None:
    """Return the access log once it has so many rows, and each its incident."""
    rows = await logged(site)
    return rows if len(rows) >= least and all(row.incident for row in rows) else None


def listening(site: MockConfigEntry) -> list[Passage]:
    """Return a list that every passage that is told is put on."""
    told: list[Passage] = []
    site.runtime_data.admission.async_subscribe(told.append)
    return told


@pytest.fixture
async def watched(
    hass: HomeAssistant, agent: ScriptedAgent, seeing: dict[str, Any], folder: object
) -> MockConfigEntry:
    """A site whose camera sees the front door, with Anna's card."""
    agent.doors.add()
    entry = site_with(subentry_of(agent), porch_group(), **seeing)
    await set_up(hass, entry)
    await becomes(hass, LOCK, "locked")
    await let_anna_in(entry)
    return entry


# --- Now -------------------------------------------------------------------------------------


async def test_a_card_opens_the_incident_of_its_place_which_is_low_and_names_who_came(
    hass: HomeAssistant, doored: MockConfigEntry, agent: ScriptedAgent
) -> None:
    told = told_by(hass)

    await agent.doors.scan()

    incident = await eventually(lambda: incident_of(doored))
    (passage,) = incident.passages
    assert incident.place == "Porch"
    assert (passage.door, passage.person) == (FRONT, "Anna")
    assert incident.assessment
    assert incident.assessment.level == "low"
    assert "Anna" in incident.assessment.summary
    assert [each["incident_id"] for each in told] == [incident.id]
    (row,) = await eventually(lambda: joined(doored))
    assert row.incident == incident.id


async def test_a_refused_and_a_forced_door_raise_the_risk_and_are_one_incident(
    hass: HomeAssistant, doored: MockConfigEntry, agent: ScriptedAgent
) -> None:
    await agent.doors.scan("denied", **STRANGER)
    refused = await eventually(lambda: incident_of(doored))
    await agent.doors.scan("forced", **STRANGER | {"reason": None, "card": None})

    async def forced() -> Incident | None:
        found = await incident_of(doored)
        return found if found and len(found.passages) == 2 else None

    incident = await eventually(forced)
    assert incident.id == refused.id
    assert refused.assessment
    assert incident.assessment
    assert incident.assessment.risk > refused.assessment.risk
    assert incident.assessment.floor >= 60
    assert "Front door was forced open" in incident.assessment.reasons


async def test_who_is_seen_and_shows_a_card_is_one_incident_with_a_picture(
    hass: HomeAssistant,
    watched: MockConfigEntry,
    agent: ScriptedAgent,
    detections: ScriptedDetections,
) -> None:
    detections.people = 1
    await agent.move(moving=True)
    await becomes(hass, PERSON, "on")
    await agent.doors.scan()

    async def both() -> Incident | None:
        found = await incident_of(watched)
        return found if found and found.passages and found.sightings else None

    incident = await eventually(both)
    assert incident.cameras == (KEY,)
    assert attribute(hass, ACCESS, "incident_id") == incident.id
    await eventually(lambda: state_of(hass, LAST) not in {"unknown", "unavailable"})
    assert (await async_get_image(hass, LAST)).content.startswith(b"\xff\xd8")

    await hass.config_entries.async_reload(watched.entry_id)
    await eventually(lambda: state_of(hass, LAST) not in {"unknown", "unavailable"})
    assert (await async_get_image(hass, LAST)).content.startswith(b"\xff\xd8")


async def test_a_picture_that_was_deleted_is_none(
    hass: HomeAssistant, doored: MockConfigEntry, agent: ScriptedAgent
) -> None:
    with pytest.raises(HomeAssistantError):
        await async_get_image(hass, LAST)
    await agent.doors.scan()
    incident = await eventually(lambda: incident_of(doored))
    gone = replace(incident, picture=Path("/nowhere/picture.jpg"))

    tell(doored, NewsKind.UPDATED, gone)

    await eventually(lambda: state_of(hass, LAST) not in {"unknown", "unavailable"})
    with pytest.raises(HomeAssistantError):
        await async_get_image(hass, LAST)


async def test_a_door_in_no_group_is_a_place_of_its_own(
    hass: HomeAssistant, doored: MockConfigEntry, agent: ScriptedAgent
) -> None:
    await agent.doors.scan("denied", door="garage", **STRANGER)

    incident = await eventually(lambda: incident_of(doored))
    assert (incident.group, incident.place) == (GARAGE, "Garage")
    answer = await hass.services.async_call(
        "gatehouse", "get_incidents", {"place": "Garage"}, blocking=True, return_response=True
    )
    assert [each["id"] for each in answer["incidents"]] == [incident.id]


async def test_an_event_does_not_wait_for_its_row(
    hass: HomeAssistant, doored: MockConfigEntry, agent: ScriptedAgent
) -> None:
    told, log = told_by(hass), doored.runtime_data.admission.log
    failing = AsyncMock(side_effect=DatabaseError("the disk is gone"))

    with patch.object(log, "add", failing):
        await agent.doors.scan()
        await eventually(lambda: kinds(told) == ["access_granted"])
        await eventually(lambda: failing.await_count)

    incident = told[0]["incident_id"]
    assert incident
    await agent.doors.scan()
    await eventually(lambda: kinds(told) == ["access_granted", "access_granted"])

    async def both() -> bool:
        rows = await joined(doored)
        return rows is not None and [row.incident for row in rows] == [incident, incident]

    await eventually(both, 20)


# --- Long ago --------------------------------------------------------------------------------


async def test_what_happened_in_the_absence_is_part_of_the_past_and_no_event(
    hass: HomeAssistant, agent: ScriptedAgent, folder: object
) -> None:
    agent.doors.add()
    long_ago = time.time() - HOUR_AGO
    agent.doors.happened("denied", at=long_ago, **STRANGER)
    agent.doors.happened(at=long_ago + 5)
    events: list[Event] = async_capture_events(hass, "gatehouse_passage")
    site = site_with(subentry_of(agent), porch_group(), detectors=[])
    await set_up(hass, site)

    rows = await eventually(lambda: joined(site))
    assert len(rows) == 2
    assert all(row.replayed for row in rows)
    incident = await eventually(lambda: incident_of(site))
    assert incident.replayed
    assert {row.incident for row in rows} == {incident.id}
    assert abs(incident.started - datetime.fromtimestamp(long_ago, UTC)) < timedelta(seconds=1)
    assert events == []
    assert state_of(hass, ACCESS) == "unknown"
    await eventually(lambda: not agent.doors.rows)


async def test_what_is_replayed_is_told_with_its_incident(
    hass: HomeAssistant, doored: MockConfigEntry, agent: ScriptedAgent
) -> None:
    told = listening(doored)
    agent.doors.happened("denied", at=time.time() - HOUR_AGO, **STRANGER)

    await agent.cut()

    (passage,) = await eventually(lambda: told)
    assert passage.replayed
    assert passage.incident
    assert state_of(hass, ACCESS) == "unknown"


async def test_what_happened_just_before_the_return_is_part_of_what_happens(
    hass: HomeAssistant, doored: MockConfigEntry, agent: ScriptedAgent
) -> None:
    agent.doors.happened("forced", at=time.time() - 20, **STRANGER)

    await agent.cut()

    incident = await eventually(lambda: incident_of(doored))
    assert not incident.replayed


async def test_a_live_passage_of_long_ago_is_told_once_and_late(
    hass: HomeAssistant, doored: MockConfigEntry, agent: ScriptedAgent
) -> None:
    told = listening(doored)

    await agent.doors.scan(at=time.time() - HOUR_AGO)

    (passage,) = await eventually(lambda: told)
    assert not passage.replayed
    incident = await eventually(lambda: incident_of(doored))
    assert incident.replayed
    assert passage.incident == incident.id


async def test_a_passage_is_told_though_no_incident_can_be_kept(
    hass: HomeAssistant, doored: MockConfigEntry, agent: ScriptedAgent
) -> None:
    told, replays = listening(doored), doored.runtime_data.observation.replays
    failing = AsyncMock(side_effect=DatabaseError("the disk is gone"))

    with patch.object(replays, "join", failing):
        await agent.doors.scan(at=time.time() - HOUR_AGO)
        (passage,) = await eventually(lambda: told)

    assert passage.incident is None


async def test_what_was_not_yet_part_of_the_past_becomes_so_after_a_restart(
    hass: HomeAssistant, doored: MockConfigEntry
) -> None:
    log = doored.runtime_data.admission.log
    at = datetime.now(UTC) - timedelta(hours=1)
    passage = Passage(id="p1", door=FRONT, kind=PassageKind.FORCED, at=at, replayed=True)
    await log.add((Entry(passage=passage, credential=None, decider="agent"),))

    await hass.config_entries.async_reload(doored.entry_id)

    (row,) = await eventually(lambda: joined(doored))
    incident = await eventually(lambda: incident_of(doored))
    assert row.incident == incident.id


# --- More people than cards ------------------------------------------------------------------


async def test_two_persons_and_one_card_are_perhaps_one_too_many(
    hass: HomeAssistant, doored: MockConfigEntry, agent: ScriptedAgent
) -> None:
    told, house = told_by(hass), doored.runtime_data.house

    await agent.doors.scan()
    await eventually(lambda: kinds(told) == ["access_granted"])
    await agent.doors.change(open=True)
    await becomes(hass, "binary_sensor.front_door_door", "on")
    house.presence(KEY, Presence(present=True, count=2, persons=2))
    await agent.doors.change(open=False)

    await eventually(lambda: kinds(told) == ["access_granted", "tailgating_suspected"])
    rows = await eventually(lambda: joined(doored, 2))
    assert [row.kind for row in rows] == [PassageKind.TAILGATING, PassageKind.GRANTED]
    assert len({row.incident for row in rows}) == 1


async def test_a_car_is_not_counted_with_the_persons(
    hass: HomeAssistant, doored: MockConfigEntry, agent: ScriptedAgent
) -> None:
    told, house = told_by(hass), doored.runtime_data.house

    await agent.doors.scan()
    await eventually(lambda: kinds(told) == ["access_granted"])
    await agent.doors.change(open=True)
    await becomes(hass, "binary_sensor.front_door_door", "on")
    house.presence(KEY, Presence(present=True, count=2, persons=1))
    await agent.doors.change(open=False)
    await becomes(hass, "binary_sensor.front_door_door", "off")
    await agent.doors.scan("exit", credential=None, person=None)

    await eventually(lambda: kinds(told) == ["access_granted", "exit_request"])


# --- Tags ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shown", "tag"),
    [({}, f"gatehouse-{HASH[:8]}"), (STRANGER, "gatehouse-9c1185a5")],
)
async def test_a_card_is_a_tag_where_somebody_wants_that(
    hass: HomeAssistant, agent: ScriptedAgent, folder: object, shown: dict[str, Any], tag: str
) -> None:
    assert await async_setup_component(hass, "tag", {})
    scanned = async_capture_events(hass, EVENT_TAG_SCANNED)
    agent.doors.add()
    site = site_with(subentry_of(agent), detectors=[], tag_events=True)
    await set_up(hass, site)
    await becomes(hass, LOCK, "locked")
    await let_anna_in(site)

    await agent.doors.scan("denied" if shown else "granted", **shown)

    (event,) = await eventually(lambda: scanned)
    assert event.data["tag_id"] == tag
    assert event.data["device_id"]
    assert agent.doors.asked == []


async def test_no_card_is_a_tag_unless_somebody_wants_that(
    hass: HomeAssistant, doored: MockConfigEntry, agent: ScriptedAgent
) -> None:
    assert await async_setup_component(hass, "tag", {})
    told, scanned = told_by(hass), async_capture_events(hass, EVENT_TAG_SCANNED)

    await agent.doors.scan()

    await eventually(lambda: told)
    await hass.async_block_till_done(wait_background_tasks=False)
    assert scanned == []


async def test_where_home_assistant_has_no_tags_none_is_told(
    hass: HomeAssistant,
    agent: ScriptedAgent,
    folder: object,
    caplog: pytest.LogCaptureFixture,
) -> None:
    agent.doors.add()
    site = site_with(subentry_of(agent), detectors=[], tag_events=True)
    await set_up(hass, site)
    await becomes(hass, LOCK, "locked")

    await agent.doors.scan("denied", **STRANGER)

    await eventually(lambda: attribute(hass, ACCESS, "card") == "9c1185a5")
    await hass.async_block_till_done(wait_background_tasks=False)
    assert "gatehouse tag" not in caplog.text


async def test_a_card_that_cannot_be_told_from_another_is_no_tag(
    hass: HomeAssistant, agent: ScriptedAgent, folder: object
) -> None:
    assert await async_setup_component(hass, "tag", {})
    scanned = async_capture_events(hass, EVENT_TAG_SCANNED)
    agent.doors.add()
    site = site_with(subentry_of(agent), detectors=[], tag_events=True)
    await set_up(hass, site)
    await becomes(hass, LOCK, "locked")
    await let_anna_in(site)
    same = replace(TAG, id="c2", hash="ab" * 32)
    await site.runtime_data.admission.policies.save(same)

    await agent.doors.scan()
    await agent.doors.scan("denied", **STRANGER)

    (event,) = await eventually(lambda: scanned)
    assert event.data["tag_id"] == "gatehouse-9c1185a5"


# --- Time ------------------------------------------------------------------------------------


async def test_schedules_go_by_the_clock_on_home_assistants_wall(
    hass: HomeAssistant, doored: MockConfigEntry
) -> None:
    policies = doored.runtime_data.admission.policies
    before = policies.policy.zone

    await hass.config.async_update(time_zone="Asia/Tokyo")
    await hass.async_block_till_done(wait_background_tasks=False)

    assert before.key != "Asia/Tokyo"
    assert policies.policy.zone.key == "Asia/Tokyo"


async def test_nobody_knows_who_was_last_while_the_log_cannot_be_read(
    hass: HomeAssistant, doored: MockConfigEntry
) -> None:
    admission = doored.runtime_data.admission
    failing = AsyncMock(side_effect=DatabaseError("the disk is gone"))

    with patch.object(admission.log, "find", failing):
        assert await admission.last(FRONT) is None
