"""The actions, on a site that runs with a real database and an agent on loopback."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, override
from unittest.mock import patch

from homeassistant.config_entries import ConfigEntryState, ConfigSubentry
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized
from homeassistant.helpers import area_registry as ar, device_registry as dr
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser
import voluptuous as vol

from custom_components.gatehouse.agent import AgentRefused, AgentUnreachable, ErrorCode
from custom_components.gatehouse.asking import RoomError, translated
from custom_components.gatehouse.database import DatabaseError
from custom_components.gatehouse.footage import DiskFull, Library
from custom_components.gatehouse.incident_services import day_meant
from custom_components.gatehouse.incidents import LanguageModel, ModelFailed, NoteTooLong, Question
from custom_components.gatehouse.models import Assessment, IncidentState, Level
from custom_components.gatehouse.zones import ZoneCrossing, ZoneNotFound
from tests.ha.happened import CLIP, NOON, SEEN, filmed, happened
from tests.ha.scripted import KEY, ScriptedAgent, jpeg
from tests.rooms.language.servers import Scripted, says, spoken
from tests.waiting import eventually

CAMERA = "camera.front_door"
DRIVE = [[0.0, 0.5], [1.0, 0.5], [1.0, 1.0], [0.0, 1.0]]


async def act(hass: HomeAssistant, action: str, **data: Any) -> Any:
    """Perform an action and return its response."""
    return await hass.services.async_call(
        "gatehouse", action, data, blocking=True, return_response=True
    )


async def found(hass: HomeAssistant, **asked: Any) -> list[str]:
    """Return the ids of the incidents that are found."""
    answer = await act(hass, "get_incidents", **asked)
    return [incident["id"] for incident in answer["incidents"]]


async def refused(hass: HomeAssistant, action: str, **data: Any) -> ServiceValidationError:
    """Return what the user is told who asks for what makes no sense here."""
    with pytest.raises(ServiceValidationError) as refusal:
        await act(hass, action, **data)
    return refusal.value


# --- record ----------------------------------------------------------------------------------


async def test_a_camera_is_recorded_for_a_while(
    hass: HomeAssistant, running_site: MockConfigEntry, agent: ScriptedAgent
) -> None:
    answer = await act(hass, "record", entity_id=CAMERA, duration=12)

    await eventually(lambda: bool(agent.recordings))
    (recording,) = agent.recordings.values()
    assert recording["until"] - recording["started"] == pytest.approx(12, abs=0.1)
    footage = await running_site.runtime_data.storage.library.get(answer[CAMERA]["footage_id"])
    assert footage.camera == KEY


async def test_a_recording_takes_half_a_minute_unless_told_otherwise(
    hass: HomeAssistant, running_site: MockConfigEntry, agent: ScriptedAgent
) -> None:
    answer = await act(hass, "record", entity_id=CAMERA)

    await eventually(lambda: bool(agent.recordings))
    footage = await running_site.runtime_data.storage.library.get(answer[CAMERA]["footage_id"])
    assert footage.until - footage.since == timedelta(seconds=30)


@pytest.mark.usefixtures("running_site")
async def test_a_recording_has_bounds(hass: HomeAssistant, subtests: pytest.Subtests) -> None:
    for duration in (0, 301, -5, "soon"):
        with subtests.test(duration=duration), pytest.raises(vol.Invalid):
            await act(hass, "record", entity_id=CAMERA, duration=duration)


async def test_footage_of_an_agent_that_was_removed_waits_for_its_return(
    running_site: MockConfigEntry,
) -> None:
    hub = running_site.runtime_data
    gone = await hub.storage.flow.record("c0ffee000002/garage", NOON, NOON + timedelta(seconds=5))

    async def error() -> str | None:
        return (await hub.storage.library.get(gone.id)).error

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
    await filmed(running_site, CLIP)

    assert await act(hass, "get_incidents") == {
        "incidents": [
            {
                "id": "a1",
                "group": KEY,
                "place": "Front door",
                "state": "closed",
                "started": "2026-11-20T12:00:00+00:00",
                "last_seen": "2026-11-20T12:00:20+00:00",
                "ended": "2026-11-20T12:00:50+00:00",
                "cameras": [CAMERA],
                "labels": ["person"],
                "count": 2,
                "zones": ["Drive"],
                "sightings": [
                    {
                        "camera": KEY,
                        "entity_id": CAMERA,
                        "first": "2026-11-20T12:00:00+00:00",
                        "last": "2026-11-20T12:00:20+00:00",
                        "label": "person",
                        "score": 0.9,
                        "box": {"left": 0.1, "top": 0.2, "right": 0.3, "bottom": 0.9},
                    }
                ],
                "passages": [
                    {
                        "id": "p1",
                        "door": "front",
                        "kind": "denied",
                        "at": "2026-11-20T12:00:05+00:00",
                        "person": "Ann",
                        "reason": "the card has expired",
                    }
                ],
                "risk": 45,
                "level": "medium",
                "reasons": ["2 people at once"],
                "summary": "Two people rang the bell.",
                "author": "model",
                "assessment": "done",
                "reviewed": None,
                "false_alarm": False,
                "note": "",
                "notified": None,
                "kept": False,
                "replayed": False,
                "picture": "media-source://gatehouse/picture/a1",
                "frames": [
                    "media-source://gatehouse/frame/a1/0",
                    "media-source://gatehouse/frame/a1/1",
                ],
                "frame_detections": [
                    [
                        {
                            "label": "person",
                            "score": 0.9,
                            "box": {"left": 0.1, "top": 0.2, "right": 0.3, "bottom": 0.9},
                        },
                        {
                            "label": "dog",
                            "score": 0.55,
                            "box": {"left": 0.5, "top": 0.6, "right": 0.7, "bottom": 0.8},
                        },
                    ],
                    [],
                ],
                "clip": "media-source://gatehouse/footage/f1",
            }
        ],
        "next": None,
    }


async def test_what_is_not_there_yet_is_null(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    elsewhere = replace(SEEN.sightings[0], camera="gone/x")
    fresh = replace(
        SEEN,
        state=IncidentState.OPEN,
        ended=None,
        picture=None,
        frames=(),
        assessment=None,
        sightings=(elsewhere,),
    )
    await happened(running_site, fresh)

    (told,) = (await act(hass, "get_incidents"))["incidents"]

    missing = ["ended", "risk", "level", "author", "clip", "picture"]
    assert {key: told[key] for key in missing} == dict.fromkeys(missing)
    assert (told["cameras"], told["reasons"], told["frames"]) == ([], [], [])
    assert told["sightings"][0]["entity_id"] is None


FOUND = (
    ({}, ["night", "noon", "morning"]),
    ({"since": "2026-11-20T12:00:00+00:00"}, ["night", "noon"]),
    ({"until": "2026-11-20T12:00:00+00:00"}, ["morning"]),
    # Without a zone it is local time, which is San Diego's here.
    ({"since": "2026-11-20 05:00:00"}, ["night"]),
    ({"level": "high"}, ["night"]),
    ({"state": "open"}, ["night"]),
    ({"limit": 2}, ["night", "noon"]),
    ({"camera": CAMERA}, ["noon", "morning"]),
    ({"place": "front DOOR"}, ["noon", "morning"]),
    ({"place": KEY}, ["noon", "morning"]),
    ({"zone": "Hedge"}, ["noon"]),
    ({"text": "post"}, ["morning"]),
    ({"text": "nowhere"}, []),
    ({"reviewed": True}, ["morning"]),
    ({"false_alarm": False, "reviewed": False}, ["night", "noon"]),
)


async def test_incidents_are_found_by(
    hass: HomeAssistant, running_site: MockConfigEntry, subtests: pytest.Subtests
) -> None:
    elsewhere = replace(SEEN.sightings[0], camera="gone/x")
    await happened(
        running_site,
        replace(
            SEEN,
            id="morning",
            started=NOON - timedelta(hours=4),
            note="The postman.",
            reviewed=NOON,
        ),
        replace(SEEN, id="noon", zones=("Hedge",)),
        replace(
            SEEN,
            id="night",
            started=NOON + timedelta(hours=11),
            state=IncidentState.OPEN,
            assessment=Assessment(risk=70, level=Level.HIGH, reasons=()),
            group="gone/x",
            sightings=(elsewhere,),
        ),
    )

    for asked, ids in FOUND:
        with subtests.test(**asked):
            assert await found(hass, **asked) == ids


async def test_incidents_come_page_by_page(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    hours = (replace(SEEN, id=f"{n}", started=NOON + timedelta(hours=n)) for n in range(5))
    await happened(running_site, *hours)

    first = await act(hass, "get_incidents", limit=2)
    second = await act(hass, "get_incidents", limit=2, before=first["next"])
    third = await act(hass, "get_incidents", limit=2, before=second["next"])

    pages = [[told["id"] for told in page["incidents"]] for page in (first, second, third)]
    assert pages == [["4", "3"], ["2", "1"], ["0"]]
    assert third["next"] is None


async def test_each_incident_has_its_own_clip_and_a_page_of_them_is_one_question(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    names = [f"{number:x}" for number in range(60)]
    await happened(running_site, *(replace(SEEN, id=name) for name in names))
    await filmed(running_site, *(replace(CLIP, id=f"c{name}", incident=name) for name in names))
    asked = patch.object(Library, "find", autospec=True, side_effect=Library.find)

    with asked as find:
        found = (await act(hass, "get_incidents", limit=60))["incidents"]

    assert {told["id"]: told["clip"] for told in found} == {
        name: f"media-source://gatehouse/footage/c{name}" for name in names
    }
    assert find.call_count == 1


async def test_a_place_is_a_camera_group_where_there_is_one(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    group = ConfigSubentry(
        subentry_type="group",
        title="Yard",
        unique_id=None,
        data=MappingProxyType({"cameras": [KEY]}),
    )
    hass.config_entries.async_add_subentry(running_site, group)
    await hass.async_block_till_done()
    await happened(running_site, replace(SEEN, group=group.subentry_id, place="Yard"))

    assert await found(hass, place="yard") == ["a1"]
    refusal = await refused(hass, "get_incidents", place="Front door")
    assert refusal.translation_placeholders == {"place": "Front door", "places": "Yard"}


NOT_THERE = (
    ({"camera": ["camera.neighbour"]}, "not_a_camera"),
    ({"place": "Moon"}, "not_a_place"),
    ({"before": "ffff"}, "incident_not_found"),
)


@pytest.mark.usefixtures("running_site")
async def test_only_what_is_there_can_be_asked_for(
    hass: HomeAssistant, subtests: pytest.Subtests
) -> None:
    for asked, key in NOT_THERE:
        with subtests.test(**asked):
            refusal = await refused(hass, "get_incidents", **asked)

            assert refusal.translation_key == key


WITHOUT_SENSE = (
    ("get_incidents", {"limit": 0}),
    ("get_incidents", {"limit": 501}),
    ("get_incidents", {"level": "dreadful"}),
    ("get_incidents", {"state": "lost"}),
    ("get_incidents", {"since": "yesterday-ish"}),
    ("review", {}),
    ("snooze", {"entity_id": CAMERA, "duration": "-01:00"}),
    ("snooze", {"entity_id": CAMERA, "duration": {"days": 8}}),
    ("get_digest", {"date": "soon"}),
    ("set_zone", {"camera": CAMERA, "name": "Drive", "points": [[0.1, 0.2, 0.3]]}),
    ("set_zone", {"camera": CAMERA, "name": "Drive", "points": [["a", "b"]]}),
    ("set_zone", {"camera": CAMERA, "name": "Drive", "points": DRIVE, "zone_id": "../x"}),
    ("set_zone", {"camera": CAMERA, "name": "Drive", "points": DRIVE, "kind": "hole"}),
)


@pytest.mark.usefixtures("running_site")
async def test_a_question_without_sense_is_refused(
    hass: HomeAssistant, subtests: pytest.Subtests
) -> None:
    for action, wrong in WITHOUT_SENSE:
        with subtests.test(action, **wrong), pytest.raises(vol.Invalid):
            await act(hass, action, **wrong)


async def test_a_site_that_does_not_run_says_so(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    assert await hass.config_entries.async_unload(running_site.entry_id)

    with pytest.raises(ServiceValidationError):
        await act(hass, "get_incidents")


async def test_a_database_that_fails_is_told(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    await running_site.runtime_data.database.close()

    with pytest.raises(HomeAssistantError) as failed:
        await act(hass, "get_incidents")

    assert failed.value.translation_key == "database_failed"
    assert failed.value.translation_placeholders == {"error": "The database is closed."}


# --- review, note, notified ------------------------------------------------------------------


async def test_an_incident_is_reviewed_and_the_review_taken_back(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    await happened(running_site, SEEN)

    told = await act(hass, "review", incident_id="a1")
    assert dt_util.parse_datetime(told["incident"]["reviewed"]) <= dt_util.utcnow()
    assert await found(hass, reviewed=True) == ["a1"]

    told = await act(hass, "review", incident_id="a1", reviewed=False)
    assert told["incident"]["reviewed"] is None


async def test_a_note_is_written_and_found(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    await happened(running_site, SEEN)

    told = await act(hass, "set_note", incident_id="a1", note=" The plumber, as arranged. ")

    assert told["incident"]["note"] == "The plumber, as arranged."
    assert await found(hass, text="plumb") == ["a1"]


async def test_a_note_that_nobody_would_read_is_refused(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    await happened(running_site, SEEN)

    refusal = await refused(hass, "set_note", incident_id="a1", note="x" * 2001)

    assert refusal.translation_key == "note_too_long"


async def test_it_is_kept_that_somebody_was_notified(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    await happened(running_site, SEEN)

    told = await act(hass, "mark_notified", incident_id="a1")

    assert dt_util.parse_datetime(told["incident"]["notified"]) <= dt_util.utcnow()


SAID = (("review", {}), ("set_note", {"note": "x"}), ("not_a_person", {}), ("mark_notified", {}))


@pytest.mark.usefixtures("running_site")
async def test_nothing_can_be_said_of_an_incident_that_is_not_there(
    hass: HomeAssistant, subtests: pytest.Subtests
) -> None:
    for action, more in SAID:
        with subtests.test(action):
            refusal = await refused(hass, action, incident_id="ffff", **more)

            assert refusal.translation_key == "incident_not_found"
            assert refusal.translation_placeholders == {"incident": "ffff"}


async def test_an_action_needs_no_response(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    await happened(running_site, SEEN)

    await hass.services.async_call("gatehouse", "review", {"incident_id": "a1"}, blocking=True)

    assert await found(hass, reviewed=True) == ["a1"]


# --- not a person ----------------------------------------------------------------------------


async def test_what_is_not_a_person_is_ignored_from_now_on(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    await happened(running_site, SEEN)

    told = await act(hass, "not_a_person", incident_id="a1")

    assert told["incident"]["false_alarm"]
    assert told["incident"]["reviewed"]
    (box,) = told["ignored"]
    assert box == box | {
        "camera": KEY,
        "entity_id": CAMERA,
        "label": "person",
        "box": {"left": 0.1, "top": 0.2, "right": 0.3, "bottom": 0.9},
        "incident": "a1",
    }
    assert await act(hass, "get_ignore_boxes", camera=CAMERA) == {"ignored": [box]}


async def test_not_a_person_is_undone(hass: HomeAssistant, running_site: MockConfigEntry) -> None:
    await happened(running_site, SEEN)
    (box,) = (await act(hass, "not_a_person", incident_id="a1"))["ignored"]

    assert await act(hass, "remove_ignore_box", box_id=box["id"]) == {"ignored": box}
    told = await act(hass, "review", incident_id="a1", reviewed=False)

    assert await act(hass, "get_ignore_boxes") == {"ignored": []}
    assert (told["incident"]["false_alarm"], told["incident"]["reviewed"]) == (False, None)


# --- snooze ----------------------------------------------------------------------------------


async def test_a_camera_is_snoozed_and_woken(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    snoozes = running_site.runtime_data.snoozes

    told = await act(hass, "snooze", entity_id=CAMERA, duration={"minutes": 5})
    assert dt_util.parse_datetime(told["until"]) == snoozes.until(KEY)
    assert timedelta(minutes=4) < snoozes.until(KEY) - dt_util.utcnow() <= timedelta(minutes=5)

    assert await act(hass, "snooze", entity_id=CAMERA, duration=0) == {"until": None}
    assert snoozes.until(KEY) is None


@pytest.mark.parametrize("target", [{"entity_id": "all"}, {"area_id": "porch"}])
async def test_cameras_are_snoozed_by_where_they_are(
    hass: HomeAssistant, running_site: MockConfigEntry, target: dict[str, str]
) -> None:
    porch = ar.async_get(hass).async_create("Porch")
    devices = dr.async_get(hass)
    device = devices.async_get_device_by_identifier(("gatehouse", KEY), running_site.entry_id)
    devices.async_update_device(device.id, area_id=porch.id)

    await act(hass, "snooze", **target)

    left = running_site.runtime_data.snoozes.until(KEY) - dt_util.utcnow()
    assert timedelta(minutes=59) < left <= timedelta(minutes=60)


@pytest.mark.usefixtures("running_site")
async def test_only_cameras_of_ours_are_snoozed(hass: HomeAssistant) -> None:
    refusal = await refused(hass, "snooze", entity_id="camera.neighbour")

    assert refusal.translation_placeholders == {"entity": "camera.neighbour"}


# --- digest ----------------------------------------------------------------------------------


class Writer(LanguageModel):
    """A language model that says what it was given to say, or fails."""

    def __init__(self, said: str | ModelFailed) -> None:
        self.said = said
        self.asked: list[Question] = []

    @override
    async def ask(self, question: Question, frames: Sequence[Path]) -> str | Mapping[str, Any]:
        self.asked.append(question)
        if isinstance(self.said, ModelFailed):
            raise self.said
        return self.said


@pytest.fixture
async def day(hass: HomeAssistant, running_site: MockConfigEntry) -> MockConfigEntry:
    """The 20th of November in San Diego, with two incidents and a false alarm."""
    await happened(
        running_site,
        SEEN,
        replace(SEEN, id="b2", started=NOON + timedelta(hours=15)),
        replace(SEEN, id="c3", started=NOON + timedelta(hours=16), false_alarm=True),
        replace(SEEN, id="before", started=NOON - timedelta(hours=5)),
    )
    return running_site


@pytest.mark.usefixtures("day")
async def test_a_day_is_told_from_the_facts(hass: HomeAssistant) -> None:
    told = await act(hass, "get_digest", date="2026-11-20")

    assert told.pop("text").startswith("Friday 20 November 2026: two incidents at Front door")
    assert told == {
        "date": "2026-11-20",
        "author": "facts",
        "error": None,
        "count": 2,
        "false_alarms": 1,
        "places": {"Front door": 2},
        "levels": {"medium": 2},
        "incidents": ["c3", "b2", "a1"],
    }


async def test_a_day_is_told_by_the_language_model(
    hass: HomeAssistant, day: MockConfigEntry
) -> None:
    writer = day.runtime_data.assessor = Writer('{"summary": "Two visits, nothing else."}')

    told = await act(hass, "get_digest", date="2026-11-20", use_model=True)

    assert (told["text"], told["author"]) == ("Two visits, nothing else.", "model")
    assert "two incidents" in writer.asked[0].instructions


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (ModelFailed("No answer within a minute."), "No answer within a minute."),
        ("I cannot help with that.", "the language model's answer has no summary in it"),
    ],
)
async def test_where_the_language_model_fails_the_facts_are_told_and_why(
    hass: HomeAssistant, day: MockConfigEntry, said: str | ModelFailed, error: str
) -> None:
    day.runtime_data.assessor = Writer(said)

    told = await act(hass, "get_digest", date="2026-11-20", use_model=True)

    assert told["text"].startswith("Friday 20 November 2026: two incidents")
    assert told["author"] == "facts"
    assert told["error"].startswith(error)


@pytest.mark.usefixtures("day")
async def test_a_site_without_a_language_model_says_so(hass: HomeAssistant) -> None:
    told = await act(hass, "get_digest", date="2026-11-20", use_model=True)

    assert told["error"] == "No language model is set up in Gatehouse's options."


async def test_digests_keep_within_the_days_budget_of_the_language_model(
    hass: HomeAssistant, day: MockConfigEntry, socket_enabled: None
) -> None:
    writer = Scripted()
    writer.chat(says(spoken('{"summary": "Two visits."}')))
    await writer.start()
    chosen = {"language_model": "server", "server_url": writer.url, "budget": 2}
    hass.config_entries.async_update_entry(day, options={**day.options, **chosen})
    await eventually(lambda: day.state is ConfigEntryState.LOADED)
    await hass.async_block_till_done()

    told = [await act(hass, "get_digest", date="2026-11-20", use_model=True) for _ in range(3)]
    await writer.stop()

    assert [each["author"] for each in told] == ["model", "model", "facts"]
    assert told[2]["text"].startswith("Friday 20 November 2026: two incidents")
    assert told[2]["error"] == "The day's budget of questions to the language model is used up."


async def test_a_quiet_day_is_no_question_for_a_language_model(
    hass: HomeAssistant, day: MockConfigEntry
) -> None:
    writer = day.runtime_data.assessor = Writer("{}")

    told = await act(hass, "get_digest", date="2026-11-18", use_model=True)

    assert (writer.asked, told["count"], told["error"]) == ([], 0, None)
    assert "quiet" in told["text"]


@pytest.mark.parametrize(("hour", "meant"), [(0, 19), (11, 19), (12, 20), (23, 20)])
def test_who_asks_in_the_morning_means_yesterday(hour: int, meant: int) -> None:
    now = datetime(2026, 11, 20, hour, 30, tzinfo=UTC)

    assert day_meant(now) == date(2026, 11, meant)


# --- zones -----------------------------------------------------------------------------------


@pytest.mark.usefixtures("running_site")
async def test_a_zone_is_set_changed_and_deleted(hass: HomeAssistant) -> None:
    new = (await act(hass, "set_zone", camera=CAMERA, name="Drive", points=DRIVE))["zone"]
    assert new == {
        "id": new["id"],
        "camera": KEY,
        "entity_id": CAMERA,
        "kind": "zone",
        "name": "Drive",
        "points": DRIVE,
        "sensitive": False,
    }

    same = {"camera": CAMERA, "name": "drive", "points": DRIVE[:3], "sensitive": True}
    changed = (await act(hass, "set_zone", **same, kind="mask"))["zone"]
    assert changed["id"] == new["id"]
    assert (changed["kind"], changed["sensitive"]) == ("mask", True)
    assert await act(hass, "get_zones") == {"zones": [changed]}

    renamed = await act(hass, "set_zone", **same | {"zone_id": new["id"], "name": "Hedge"})
    assert (renamed["zone"]["id"], renamed["zone"]["name"]) == (new["id"], "Hedge")

    assert await act(hass, "delete_zone", zone_id=new["id"]) == renamed
    assert await act(hass, "get_zones", camera=[CAMERA]) == {"zones": []}


@pytest.mark.usefixtures("running_site")
async def test_a_zone_that_makes_no_sense_says_why(hass: HomeAssistant) -> None:
    bow_tie = [[0.0, 0.0], [1.0, 1.0], [1.0, 0.0], [0.0, 1.0]]

    refusal = await refused(hass, "set_zone", camera=CAMERA, name="Drive", points=bow_tie)

    assert refusal.translation_key == "zone_crossing"


async def test_an_ignore_box_is_no_zone(hass: HomeAssistant, running_site: MockConfigEntry) -> None:
    await happened(running_site, SEEN)
    (box,) = (await act(hass, "not_a_person", incident_id="a1"))["ignored"]

    assert (await refused(hass, "delete_zone", zone_id=box["id"])).translation_key == (
        "zone_not_found"
    )
    assert await act(hass, "get_ignore_boxes") == {"ignored": [box]}


ADMINISTRATORS = (
    ("set_zone", {"camera": CAMERA, "name": "Drive", "points": DRIVE}),
    ("delete_zone", {"zone_id": "ab"}),
    ("remove_ignore_box", {"box_id": "ab"}),
)


@pytest.mark.usefixtures("running_site")
async def test_only_administrators_change_where_cameras_look(
    hass: HomeAssistant, hass_read_only_user: MockUser, subtests: pytest.Subtests
) -> None:
    context = Context(user_id=hass_read_only_user.id)

    for action, data in ADMINISTRATORS:
        with subtests.test(action), pytest.raises(Unauthorized):
            await hass.services.async_call(
                "gatehouse", action, data, blocking=True, context=context
            )


# --- errors ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "key", "kind"),
    [
        (AgentUnreachable("no answer"), "agent_unreachable", HomeAssistantError),
        (AgentRefused(ErrorCode.TOO_MANY, "too many"), "agent_refused", HomeAssistantError),
        (AgentRefused(ErrorCode.CAMERA_OFFLINE, "no cable"), "camera_offline", HomeAssistantError),
        (DiskFull("5 MB"), "disk_full", HomeAssistantError),
        (DatabaseError("locked"), "database_failed", HomeAssistantError),
        (ZoneCrossing("crosses"), "zone_crossing", ServiceValidationError),
        (ZoneNotFound("gone"), "zone_not_found", ServiceValidationError),
        (NoteTooLong("2001"), "note_too_long", ServiceValidationError),
    ],
)
async def test_an_error_of_a_room_becomes_words(
    error: RoomError, key: str, kind: type[HomeAssistantError]
) -> None:
    with pytest.raises(HomeAssistantError) as failed:
        async with translated():
            raise error

    assert type(failed.value) is kind
    assert failed.value.translation_domain == "gatehouse"
    assert failed.value.translation_key == key
    assert failed.value.translation_placeholders == {"error": str(error)}
