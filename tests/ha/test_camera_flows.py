"""Adding and changing cameras that are on no agent, and camera groups."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    SOURCE_USER,
    ConfigSubentryData,
    SubentryFlowContext,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.gatehouse.uploads import UploadsLost
from tests.ha import words
from tests.ha.scripted import KEY, ScriptedAgent
from tests.ha.scripted_doors import FRONT, GARAGE
from tests.ha.site import site_with, subentry_of
from tests.ha.sources import YARD, Yard, from_entity, from_folder, plug_in, start
from tests.waiting import eventually

TEXTS = words.ENGLISH["config_subentries"]


async def add(hass: HomeAssistant, site: MockConfigEntry, kind: str) -> Any:
    """Begin to add something to a site."""
    return await hass.config_entries.subentries.async_init(
        (site.entry_id, kind), context=SubentryFlowContext(source=SOURCE_USER)
    )


async def change(hass: HomeAssistant, site: MockConfigEntry, title: str) -> Any:
    """Begin to change what a site has."""
    subentry = subentry_called(site, title)
    return await hass.config_entries.subentries.async_init(
        (site.entry_id, subentry.subentry_type),
        context=SubentryFlowContext(source=SOURCE_RECONFIGURE, subentry_id=subentry.subentry_id),
    )


async def answer(hass: HomeAssistant, form: Any, **typed: Any) -> Any:
    """Fill a form in."""
    result = await hass.config_entries.subentries.async_configure(form["flow_id"], typed)
    await hass.async_block_till_done()
    return result


def subentry_called(site: MockConfigEntry, title: str) -> Any:
    """Return the subentry with a title; fails unless there is exactly one."""
    [found] = [each for each in site.subentries.values() if each.title == title]
    return found


def suggested(form: Any) -> dict[str, Any]:
    """Return what the fields of a form are filled with."""
    return {
        str(field): (field.description or {}).get("suggested_value")
        for field in form["data_schema"].schema
    }


def choices(form: Any) -> dict[str, str]:
    """Return what a group's cameras can be chosen from."""
    options = form["data_schema"].schema["cameras"].config["options"]
    return {option["value"]: option["label"] for option in options}


def group_of(*cameras: str, title: str = "Front") -> ConfigSubentryData:
    """Return a group as its site stores it."""
    return ConfigSubentryData(
        subentry_type="group",
        title=title,
        unique_id=None,
        data={"cameras": [*cameras], "doors": []},
    )


@pytest.fixture
def uploads(folder: Path) -> Path:
    """The folder that the camera uploads to."""
    uploads = folder / "uploads"
    uploads.mkdir()
    return uploads


@pytest.fixture
def site(hass: HomeAssistant, never_set_up: Iterator[None]) -> MockConfigEntry:
    """A site that has nothing, and does not run."""
    site = site_with(detectors=[])
    site.add_to_hass(hass)
    return site


@pytest.fixture
async def yard(hass: HomeAssistant) -> Yard:
    """A camera that Home Assistant has."""
    camera = Yard()
    await plug_in(hass, camera)
    return camera


@pytest.fixture
async def site_of_three(
    hass: HomeAssistant, yard: Yard, agent: ScriptedAgent, uploads: Path
) -> MockConfigEntry:
    """A site that runs, with a camera of each kind and with doors."""
    agent.doors.add()
    driveway = from_folder(uploads) | {"title": "Driveway"}
    site = site_with(subentry_of(agent), driveway, from_entity(motion=None), detectors=[])
    await start(hass, site)
    await eventually(lambda: hass.states.is_state("camera.front_door", "streaming"))
    return site


# --- Words -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["folder", "entity", "group"])
async def test_every_field_and_every_button_is_named_and_described(
    hass: HomeAssistant, site_of_three: MockConfigEntry, kind: str
) -> None:
    form = await add(hass, site_of_three, kind)
    texts = TEXTS[kind]

    fields = {str(field) for field in form["data_schema"].schema}
    assert form["step_id"] == "user"
    assert texts["initiate_flow"].keys() == texts["step"].keys() == {"user", "reconfigure"}
    assert all(step["title"] and step["description"] for step in texts["step"].values())
    assert all(step["data"].keys() == fields for step in texts["step"].values())
    assert all(step["data_description"].keys() == fields for step in texts["step"].values())
    assert texts["entry_type"]


@pytest.mark.parametrize("error", [UploadsLost, *UploadsLost.__subclasses__()])
def test_whatever_is_wrong_with_a_folder_has_its_sentence(error: type[UploadsLost]) -> None:
    assert TEXTS["folder"]["error"][error.code]


# --- An upload folder ------------------------------------------------------------------------


async def test_a_folder_is_added_under_its_own_name(
    hass: HomeAssistant, site: MockConfigEntry, uploads: Path
) -> None:
    form = await add(hass, site, "folder")

    added = await answer(hass, form, folder=f"  {uploads} ")

    assert added["type"] is FlowResultType.CREATE_ENTRY
    assert subentry_called(site, "uploads").data == {"folder": str(uploads)}


async def test_a_folder_behind_a_link_is_stored_as_what_it_is(
    hass: HomeAssistant, site: MockConfigEntry, uploads: Path
) -> None:
    link = uploads.with_name("link")
    link.symlink_to(uploads)

    await answer(hass, await add(hass, site, "folder"), folder=str(link), name=" Back yard ")

    assert subentry_called(site, "Back yard").data == {"folder": str(uploads)}


@pytest.mark.parametrize(
    ("typed", "error", "word"),
    [
        ("uploads", "not_absolute", "slash"),
        ("", "not_absolute", "slash"),
        ("/up\0loads", "not_absolute", "slash"),
        ("{tmp}/nowhere", "folder_missing", "no such folder"),
        ("{tmp}/file", "not_a_folder", "a file"),
        ("{tmp}/loop", "folder_unreadable", "may not read"),
        ("/", "holds_home_assistant", "configuration"),
        ("{tmp}/config", "holds_home_assistant", "configuration"),
        ("{tmp}", "holds_home_assistant", "configuration"),
        ("{tmp}/to_config", "holds_home_assistant", "configuration"),
        ("{tmp}/media", "holds_our_media", "media/gatehouse"),
        ("{tmp}/media/gatehouse", "holds_our_media", "media/gatehouse"),
        ("{tmp}/media/gatehouse/x", "holds_our_media", "media/gatehouse"),
    ],
)
async def test_a_folder_that_cannot_be_watched_is_refused_in_words(
    hass: HomeAssistant, site: MockConfigEntry, uploads: Path, typed: str, error: str, word: str
) -> None:
    tmp = uploads.parent
    (tmp / "config").mkdir()
    (tmp / "file").touch()
    (tmp / "loop").symlink_to(tmp / "loop")
    (tmp / "to_config").symlink_to(tmp / "config")
    (tmp / "media/gatehouse/x").mkdir(parents=True)
    hass.config.config_dir = str(tmp / "config")
    form = await add(hass, site, "folder")

    again = await answer(hass, form, folder=typed.format(tmp=tmp))

    assert again["errors"] == {"folder": error}
    assert word in words.error(again, TEXTS["folder"], "folder")
    added = await answer(hass, again, folder=str(uploads))
    assert added["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize("other", [".", "porch", ".."])
async def test_a_folder_belongs_to_one_camera(
    hass: HomeAssistant, site: MockConfigEntry, uploads: Path, other: str
) -> None:
    inner = uploads / "cameras" / "front"
    (inner / "porch").mkdir(parents=True)
    await answer(hass, await add(hass, site, "folder"), folder=str(inner), name="Front")

    again = await answer(hass, await add(hass, site, "folder"), folder=str(inner / other))

    assert again["errors"] == {"folder": "folder_in_use"}
    assert "Front" in words.error(again, TEXTS["folder"], "folder")


async def test_a_folder_and_its_name_are_changed(
    hass: HomeAssistant, site: MockConfigEntry, uploads: Path
) -> None:
    await answer(hass, await add(hass, site, "folder"), folder=str(uploads), name="Front")
    elsewhere = uploads / "front"
    elsewhere.mkdir()
    form = await change(hass, site, "Front")
    assert form["step_id"] == "reconfigure"
    assert suggested(form) == {"folder": str(uploads), "name": "Front"}

    ended = await answer(hass, form, folder=str(elsewhere), name="Front door")

    assert ended["reason"] == "reconfigure_successful"
    assert words.farewell(ended, TEXTS["folder"])
    assert subentry_called(site, "Front door").data == {"folder": str(elsewhere)}


async def test_a_folder_is_watched_as_soon_as_it_is_added_and_no_more_when_it_is_removed(
    hass: HomeAssistant, uploads: Path
) -> None:
    site = await start(hass, site_with(detectors=[]))

    await answer(hass, await add(hass, site, "folder"), folder=str(uploads), name="Driveway")
    await eventually(lambda: hass.states.is_state("camera.driveway", "idle"))

    hass.config_entries.async_remove_subentry(site, subentry_called(site, "Driveway").subentry_id)
    await hass.async_block_till_done()
    assert hass.states.get("camera.driveway") is None
    assert er.async_get(hass).async_get("camera.driveway") is None


# --- A camera that Home Assistant has already ------------------------------------------------


async def test_a_camera_is_added_under_its_own_name(
    hass: HomeAssistant, site: MockConfigEntry, yard: Yard
) -> None:
    added = await answer(hass, await add(hass, site, "entity"), camera=YARD)

    assert added["type"] is FlowResultType.CREATE_ENTRY
    assert subentry_called(site, "Yard").data == {"camera": YARD, "interval": 15, "stream": True}
    assert yard.asked == 1


async def test_a_camera_is_added_with_its_motion_sensor(
    hass: HomeAssistant, site: MockConfigEntry, yard: Yard
) -> None:
    form = await add(hass, site, "entity")
    motion = "binary_sensor.yard"
    typed = {"camera": YARD, "motion": motion, "interval": 60, "stream": False}

    await answer(hass, form, name="Back yard", **typed)

    stored = subentry_called(site, "Back yard").data
    assert stored == typed
    assert isinstance(stored["interval"], int)


async def test_a_camera_that_gives_no_picture_now_is_refused_with_the_reason(
    hass: HomeAssistant, site: MockConfigEntry, yard: Yard
) -> None:
    yard.trouble = RuntimeError("The lens fell off.")
    form = await add(hass, site, "entity")

    again = await answer(hass, form, camera=YARD, interval=30)
    assert again["errors"] == {"camera": "no_picture"}
    assert "The lens fell off." in words.error(again, TEXTS["entity"], "camera")
    assert suggested(again) == {
        "camera": YARD,
        "name": None,
        "motion": None,
        "interval": 30,
        "stream": True,
    }

    yard.trouble, yard.still = None, b"<html>Log in</html>"
    again = await answer(hass, again, camera=YARD)
    assert "cannot be read" in words.error(again, TEXTS["entity"], "camera")

    yard.still = None
    assert (await answer(hass, again, camera=YARD))["type"] is FlowResultType.CREATE_ENTRY


async def test_a_camera_that_does_not_exist_is_refused(
    hass: HomeAssistant, site: MockConfigEntry, yard: Yard
) -> None:
    again = await answer(hass, await add(hass, site, "entity"), camera="camera.nowhere")

    assert again["errors"] == {"camera": "no_picture"}


async def test_a_camera_is_watched_once(
    hass: HomeAssistant, site: MockConfigEntry, yard: Yard
) -> None:
    await answer(hass, await add(hass, site, "entity"), camera=YARD, name="Back yard")

    again = await answer(hass, await add(hass, site, "entity"), camera=YARD)

    assert again["errors"] == {"camera": "camera_in_use"}
    assert "Back yard" in words.error(again, TEXTS["entity"], "camera")


@pytest.mark.parametrize(
    "typed",
    [
        {"camera": "camera.front_door"},
        {"camera": "light.yard"},
        {"camera": YARD, "motion": "binary_sensor.front_door_motion"},
        {"camera": YARD, "motion": "light.yard"},
        {"camera": YARD, "interval": 4},
        {"camera": YARD, "interval": 3601},
    ],
)
async def test_what_cannot_be_a_strangers_camera_cannot_be_chosen(
    hass: HomeAssistant, site_of_three: MockConfigEntry, typed: dict[str, Any]
) -> None:
    form = await add(hass, site_of_three, "entity")

    with pytest.raises(InvalidData):
        await answer(hass, form, **typed)


async def test_a_motion_sensor_can_be_taken_away_again(
    hass: HomeAssistant, site: MockConfigEntry, yard: Yard
) -> None:
    form = await add(hass, site, "entity")
    await answer(hass, form, camera=YARD, motion="binary_sensor.yard")
    form = await change(hass, site, "Yard")
    assert suggested(form) == {
        "camera": YARD,
        "name": "Yard",
        "motion": "binary_sensor.yard",
        "interval": 15,
        "stream": True,
    }

    ended = await answer(hass, form, camera=YARD, name="Garden", interval=5, stream=False)

    assert words.farewell(ended, TEXTS["entity"])
    assert subentry_called(site, "Garden").data == {"camera": YARD, "interval": 5, "stream": False}


# --- A camera group --------------------------------------------------------------------------


async def test_a_group_is_made_of_cameras_of_every_kind(
    hass: HomeAssistant, site_of_three: MockConfigEntry
) -> None:
    form = await add(hass, site_of_three, "group")
    shown = choices(form)
    driveway = subentry_called(site_of_three, "Driveway").subentry_id
    back_yard = subentry_called(site_of_three, "Back yard").subentry_id
    assert shown == {
        f"{back_yard}/camera": "Back yard",
        f"{driveway}/camera": "Driveway",
        KEY: "Front door (Porch)",
    }

    added = await answer(hass, form, name="Around the house", cameras=[*shown])

    assert added["type"] is FlowResultType.CREATE_ENTRY
    stored = subentry_called(site_of_three, "Around the house").data
    assert stored == {"cameras": [*shown], "doors": []}


async def test_a_group_without_a_name_is_called_by_its_cameras(
    hass: HomeAssistant, site_of_three: MockConfigEntry
) -> None:
    form = await add(hass, site_of_three, "group")

    await answer(hass, form, cameras=[*choices(form)][1:])

    assert subentry_called(site_of_three, "Driveway, Front door (Porch)")


async def test_a_group_has_two_cameras_at_least(
    hass: HomeAssistant, site_of_three: MockConfigEntry
) -> None:
    form = await add(hass, site_of_three, "group")

    again = await answer(hass, form, cameras=[KEY])
    assert again["errors"] == {"cameras": "too_few"}
    assert words.error(again, TEXTS["group"], "cameras")

    with pytest.raises(InvalidData):
        await answer(hass, again, cameras=[KEY, "gone/camera"])
    added = await answer(hass, again, cameras=[*choices(form)])
    assert added["type"] is FlowResultType.CREATE_ENTRY


async def test_a_camera_is_in_one_group_only(
    hass: HomeAssistant, site_of_three: MockConfigEntry
) -> None:
    form = await add(hass, site_of_three, "group")
    back_yard, driveway, front = choices(form)
    await answer(hass, form, name="Street", cameras=[driveway, front])

    form = await add(hass, site_of_three, "group")
    again = await answer(hass, form, cameras=[back_yard, front])

    assert again["errors"] == {"cameras": "in_other_group"}
    sentence = words.error(again, TEXTS["group"], "cameras")
    assert "Front door (Porch)" in sentence
    assert "Street" in sentence


async def test_a_camera_that_is_gone_can_be_taken_out_of_its_group(
    hass: HomeAssistant, yard: Yard, uploads: Path
) -> None:
    driveway = from_folder(uploads) | {"title": "Driveway"}
    site = site_with(
        driveway, from_entity(motion=None), group_of("gone/camera", "x/y"), detectors=[]
    )
    await start(hass, site)

    form = await change(hass, site, "Front")
    gone, there = ["gone/camera", "x/y"], choices(form).keys() - {"gone/camera", "x/y"}
    assert suggested(form) == {"name": "Front", "cameras": gone}
    assert {choices(form)[key] for key in gone} == set(gone)
    assert {choices(form)[key] for key in there} == {"Back yard", "Driveway"}

    ended = await answer(hass, form, name="Front", cameras=sorted(there))

    assert words.farewell(ended, TEXTS["group"])
    assert subentry_called(site, "Front").data == {"cameras": sorted(there), "doors": []}
    assert choices(await change(hass, site, "Front")).keys() == there


async def test_a_group_of_one_camera_and_a_door_keeps_its_door(
    hass: HomeAssistant, site_of_three: MockConfigEntry
) -> None:
    form = await add(hass, site_of_three, "group")
    await answer(hass, form, name="Entrance", cameras=[*choices(form)])
    entrance = subentry_called(site_of_three, "Entrance")
    hass.config_entries.async_update_subentry(
        site_of_three, entrance, data={**entrance.data, "doors": ["porch/door"]}
    )
    await hass.async_block_till_done()
    await eventually(lambda: hass.states.is_state("camera.front_door", "streaming"))

    ended = await answer(
        hass, await change(hass, site_of_three, "Entrance"), name="Entrance", cameras=[KEY]
    )

    assert ended["reason"] == "reconfigure_successful"
    stored = subentry_called(site_of_three, "Entrance").data
    assert stored == {"cameras": [KEY], "doors": ["porch/door"]}


async def test_a_camera_and_the_door_that_it_sees_are_a_group(
    hass: HomeAssistant, site_of_three: MockConfigEntry
) -> None:
    form = await add(hass, site_of_three, "group")
    shown = form["data_schema"].schema["doors"].config["options"]
    assert [door["label"] for door in shown] == ["Front door", "Garage"]

    await answer(hass, form, cameras=[KEY], doors=[FRONT])

    made = subentry_called(site_of_three, "Front door (Porch), Front door")
    assert made.data == {"cameras": [KEY], "doors": [FRONT]}
    await eventually(lambda: hass.states.is_state("camera.front_door", "streaming"))
    again = await change(hass, site_of_three, made.title)
    assert suggested(again)["doors"] == [FRONT]
    await answer(hass, again, name="Entrance", cameras=[*choices(again)][:2], doors=[])
    assert subentry_called(site_of_three, "Entrance").data["doors"] == []


async def test_a_door_is_in_one_group_only(
    hass: HomeAssistant, site_of_three: MockConfigEntry
) -> None:
    form = await add(hass, site_of_three, "group")
    await answer(hass, form, name="Entrance", cameras=[KEY], doors=[FRONT])
    await eventually(lambda: hass.states.is_state("camera.front_door", "streaming"))
    form = await add(hass, site_of_three, "group")
    others = [camera for camera in choices(form) if camera != KEY]

    again = await answer(hass, form, cameras=others, doors=[FRONT, GARAGE])

    assert again["errors"] == {"doors": "in_other_group"}
    sentence = words.error(again, TEXTS["group"], "doors")
    assert "Front door" in sentence
    assert "Entrance" in sentence


async def test_a_site_with_one_camera_has_no_groups_yet(hass: HomeAssistant, uploads: Path) -> None:
    site = await start(hass, site_with(from_folder(uploads), detectors=[]))

    ended = await add(hass, site, "group")

    assert ended["reason"] == "too_few_cameras"
    assert words.farewell(ended, TEXTS["group"])


async def test_a_site_that_does_not_run_knows_no_cameras(hass: HomeAssistant, folder: Path) -> None:
    assert await async_setup_component(hass, "http", {})
    site = site_with(detectors=[])
    site.add_to_hass(hass)

    ended = await add(hass, site, "group")

    assert ended["reason"] == "entry_not_loaded"
    assert words.farewell(ended, TEXTS["group"])
