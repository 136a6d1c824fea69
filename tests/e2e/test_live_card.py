"""The live card in a real dashboard: all cameras, one of them live, and zones on its picture."""

from collections.abc import AsyncIterator
from dataclasses import replace
import json
from pathlib import Path

from homeassistant.config_entries import ConfigSubentryData
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.gatehouse.incidents import IncidentNews, NewsKind
from tests.e2e.browser import Browser, Page
from tests.e2e.dashboards import PHONE_AT_NIGHT, Home, click_on, faint, looking, press, read, strike
from tests.ha.happened import SEEN, happened
from tests.ha.scripted import golden
from tests.ha.seeing import DETECTION, LIVE, SNOOZE, becomes
from tests.ha.site import site_with
from tests.waiting import eventually

from .cameras_shown import CARD, SHOWN, TILES, House, house_of, point, porch_with_a_yard
from .conftest import CAMERA, TOKEN, AgentProcess, is_state

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

HASS = "document.querySelector('home-assistant').hass"
STREAMED = (
    "performance.getEntriesByType('resource').filter(({ name }) => name.includes('_proxy_stream'))"
)
RECORDING = "switch.front_door_recording"
YARD = "camera.b_yard_b"

# As when somebody looks at another tab.
HIDE = """
window.hide = (hidden) => {
    Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
}
"""

# What shows a stream that comes by WebRTC.
STRAIGHT = "all('video').find(({ srcObject }) => srcObject)"

# Whoever listens from now on to the connection to Home Assistant being back.
LISTENERS = f"""
(() => {{
    const heard = [];
    const {{ connection }} = {HASS};
    const add = connection.addEventListener.bind(connection);
    connection.addEventListener = (kind, listener) => {{
        if (kind === "ready") heard.push(listener);
        add(kind, listener);
    }};
    return heard;
}})()
"""

# As when the agent is in another network, and nothing comes of what it answers.
NO_WAY = "RTCPeerConnection.prototype.setRemoteDescription = () => new Promise(() => {})"

# A still of the camera that is as new as can be, and how often it is asked for.
STILL = """
(() => {
    const home = document.querySelector("home-assistant");
    window.still = document.createElement("gatehouse-still");
    still.style = "position: fixed; inset: 0 auto auto 0; width: 160px; height: 90px; z-index: 9";
    still.pace = 40;
    still.address = home.hass.states["camera.front_door"].attributes.entity_picture + "&mine";
    home.shadowRoot.append(still);
    const isMine = (each) => each.name.includes("&mine");
    window.asked = () => performance.getEntriesByType("resource").filter(isMine).length;
    window.pause = () => new Promise((next) => setTimeout(next, 200));
    window.resting = async () => {
        await pause();
        const before = asked();
        await pause();
        return asked() === before;
    };
    performance.setResourceTimingBufferSize(5000);
})()
"""


@pytest.fixture
async def house(home: Home) -> AsyncIterator[House]:
    """A house whose dashboard has the card."""
    async with porch_with_a_yard() as agent:
        yield await house_of(home, agent)


async def told(page: Page) -> list[str]:
    """Return what each tile says."""
    return await page.run(f"{TILES}.map((each) => each.textContent.replace(/\\s+/g, ' ').trim())")


async def test_all_cameras_are_seen_with_what_goes_on_there(
    house: House, hass: HomeAssistant, browser: Browser, hass_admin_user: MockUser
) -> None:
    async with looking(browser, house.home, hass_admin_user, SHOWN) as page:
        shown = "(each) => each.querySelector('gatehouse-still').shadowRoot.querySelector('img')"
        await page.until(f"{TILES}.length === 2 && {TILES}.every({shown})")
        assert await told(page) == ["Front door", "<b>Yard</b>"]

        await house.agent.move(moving=True)
        for entity in (RECORDING, SNOOZE):
            await hass.services.async_call("switch", "turn_on", {"entity_id": entity})
        await page.until(f"{TILES}[0].textContent.includes('snoozed until')")
        await page.until(f"{TILES}[0].textContent.includes('recording')")
        assert "motion" in (await told(page))[0]
        assert await faint(page) == []

        # What is private is no longer shown, at once.
        state = house.agent.state["cameras"]["yard"]
        offline = golden("camera") | {"camera": "yard"}
        await house.agent.say(offline | {"state": state | {"status": "private"}})
        await page.until(f"{TILES}[1].textContent.includes('private')")
        width = "querySelector('gatehouse-still').shadowRoot.querySelector('img').naturalWidth"
        await page.until(f"{TILES}[1].{width} !== 320")

        await house.agent.say(offline)
        await page.until(f"{TILES}[1].textContent.includes('It gives no pictures, since')")
        await page.look(*PHONE_AT_NIGHT)
        assert await faint(page) == []
        assert await page.run("card('live').scrollWidth <= card('live').clientWidth")

        await house.agent.stop()
        await page.until(f"{TILES}[0].textContent.includes('Its agent cannot be reached, since')")
        await click_on(page, ".camera")
        assert "cannot be reached" in await page.until("one('dialog .why')?.textContent")


async def test_pictures_are_fetched_while_somebody_looks_and_come_fluently_where_one_points(
    house: House, browser: Browser, hass_admin_user: MockUser
) -> None:
    async with looking(browser, house.home, hass_admin_user, SHOWN) as page:
        await page.run(HIDE)
        await page.run(STILL)
        await page.until(
            "asked() > 2 && still.shadowRoot.querySelector('img').naturalWidth === 320"
        )
        for hidden, seen in (
            ("hide(true)", "hide(false)"),
            ("still.style.display = 'none'", "still.style.display = 'block'"),
        ):
            await page.run(hidden)
            await page.until("resting()")
            before = await page.run("asked()")
            await page.run(seen)
            await page.until(f"asked() > {before}")
        await page.run("still.remove()")
        await page.until("resting()")

        await page.until(f"{TILES}.length === 2")
        spot = await page.run(f"{TILES}[0].getBoundingClientRect().toJSON()")
        await point(page, "mouseMoved", spot["x"] + 20, spot["y"] + 20)
        await eventually(lambda: house.agent.streams == 1)
        await point(page, "mouseMoved", 2, 2)
        await eventually(lambda: house.agent.streams == 0)


async def test_one_camera_is_live_and_obeys(
    house: House, hass: HomeAssistant, browser: Browser, hass_admin_user: MockUser
) -> None:
    async with looking(browser, house.home, hass_admin_user, SHOWN) as page:
        await page.until(f"{TILES}.length === 2")
        await page.run(f"{TILES}[0].click()")
        await page.until("one('dialog .mark')?.textContent === 'live, pictures (MJPEG)'")
        await eventually(lambda: house.agent.streams == 1)
        assert await read(page, "dialog h2") == "Front door"
        assert await faint(page) == []

        await press(page, "Snapshot")
        await page.until("one('.kept img')?.naturalWidth === 320")
        path = Path((await read(page, ".kept figcaption")).partition(": ")[2])
        assert path.is_file()

        await press(page, "Record 30 s")
        await page.until("one('dialog .said')?.textContent.includes('next 30 seconds')")
        await eventually(lambda: len(house.agent.recordings) == 1)
        for words, entity, state in (
            ("Record all", RECORDING, "on"),
            ("Record all", RECORDING, "off"),
            ("Detection", DETECTION, "off"),
            ("Snooze", SNOOZE, "on"),
            ("Snooze", SNOOZE, "off"),
        ):
            await press(page, words)
            await becomes(hass, entity, state)
            pressed = json.dumps(str(state == "on").lower())
            await page.until(f"called({words!r}).ariaPressed === {pressed}")

        # Somebody wants no pictures of it for a while, then it is gone.
        state = house.agent.state["cameras"]["front"]
        await house.agent.say(golden("camera") | {"state": state | {"status": "private"}})
        await page.until("called('Privacy')?.ariaPressed === 'true' && !called('Snapshot')")
        assert "private" in await read(page, "dialog .marks")
        await house.agent.say(golden("camera") | {"state": state})
        await page.until("called('Snapshot')")
        await house.agent.say(golden("camera"))
        await page.until("one('dialog .why')?.textContent.includes('no pictures')")
        await eventually(lambda: house.agent.streams == 0)
        await house.agent.say(golden("camera") | {"state": state})
        await eventually(lambda: house.agent.streams == 1)

        await page.run(f"{HIDE}; hide(true)")
        await eventually(lambda: house.agent.streams == 0)
        await page.run("hide(false)")
        await eventually(lambda: house.agent.streams == 1)

        incident = replace(SEEN, started=dt_util.utcnow(), picture=None, frames=())
        await happened(house.site, incident)
        news = IncidentNews(kind=NewsKind.CLOSED, incident=incident)
        house.site.runtime_data.house.incident(news)
        await press(page, "Last incident")
        await page.until("location.pathname === '/gatehouse/incident/a1'")
        await eventually(lambda: house.agent.streams == 0)


async def test_where_home_assistants_player_is_missing_or_shows_nothing_pictures_do(
    house: House, browser: Browser, hass_admin_user: MockUser
) -> None:
    async with looking(browser, house.home, hass_admin_user, SHOWN) as page:
        await page.run(
            "window.known = customElements.get.bind(customElements);"
            "window.loadCardHelpers = undefined;"
            "customElements.whenDefined = async () => undefined;"
            "customElements.get = (name) => name === 'ha-camera-stream' ? undefined : known(name)"
        )
        await page.run(f"window.ready = {LISTENERS}")
        house.agent.dark = True
        await page.run(f"{TILES}[0].click()")
        await page.until("one('dialog .mark')?.textContent === 'connecting …'")
        await page.until(f"{STREAMED}.length && !all('.player > img').length")
        house.agent.dark = False
        await page.until("one('.player > img')?.naturalWidth === 320")
        assert await read(page, "dialog .mark") == "live, pictures (MJPEG)"

        # As when the connection is back, on a screen that Home Assistant does not make anew then.
        await page.run("one('.player > img').lost = true")
        await page.run("ready.forEach((listener) => listener())")
        await page.until("one('.player > img')?.naturalWidth && !one('.player > img').lost")
        await strike(page, "Escape")
        await eventually(lambda: house.agent.streams == 0)


async def test_who_is_no_administrator_sees_cameras_but_changes_no_zones(
    house: House, browser: Browser, hass_read_only_user: MockUser
) -> None:
    async with looking(browser, house.home, hass_read_only_user, SHOWN) as page:
        await page.run(f"{TILES}[0].click()")
        await page.until("one('dialog .mark')?.textContent === 'live, pictures (MJPEG)'")
        assert await page.run("called('Zones') === undefined")
        await press(page, "Record 30 s")
        await page.until("one('dialog .problem')?.textContent.length > 5")
        assert house.agent.recordings == {}


@pytest.fixture
async def streaming(hass: HomeAssistant) -> None:
    """What makes HLS of a camera: a server that listens takes no more routes."""
    assert await async_setup_component(hass, "stream", {})


@pytest.fixture
async def watched(
    streaming: None, home: Home, hass: HomeAssistant, agent: AgentProcess
) -> MockConfigEntry:
    """A site with a real agent, whose camera plays a video."""
    fields = {"host": "127.0.0.1", "port": agent.port, "token": TOKEN}
    porch = ConfigSubentryData(
        subentry_type="agent", title="Porch", unique_id="c0ffee000001", data=fields
    )
    site = site_with(porch, detectors=[])
    site.add_to_hass(hass)
    assert await hass.config_entries.async_setup(site.entry_id)
    await eventually(is_state(hass, CAMERA, "streaming"), 20, "the camera shows pictures")
    await home.show(CARD)
    return site


@pytest.mark.parametrize("expected_lingering_timers", [True])  # of the stream
async def test_a_real_camera_is_live_straight_from_its_agent(
    watched: MockConfigEntry, home: Home, browser: Browser, hass_admin_user: MockUser
) -> None:
    async with looking(browser, home, hass_admin_user, SHOWN) as page:
        await click_on(page, ".camera")
        await page.until("one('dialog .mark')?.textContent === 'live, WebRTC'")
        at = await page.run(f"{STRAIGHT}.currentTime")
        await page.until(f"{STRAIGHT}.currentTime > {at} + 1")
        assert await page.run(f"{STRAIGHT}.videoWidth") > 0
        assert await read(page, "dialog .mark") == "live, WebRTC"


@pytest.mark.parametrize("expected_lingering_timers", [True])  # of the stream
async def test_a_real_camera_is_live_as_the_video_that_home_assistant_makes_of_it(
    watched: MockConfigEntry, home: Home, browser: Browser, hass_admin_user: MockUser
) -> None:
    """As where no way leads to the agent; and in a panel, where nothing of dashboards is loaded."""
    async with looking(browser, home, hass_admin_user, SHOWN, at="/gatehouse/live") as page:
        await page.run(NO_WAY)
        await page.until("one('gatehouse-still').shadowRoot.querySelector('img')?.naturalWidth")
        await click_on(page, ".camera")
        await page.until("one('dialog .mark')?.textContent === 'live, HLS'")
        at = await page.run("all('video')[0].currentTime")
        await page.until(f"all('video')[0].currentTime > {at} + 1")
        assert await page.run(
            "document.pictureInPictureEnabled === (called('Picture in picture') !== undefined)"
        )


async def test_a_configuration_is_checked_and_cameras_are_those_that_it_wants(
    house: House, browser: Browser, hass_admin_user: MockUser
) -> None:
    """The card by itself, and what it offers to dashboards."""
    async with looking(browser, house.home, hass_admin_user, SHOWN) as page:
        await page.run(
            "window.Live = customElements.get('gatehouse-live-card');"
            "window.refusal = (config) => { try { new Live().setConfig(config) }"
            " catch (error) { return error.message } }"
        )
        assert await page.run(
            "[{ columns: 7 }, { columns: 1.5 }, { cameras: 'camera.a' }, { cameras: ['light.a'] },"
            " {}].map(refusal)"
        ) == [
            "columns is a whole number from 1 to 6.",
            "columns is a whole number from 1 to 6.",
            "cameras is a list of camera entities.",
            "cameras is a list of camera entities.",
            None,
        ]
        offered = "window.customCards.find((card) => card.type === 'gatehouse-live-card')"
        assert await page.run(
            f"['{LIVE}', '{DETECTION}'].map((id) => {offered}.getEntitySuggestion({HASS}, id))"
        ) == [{"config": CARD | {"cameras": [LIVE]}}, None]
        await page.run("window.form = Live.getConfigForm()")
        assert await page.run("form.schema.map(form.computeLabel)") == [
            "Title",
            "Cameras",
            "Columns",
        ]

        wanted = json.dumps({"cameras": [YARD, "camera.moon"], "columns": 2, "title": ""})
        await page.run(f"card('live').setConfig({wanted})")
        await page.until(f"{TILES}.length === 1")
        assert await told(page) == ["<b>Yard</b>"]
        assert await read(page, ".status") == "camera.moon is not a camera of Gatehouse."

        assert await house.home.hass.config_entries.async_unload(house.site.entry_id)
        await page.run("window.late = new Live(); late.setConfig({}); document.body.append(late)")
        await page.run(f"late.hass = {HASS}")
        await page.until(
            "late.shadowRoot.querySelector('.status')?.textContent.includes('not loaded')"
        )
        await page.run("late.remove()")
