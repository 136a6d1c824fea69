"""Adding and changing pairs of cameras, and comparing their pictures for a panorama."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final, override

from aiohttp import web
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
from homeassistant.requirements import RequirementsNotFound
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_mock_service

from custom_components.gatehouse import on_demand
from custom_components.gatehouse.footage import Calibration, Corner
from custom_components.gatehouse.models import Layout
from custom_components.gatehouse.pairs import Pair, pair_of
from tests.ha.courts import LEFT, PAIR, RIGHT, courts, give_courts, pair, schedule_of
from tests.ha.scripted import ScriptedAgent, jpeg
from tests.ha.test_camera_flows import add, answer, change, subentry_called, suggested
from tests.ha.words import ENGLISH, description, error, farewell
from tests.rooms.footage import views

TEXTS: Final = ENGLISH["config_subentries"]["pair"]

MATRIX: Final = (1.0, 0.0, 300.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
CALIBRATION: Final = Calibration(
    homography=MATRIX,
    left_size=(640, 360),
    right_size=(640, 360),
    inliers=80,
    share=0.8,
    error=0.4,
    overlap=0.5,
)


class Views(ScriptedAgent):
    """An agent whose cameras each show something else."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: dict[str, bytes] = {}

    @override
    async def _snapshot(self, request: web.Request) -> web.Response:
        picture = self.shown.get(request.match_info["camera"], jpeg())
        return web.Response(body=picture, content_type="image/jpeg", headers={"X-Timestamp": "1"})


@pytest.fixture
async def agent(socket_enabled: None) -> AsyncIterator[Views]:
    """An agent with the cameras of the courts."""
    agent = Views()
    give_courts(agent)
    await agent.start()
    yield agent
    await agent.stop()


@pytest.fixture
async def site(hass: HomeAssistant, agent: Views) -> MockConfigEntry:
    """A site with two cameras."""
    return await courts(hass, agent)


@pytest.fixture
def overlapping(agent: Views) -> None:
    """Let the cameras see parts of one place."""
    left, right = views.pair()
    agent.shown = {"left": left.jpeg, "right": right.jpeg}


def fields(**more: Any) -> dict[str, Any]:
    """Return what somebody types who adds a pair."""
    usual = {"layout": "side_by_side", "corner": "bottom_right", "upload": False, "share": False}
    return {"left": LEFT, "right": RIGHT} | usual | more


async def choose(hass: HomeAssistant, menu: Any, option: str) -> Any:
    """Choose something of a menu, and wait until that is done."""
    result = await answer(hass, menu, next_step_id=option)
    for _ in range(100):
        if result["type"] is not FlowResultType.SHOW_PROGRESS:
            break
        await asyncio.sleep(0.05)
        result = await hass.config_entries.subentries.async_configure(menu["flow_id"])
    await hass.async_block_till_done()
    return result


async def offered(hass: HomeAssistant, site: MockConfigEntry, **typed: Any) -> Any:
    """Add a pair as a panorama, and return the menu that follows."""
    form = await add(hass, site, "pair")
    return await answer(hass, form, **fields(name="Court", layout="panorama", **typed))


def the_pair(site: MockConfigEntry, title: str = "Court") -> Pair:
    """Return a pair as it is stored."""
    return pair_of(subentry_called(site, title))


# --- The form --------------------------------------------------------------------------------


async def test_a_pair_is_added_and_has_a_calendar_at_once(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    async_mock_service(hass, "notify", "club")
    form = await add(hass, site, "pair")
    result = await answer(
        hass,
        form,
        **fields(
            name=" Court ",
            layout="picture_in_picture",
            corner="top_left",
            upload=True,
            share=True,
            notify=["notify.club"],
        ),
    )

    assert result["type"] is FlowResultType.CREATE_ENTRY
    stored = the_pair(site)
    assert stored == Pair(
        key=stored.key,
        name="Court",
        left=LEFT,
        right=RIGHT,
        layout=Layout.PICTURE_IN_PICTURE,
        corner=Corner.TOP_LEFT,
        upload=True,
        share=True,
        notify=("notify.club",),
    )
    assert schedule_of(site).calendars()[stored.key] == "Court"
    assert hass.states.get("calendar.court_bookings").state == "off"


async def test_a_pair_that_nobody_names_is_called_like_its_cameras(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    result = await answer(hass, await add(hass, site, "pair"), **fields())

    assert result["title"] == "Court left (Porch) + Court right (Porch)"


async def test_a_pair_can_follow_another_calendar_but_none_of_ours(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    form = await add(hass, site, "pair")
    await answer(hass, form, **fields(name="Court", calendar="calendar.club"))

    selector = form["data_schema"].schema["calendar"]
    assert selector.config["exclude_entities"] == ["calendar.home_bookings"]
    assert the_pair(site).source == "calendar.club"


async def test_a_pair_is_changed_and_stays_the_same_one(hass: HomeAssistant, agent: Views) -> None:
    site = await courts(hass, agent, pair(upload=True, calibration=CALIBRATION.as_json()))
    before = er.async_get(hass).async_get("calendar.centre_court_bookings")

    form = await change(hass, site, "Centre Court")
    result = await answer(hass, form, **fields(name="Court", layout="separate"))

    assert suggested(form)["name"] == "Centre Court"
    assert suggested(form)["upload"] is True
    assert farewell(result, TEXTS) == "The camera pair is changed."
    assert the_pair(site).calibration == CALIBRATION
    after = er.async_get(hass).async_get("calendar.centre_court_bookings")
    assert (after.id, after.config_subentry_id) == (before.id, PAIR)


async def test_how_pictures_lie_is_forgotten_with_the_cameras(
    hass: HomeAssistant, agent: Views
) -> None:
    site = await courts(hass, agent, pair(calibration=CALIBRATION.as_json()))

    form = await change(hass, site, "Centre Court")
    await answer(hass, form, **fields(name="Court", left=RIGHT, right=LEFT))

    assert the_pair(site).calibration is None


async def test_a_camera_that_is_gone_is_shown_by_its_key(hass: HomeAssistant, agent: Views) -> None:
    gone = "c0ffee/gone"
    site = await courts(hass, agent, pair(left=gone))

    form = await change(hass, site, "Centre Court")

    options = form["data_schema"].schema["left"].config["options"]
    assert {"value": gone, "label": gone} in options
    assert {"value": LEFT, "label": "Court left (Porch)"} in options


@pytest.mark.parametrize(
    ("typed", "field", "why"),
    [
        ({"right": LEFT}, "right", "two different cameras"),
        ({"name": "centre court"}, "name", "Another pair is called so"),
        ({"notify": ["notify.nobody"]}, "notify", "Nobody can be told by notify.nobody"),
    ],
)
async def test_a_pair_that_cannot_be_is_refused(
    hass: HomeAssistant, agent: Views, typed: dict[str, Any], field: str, why: str
) -> None:
    site = await courts(hass, agent, pair())

    form = await answer(hass, await add(hass, site, "pair"), **fields(**typed))

    assert why in error(form, TEXTS, field)


async def test_whom_to_tell_is_chosen_from_all_that_tell(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    async_mock_service(hass, "notify", "club")
    async_mock_service(hass, "notify", "send_message")
    hass.states.async_set("notify.phone", "unknown", {"friendly_name": "Anna's phone"})

    form = await add(hass, site, "pair")

    options = form["data_schema"].schema["notify"].config["options"]
    assert {"value": "notify.phone", "label": "Anna's phone"} in options
    assert {"value": "notify.club", "label": "club"} in options
    assert "notify.send_message" not in {option["value"] for option in options}


async def test_one_camera_is_no_pair(hass: HomeAssistant, agent: Views) -> None:
    del agent.state["info"]["cameras"][1]
    site = await courts(hass, agent)

    result = await add(hass, site, "pair")

    assert "needs two cameras" in farewell(result, TEXTS)


async def test_cameras_are_not_known_while_the_site_does_not_run(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    await hass.config_entries.async_unload(site.entry_id)

    result = await add(hass, site, "pair")

    assert "is not running" in farewell(result, TEXTS)


@pytest.mark.parametrize("step", ["user", "reconfigure"])
async def test_every_field_of_a_pair_is_named_and_described(
    hass: HomeAssistant, site: MockConfigEntry, step: str
) -> None:
    form = await add(hass, site, "pair")

    named = {str(field) for field in form["data_schema"].schema}
    texts = TEXTS["step"][step]
    assert texts["data"].keys() == texts["data_description"].keys() == named


@pytest.mark.parametrize(("key", "values"), [("layout", Layout), ("corner", Corner)])
def test_every_choice_of_a_pair_is_named(key: str, values: type[Layout | Corner]) -> None:
    assert list(ENGLISH["selector"][key]["options"]) == list(values)


# --- A panorama ------------------------------------------------------------------------------


async def test_a_panorama_says_what_it_needs_before_anything_is_installed(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    menu = await offered(hass, site)

    assert menu["type"] is FlowResultType.MENU
    assert menu["menu_options"] == ["compare", "points", "side_by_side"]
    again = await hass.config_entries.subentries.async_configure(menu["flow_id"])
    assert again["menu_options"] == menu["menu_options"]
    said = description(menu, TEXTS)
    assert "OpenCV" in said
    assert "Court left (Porch) and Court right (Porch)" in said


@pytest.mark.usefixtures("overlapping")
async def test_pictures_that_overlap_make_a_panorama_and_tell_how_well_they_fit(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    found = await choose(hass, await offered(hass, site), "compare")

    said = description(found, TEXTS)
    assert found["step_id"] == "calibrated"
    assert "Left is Court left (Porch)" in said
    result = await choose(hass, found, "save")

    assert result["type"] is FlowResultType.CREATE_ENTRY
    stored = the_pair(site)
    assert stored.layout is Layout.PANORAMA
    assert stored.calibration.error < 2
    assert f"{stored.calibration.inliers} (" in said
    assert stored.calibration.left_size == views.SIZE


async def test_cameras_that_were_taken_for_each_other_change_places(
    hass: HomeAssistant, agent: Views, site: MockConfigEntry
) -> None:
    left, right = views.pair()
    agent.shown = {"left": right.jpeg, "right": left.jpeg}

    found = await choose(hass, await offered(hass, site), "compare")
    await choose(hass, found, "save")

    assert "Left is Court right (Porch)" in description(found, TEXTS)
    stored = the_pair(site)
    assert stored.cameras == (RIGHT, LEFT)
    assert not stored.calibration.is_swapped


async def test_pictures_that_have_nothing_in_common_are_refused_with_what_to_do(
    hass: HomeAssistant, agent: Views, site: MockConfigEntry
) -> None:
    agent.shown = {"left": views.look(0).jpeg, "right": views.look(0, seed=2).jpeg}

    menu = await choose(hass, await offered(hass, site), "compare")

    assert menu["step_id"] == "refused"
    assert "turn the cameras" in description(menu, TEXTS)
    assert menu["menu_options"] == ["compare", "points", "side_by_side"]


async def test_what_was_refused_can_be_tried_again(
    hass: HomeAssistant, agent: Views, site: MockConfigEntry
) -> None:
    menu = await choose(hass, await offered(hass, site), "compare")
    left, right = views.pair()
    agent.shown = {"left": left.jpeg, "right": right.jpeg}

    assert menu["step_id"] == "refused"
    assert (await choose(hass, menu, "compare"))["step_id"] == "calibrated"


async def test_side_by_side_is_always_possible(hass: HomeAssistant, site: MockConfigEntry) -> None:
    menu = await choose(hass, await offered(hass, site), "compare")

    result = await choose(hass, menu, "side_by_side")

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert the_pair(site).layout is Layout.SIDE_BY_SIDE


async def test_a_camera_that_gives_no_picture_is_named(
    hass: HomeAssistant, agent: Views, site: MockConfigEntry
) -> None:
    menu = await offered(hass, site)
    await agent.stop()

    refused = [await choose(hass, menu, option) for option in ("compare", "points")]

    assert {each["step_id"] for each in refused} == {"refused"}
    assert all("gives no picture" in description(each, TEXTS) for each in refused)


async def test_where_opencv_cannot_be_installed_the_reason_is_shown(
    hass: HomeAssistant, site: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted: list[str] = []

    async def refuse(_: HomeAssistant, domain: str, packages: list[str], **more: Any) -> None:
        wanted.extend(packages)
        raise RequirementsNotFound(domain, packages)

    monkeypatch.setattr(hass.config, "skip_pip", False)
    monkeypatch.setattr(on_demand, "find_spec", lambda _: None)
    monkeypatch.setattr(on_demand, "async_process_requirements", refuse)

    menu = await choose(hass, await offered(hass, site), "compare")

    assert wanted == [on_demand.Package.OPENCV.value]
    said = description(menu, TEXTS)
    assert "opencv-python-headless could not be installed" in said


async def test_a_pair_that_fits_already_needs_no_new_comparison(
    hass: HomeAssistant, agent: Views
) -> None:
    site = await courts(hass, agent, pair(calibration=CALIBRATION.as_json()))
    form = await change(hass, site, "Centre Court")
    menu = await answer(hass, form, **fields(name="Court", layout="panorama"))

    result = await choose(hass, menu, "keep")

    assert menu["menu_options"][0] == "keep"
    assert result["reason"] == "reconfigure_successful"
    assert the_pair(site).layout is Layout.PANORAMA
    assert the_pair(site).calibration == CALIBRATION


def test_every_menu_of_a_pair_is_named_and_described() -> None:
    again = {"compare", "points", "side_by_side"}
    offers = {"panorama": {"keep"}, "calibrated": {"save"}, "refused": set[str]()}

    for step, more in offers.items():
        texts = TEXTS["step"][step]
        assert texts["menu_options"].keys() == again | more
        assert texts["menu_option_descriptions"].keys() == again | more


# --- Points by hand --------------------------------------------------------------------------


def clicked() -> str:
    """Return what somebody types who looks at the pictures well."""
    left, right = views.pair()
    there = views.np.array([(120, 60), (30, 300), (200, 180), (260, 90), (150, 330)])
    here = views.moved(views.between(left, right), there)
    return "\n".join(
        f"{x:.1f}, {y:.1f} -> {u}, {v}" for (x, y), (u, v) in zip(here, there, strict=True)
    )


@pytest.mark.usefixtures("overlapping")
async def test_points_can_be_set_by_hand(hass: HomeAssistant, site: MockConfigEntry) -> None:
    form = await choose(hass, await offered(hass, site), "points")
    found = await answer(hass, form, points=clicked())
    result = await choose(hass, found, "save")

    said = description(form, TEXTS)
    assert "Court left (Porch) (640 × 360 pixels)" in said
    assert found["step_id"] == "calibrated"
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert the_pair(site).calibration.inliers == 5


@pytest.mark.parametrize(
    ("typed", "field", "why"),
    [
        ("100, 200 -> 10", "points", "“100, 200 -> 10” is no pair of points"),
        ("10, 20 → 30, 40\n50, 60 = 70, 80", "base", "2 points are too few"),
    ],
)
async def test_points_that_cannot_be_used_are_shown_with_the_reason(
    hass: HomeAssistant, site: MockConfigEntry, typed: str, field: str, why: str
) -> None:
    form = await choose(hass, await offered(hass, site), "points")

    again = await answer(hass, form, points=typed)

    assert why in error(again, TEXTS, field)
    assert suggested(again) == {"points": typed}


async def test_every_field_of_the_points_is_named_and_described(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    form = await choose(hass, await offered(hass, site), "points")

    texts = TEXTS["step"]["points"]
    named = {str(field) for field in form["data_schema"].schema}
    assert texts["data"].keys() == texts["data_description"].keys() == named


# --- What is stored --------------------------------------------------------------------------


async def test_a_calibration_that_cannot_be_read_is_none_and_the_pair_works_on(
    hass: HomeAssistant, agent: Views, caplog: pytest.LogCaptureFixture
) -> None:
    site = await courts(hass, agent, pair(layout="panorama", calibration={"homography": [1]}))

    stored = the_pair(site, "Centre Court")

    assert stored.calibration is None
    assert stored.layout is Layout.PANORAMA
    assert "calibrate again" in caplog.text
