"""The notification: the real blueprint in Home Assistant's own loader, run on a real site."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

from homeassistant.components.automation.helpers import async_get_blueprints
from homeassistant.components.blueprint import Blueprint
from homeassistant.components.mobile_app import DOMAIN as MOBILE_APP
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
    async_mock_service,
)

from custom_components.gatehouse.blueprint import OURS, SEAL, async_offer_blueprint
from custom_components.gatehouse.footage import FootageStore
from custom_components.gatehouse.incidents import IncidentStore, NewsKind
from custom_components.gatehouse.models import Assessment, AssessmentState, Incident, Level
from tests.ha.automating import CLIP, CLOSED, INCIDENT, LIVE, LOW, tell
from tests.ha.scripted import KEY, ScriptedAgent, ScriptedDetections
from tests.ha.seeing import incidents, walk_by
from tests.waiting import eventually

FAMILY: dict[str, Any] = {"notifiers": ["notify.family"]}
PATH = "gatehouse/incident_notification.yaml"
CRITICAL = Assessment(risk=90, level=Level.CRITICAL, reasons=("a door was forced",))


@pytest.fixture
def blueprint(hass: HomeAssistant) -> Path:
    """Where Home Assistant looks for the blueprint."""
    return Path(hass.config.path("blueprints", "automation", PATH))


@pytest.fixture
def family(hass: HomeAssistant) -> list[ServiceCall]:
    """What a group of phones is sent."""
    return async_mock_service(hass, "notify", "family")


@pytest.fixture
async def phone(hass: HomeAssistant) -> tuple[str, list[ServiceCall]]:
    """A phone with the app: its device, and what it is sent."""
    app = MockConfigEntry(domain=MOBILE_APP)
    app.add_to_hass(hass)
    device = dr.async_get(hass).async_get_or_create(
        config_entry_id=app.entry_id, identifiers={(MOBILE_APP, "p1")}, name="Anna's phone"
    )
    return device.id, async_mock_service(hass, "notify", "mobile_app_anna_s_phone")


async def notifying(hass: HomeAssistant, **inputs: Any) -> None:
    """Have an automation made from the blueprint."""
    await async_offer_blueprint(hass)
    made = {"alias": "Notify", "use_blueprint": {"path": PATH, "input": inputs}}
    assert await async_setup_component(hass, "automation", {"automation": made})
    await hass.async_block_till_done()
    assert hass.states.is_state("automation.notify", "on")


async def happened(site: MockConfigEntry, incident: Incident = INCIDENT) -> None:
    """Keep an incident, tell that it is confirmed, and that somebody is to be notified."""
    await IncidentStore(site.runtime_data.database).save(incident)
    tell(site, NewsKind.CONFIRMED, incident, due=True)


async def sent(calls: list[ServiceCall], count: int) -> dict[str, Any]:
    """Return what was sent last, when it is so many."""
    await eventually(lambda: len(calls) >= count, what=f"number {count} of what is sent")
    assert len(calls) == count
    return calls[-1].data


async def sent_of(calls: list[ServiceCall], count: int, news: Callable[[], None]) -> dict[str, Any]:
    """Return what was sent last, when news that is told again and again makes it so many.

    In the test it may come before the run listens, which outside takes seconds.
    """

    def ask() -> bool:
        news()
        return len(calls) >= count

    await eventually(ask, what=f"number {count} of what is sent")
    assert len(calls) == count
    return calls[-1].data


def tap(hass: HomeAssistant, notification: dict[str, Any], title: str) -> None:
    """Tap on a button of a notification, as the app tells of it."""
    (action,) = (
        each["action"]
        for each in notification["data"]["actions"]
        if each["title"].startswith(title)
    )
    hass.bus.async_fire("mobile_app_notification_action", {"action": action, "device_id": "p1"})


async def kept(site: MockConfigEntry, identity: str = "a1") -> Incident:
    """Return an incident as it is kept."""
    incident = await site.runtime_data.archive.get(identity)
    assert incident
    return incident


# --- One notification ------------------------------------------------------------------------


async def test_a_notification_comes_with_the_picture_and_is_remembered(
    hass: HomeAssistant, running_site: MockConfigEntry, family: list[ServiceCall]
) -> None:
    await notifying(hass, **FAMILY)

    await happened(running_site)

    told = await sent(family, 1)
    data = dict(told["data"])
    image = data.pop("image")
    assert image.startswith("/api/gatehouse/picture/a1?authSig=")
    assert (told["title"], told["message"]) == (
        "Front door: high",
        "A person at Front door for 20 s.",
    )
    assert data == {
        "tag": "gatehouse-a1",
        "group": "gatehouse",
        "url": "/gatehouse/incident/a1",
        "clickAction": "/gatehouse/incident/a1",
        "actions": [
            {"action": "GATEHOUSE:REVIEWED:a1", "title": "Reviewed"},
            {"action": "GATEHOUSE:NOT_A_PERSON:a1", "title": "Not a person"},
            {"action": f"GATEHOUSE:SNOOZE:60:{LIVE}", "title": "Snooze 60 min"},
        ],
        "alert_once": True,
        "ttl": 0,
        "priority": "high",
        "channel": "Gatehouse",
        "push": {"sound": "default", "interruption-level": "time-sensitive"},
    }

    async def notified() -> datetime | None:
        return (await kept(running_site)).notified

    assert await eventually(notified)


async def test_a_phone_is_notified_by_its_device(
    hass: HomeAssistant, running_site: MockConfigEntry, phone: tuple[str, list[ServiceCall]]
) -> None:
    device, calls = phone
    await notifying(hass, phones=[device])

    await happened(running_site)

    assert (await sent(calls, 1))["data"]["tag"] == "gatehouse-a1"


async def test_a_phone_that_cannot_be_reached_does_not_keep_the_others_from_knowing(
    hass: HomeAssistant, running_site: MockConfigEntry, family: list[ServiceCall]
) -> None:
    async def fail(_: ServiceCall) -> None:
        raise HomeAssistantError("The phone is off.")

    hass.services.async_register("notify", "broken", fail)
    await notifying(hass, notifiers=["notify.broken", "notify.family"])

    await happened(running_site)

    assert await sent(family, 1)


async def test_the_same_notification_gets_the_clip_then_the_end_then_the_summary(
    hass: HomeAssistant, running_site: MockConfigEntry, family: list[ServiceCall]
) -> None:
    await notifying(hass, **FAMILY)
    await happened(running_site)
    await sent(family, 1)

    await FootageStore(running_site.runtime_data.database).add(CLIP)
    with_clip = await sent_of(family, 2, partial(tell, running_site, NewsKind.RECORDED))

    over = replace(CLOSED, assessing=AssessmentState.PENDING)
    await sent_of(family, 3, partial(tell, running_site, NewsKind.CLOSED, over))

    judged = replace(LOW, summary="It was the postman.")
    done = replace(over, assessing=AssessmentState.DONE, assessment=judged)
    assessed = partial(tell, running_site, NewsKind.UPDATED, done, assessed=True)
    at_last = await sent_of(family, 4, assessed)

    assert {call.data["data"]["tag"] for call in family} == {"gatehouse-a1"}
    assert with_clip["data"]["video"].startswith("/api/gatehouse/footage/f1?authSig=")
    assert (at_last["title"], at_last["message"]) == ("Front door", "It was the postman.")
    silent = {"sound": "none", "interruption-level": "passive"}
    assert [call.data["data"]["push"] for call in family[1:]] == [silent] * 3


async def test_each_incident_has_its_own_notification(
    hass: HomeAssistant, running_site: MockConfigEntry, family: list[ServiceCall]
) -> None:
    await notifying(hass, **FAMILY)
    for identity in ("a1", "b2"):
        await happened(running_site, replace(INCIDENT, id=identity))
    await sent(family, 2)

    for count, identity in enumerate(("b2", "a1"), start=3):
        closed = partial(tell, running_site, NewsKind.CLOSED, replace(CLOSED, id=identity))
        await sent_of(family, count, closed)

    tags = [call.data["data"]["tag"] for call in family]
    assert tags == ["gatehouse-a1", "gatehouse-b2", "gatehouse-b2", "gatehouse-a1"]


async def test_who_was_not_notified_is_not_sent_the_rest(
    hass: HomeAssistant, running_site: MockConfigEntry, family: list[ServiceCall]
) -> None:
    await notifying(hass, **FAMILY)

    tell(running_site, NewsKind.CONFIRMED)
    tell(running_site, NewsKind.RECORDED)
    tell(running_site, NewsKind.CLOSED, CLOSED)
    await hass.async_block_till_done()

    assert family == []


@pytest.mark.parametrize("kind", [NewsKind.UPDATED, NewsKind.CLOSED])
async def test_who_was_spared_at_first_is_notified_when_it_gets_worse(
    hass: HomeAssistant,
    running_site: MockConfigEntry,
    family: list[ServiceCall],
    kind: NewsKind,
) -> None:
    await notifying(hass, **FAMILY)

    await IncidentStore(running_site.runtime_data.database).save(INCIDENT)
    tell(running_site, NewsKind.CONFIRMED, replace(INCIDENT, assessment=LOW))
    tell(running_site, kind, due=True)

    assert (await sent(family, 1))["title"] == "Front door: high"


async def test_what_somebody_has_looked_at_is_not_brought_back(
    hass: HomeAssistant, running_site: MockConfigEntry, family: list[ServiceCall]
) -> None:
    await notifying(hass, **FAMILY)
    await happened(running_site)
    await sent(family, 1)

    def ended() -> bool:
        tell(running_site, NewsKind.RECORDED, replace(INCIDENT, reviewed=CLOSED.ended))
        tell(running_site, NewsKind.CLOSED, replace(CLOSED, false_alarm=True))
        return hass.states.get("automation.notify").attributes["current"] == 0

    await eventually(ended, what="the run")
    assert len(family) == 1


# --- Whom, which, when -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "inputs", [{"cameras": ["camera.garden"]}, {"places": ["Garden"]}, {"level": "critical"}]
)
async def test_incidents_that_are_not_chosen_are_kept_quiet(
    hass: HomeAssistant,
    running_site: MockConfigEntry,
    family: list[ServiceCall],
    inputs: dict[str, Any],
) -> None:
    await notifying(hass, **FAMILY, **inputs)

    await happened(running_site)
    await hass.async_block_till_done()

    assert family == []
    assert (await kept(running_site)).notified is None


async def test_nobody_is_at_home(
    hass: HomeAssistant, running_site: MockConfigEntry, family: list[ServiceCall]
) -> None:
    hass.states.async_set("person.anna", "not_home")
    hass.states.async_set("person.ben", "work")
    await notifying(hass, **FAMILY, people=["person.anna", "person.ben"])

    await happened(running_site)

    assert await sent(family, 1)


async def test_whoever_is_at_home_needs_no_notification(
    hass: HomeAssistant, running_site: MockConfigEntry, family: list[ServiceCall]
) -> None:
    hass.states.async_set("person.anna", "not_home")
    hass.states.async_set("person.ben", "home")
    await notifying(hass, **FAMILY, people=["person.anna", "person.ben"])

    await happened(running_site)
    await hass.async_block_till_done()

    assert family == []
    assert (await kept(running_site)).notified is None


def hours(begin: int, end: int) -> dict[str, str]:
    """Return quiet hours from so many hours from now until so many."""
    now = dt_util.now()
    return {
        "quiet_from": f"{now + timedelta(hours=begin):%H:%M:%S}",
        "quiet_until": f"{now + timedelta(hours=end):%H:%M:%S}",
    }


# Whatever the time of day, some of them hold midnight and some do not.
@pytest.mark.parametrize(("begin", "end"), [(-1, 1), (-9, 9), (-1, -2), (2, 1), (-22, 1)])
async def test_quiet_hours_are_quiet(
    hass: HomeAssistant,
    running_site: MockConfigEntry,
    family: list[ServiceCall],
    begin: int,
    end: int,
) -> None:
    await notifying(hass, **FAMILY, **hours(begin, end))

    await happened(running_site)
    await hass.async_block_till_done()

    assert family == []


@pytest.mark.parametrize(("begin", "end"), [(1, 2), (-2, -1), (1, -1), (9, -9), (0, 0), (3, 3)])
async def test_other_hours_are_not_quiet(
    hass: HomeAssistant,
    running_site: MockConfigEntry,
    family: list[ServiceCall],
    begin: int,
    end: int,
) -> None:
    await notifying(hass, **FAMILY, **hours(begin, end))

    await happened(running_site)

    assert await sent(family, 1)


async def test_what_is_critical_comes_through_and_rings(
    hass: HomeAssistant, running_site: MockConfigEntry, family: list[ServiceCall]
) -> None:
    hass.states.async_set("person.anna", "home")
    await notifying(hass, **FAMILY, people=["person.anna"])

    await happened(running_site, replace(INCIDENT, assessment=CRITICAL))
    first = (await sent(family, 1))["data"]
    closed = partial(tell, running_site, NewsKind.CLOSED, replace(CLOSED, assessment=CRITICAL))
    second = (await sent_of(family, 2, closed))["data"]

    loud = {"sound": {"name": "default", "critical": 1, "volume": 1.0}}
    assert first["push"] == loud | {"interruption-level": "critical"}
    assert first["channel"] == "alarm_stream"
    assert second["push"]["interruption-level"] == "passive"
    assert second["channel"] == "Gatehouse"


async def test_nothing_need_be_critical(
    hass: HomeAssistant, running_site: MockConfigEntry, family: list[ServiceCall]
) -> None:
    await notifying(hass, **FAMILY, critical_level="never")

    await happened(running_site, replace(INCIDENT, assessment=CRITICAL))

    assert (await sent(family, 1))["data"]["channel"] == "Gatehouse"


async def test_words_path_and_actions_are_the_users(
    hass: HomeAssistant, running_site: MockConfigEntry, family: list[ServiceCall]
) -> None:
    siren = async_mock_service(hass, "siren", "turn_on")
    await notifying(
        hass,
        **FAMILY,
        title="{{ news.count }} in {{ news.zones | join }}",
        message="{{ news.reasons | join }}",
        tap_path="/lovelace/cameras",
        snooze=15,
        extra=[{"action": "siren.turn_on", "data": {"tone": "{{ news.level }}"}}],
    )

    await happened(running_site)

    told = await sent(family, 1)
    assert (told["title"], told["message"]) == ("1 in Drive", "at night")
    assert told["data"]["url"] == told["data"]["clickAction"] == "/lovelace/cameras"
    assert told["data"]["actions"][2]["action"] == f"GATEHOUSE:SNOOZE:15:{LIVE}"
    assert (await sent(siren, 1))["tone"] == "high"


async def test_an_incident_about_which_little_is_known_is_told_too(
    hass: HomeAssistant, running_site: MockConfigEntry, family: list[ServiceCall]
) -> None:
    await notifying(hass, **FAMILY)

    await happened(running_site, replace(INCIDENT, assessment=None, picture=None, sightings=()))

    told = await sent(family, 1)
    assert (told["title"], told["message"]) == ("Front door", "Somebody is there.")
    assert "image" not in told["data"]
    assert [each["title"] for each in told["data"]["actions"]] == ["Reviewed", "Not a person"]


# --- Answers ---------------------------------------------------------------------------------


@pytest.fixture
async def notification(
    hass: HomeAssistant, running_site: MockConfigEntry, family: list[ServiceCall]
) -> dict[str, Any]:
    """A notification that has come."""
    await notifying(hass, **FAMILY)
    await happened(running_site)
    return await sent(family, 1)


@pytest.mark.parametrize(
    ("button", "said"),
    [
        ("Reviewed", lambda incident: incident.reviewed and not incident.false_alarm),
        ("Not a person", lambda incident: incident.reviewed and incident.false_alarm),
    ],
)
async def test_an_answer_is_kept_and_clears_the_notification_everywhere(
    hass: HomeAssistant,
    running_site: MockConfigEntry,
    family: list[ServiceCall],
    notification: dict[str, Any],
    button: str,
    said: Callable[[Incident], bool],
) -> None:
    tap(hass, notification, button)

    assert await sent(family, 2) == {
        "message": "clear_notification",
        "data": {"tag": "gatehouse-a1"},
    }
    assert said(await kept(running_site))


async def test_what_is_not_a_person_is_ignored_from_now_on(
    hass: HomeAssistant, running_site: MockConfigEntry, notification: dict[str, Any]
) -> None:
    tap(hass, notification, "Not a person")

    (box,) = await eventually(lambda: running_site.runtime_data.zones.of(KEY).ignored)
    assert box.incident == "a1"


async def test_snooze_snoozes_the_cameras_of_the_incident(
    hass: HomeAssistant,
    running_site: MockConfigEntry,
    family: list[ServiceCall],
    notification: dict[str, Any],
) -> None:
    tap(hass, notification, "Snooze")

    until = await eventually(lambda: running_site.runtime_data.snoozes.until(KEY))
    assert (until - dt_util.utcnow()).total_seconds() == pytest.approx(3600, abs=60)
    assert len(family) == 1


async def test_a_tap_is_answered_after_a_restart_of_the_site(
    hass: HomeAssistant, running_site: MockConfigEntry, notification: dict[str, Any]
) -> None:
    assert await hass.config_entries.async_reload(running_site.entry_id)

    tap(hass, notification, "Reviewed")

    async def reviewed() -> datetime | None:
        return (await kept(running_site)).reviewed

    assert await eventually(reviewed)


async def test_buttons_of_others_are_none_of_ours(
    hass: HomeAssistant,
    running_site: MockConfigEntry,
    family: list[ServiceCall],
    notification: dict[str, Any],
) -> None:
    for data in ({"action": "LIGHTS_ON"}, {}):
        hass.bus.async_fire("mobile_app_notification_action", data)
    tap(hass, notification, "Reviewed")

    assert (await sent(family, 2))["message"] == "clear_notification"


async def test_a_real_walk_is_one_notification_that_ends_with_a_clip(
    hass: HomeAssistant,
    site: MockConfigEntry,
    agent: ScriptedAgent,
    detections: ScriptedDetections,
    family: list[ServiceCall],
) -> None:
    await notifying(hass, **FAMILY)

    await walk_by(hass, agent, detections)
    await agent.complete()
    await eventually(lambda: any("video" in call.data["data"] for call in family))
    await eventually(lambda: len(family) == 3)

    (incident,) = await incidents(hass)
    assert {call.data["data"]["tag"] for call in family} == {f"gatehouse-{incident['id']}"}
    assert incident["notified"]


# --- The file --------------------------------------------------------------------------------


async def loaded(hass: HomeAssistant) -> Any:
    """Return the blueprint as Home Assistant knows it."""
    assert await async_setup_component(hass, "automation", {})
    return (await async_get_blueprints(hass).async_get_blueprints()).get(PATH)


async def test_home_assistant_finds_the_blueprint(hass: HomeAssistant, blueprint: Path) -> None:
    await async_offer_blueprint(hass)

    found = await loaded(hass)
    assert isinstance(found, Blueprint)
    assert found.validate() is None
    assert found.domain == "automation"


async def test_the_blueprint_says_when_it_is_kept_up_to_date(
    hass: HomeAssistant, blueprint: Path
) -> None:
    await async_offer_blueprint(hass)

    assert blueprint.read_text().startswith(SEAL)


async def test_a_blueprint_that_the_user_changed_is_left_alone(
    hass: HomeAssistant, blueprint: Path
) -> None:
    await async_offer_blueprint(hass)
    theirs = blueprint.read_text().replace("Gatehouse incident", "My own")
    blueprint.write_text(theirs)

    await async_offer_blueprint(hass)

    assert blueprint.read_text() == theirs


@pytest.mark.parametrize("theirs", [b"", b"\xff\xfe", b"blueprint: {}\n"])
async def test_whatever_else_lies_there_is_left_alone(
    hass: HomeAssistant, blueprint: Path, theirs: bytes
) -> None:
    blueprint.parent.mkdir(parents=True)
    blueprint.write_bytes(theirs)

    await async_offer_blueprint(hass)

    assert blueprint.read_bytes() == theirs


async def test_an_older_blueprint_of_ours_is_replaced_and_its_automations_are_loaded_again(
    hass: HomeAssistant,
    running_site: MockConfigEntry,
    blueprint: Path,
    family: list[ServiceCall],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    older = tmp_path / "older.yaml"
    older.write_text(OURS.read_text().replace("'tag': 'gatehouse-'", "'tag': 'older-'"))
    with monkeypatch.context() as then:
        then.setattr("custom_components.gatehouse.blueprint.OURS", older)
        await notifying(hass, **FAMILY)
    await happened(running_site)
    assert (await sent(family, 1))["data"]["tag"] == "older-a1"

    made = {"alias": "Notify", "use_blueprint": {"path": PATH, "input": FAMILY}}
    reloaded = async_capture_events(hass, "automation_reloaded")
    with patch("homeassistant.config.load_yaml_config_file", return_value={"automation": made}):
        await async_offer_blueprint(hass)
        await eventually(lambda: reloaded)
    await happened(running_site, replace(INCIDENT, id="b2"))

    assert (await sent(family, 2))["data"]["tag"] == "gatehouse-b2"


async def test_a_configuration_that_cannot_be_written_is_told(
    hass: HomeAssistant, blueprint: Path, caplog: pytest.LogCaptureFixture
) -> None:
    blueprint.parent.parent.mkdir(parents=True)
    blueprint.parent.write_text("a file where the folder belongs")

    await async_offer_blueprint(hass)

    assert "The blueprint for notifications cannot be laid" in caplog.text
