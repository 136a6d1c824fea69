"""A short hour is booked: two cameras of a real agent become one movie, in step, in a browser."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from io import BytesIO
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import av
from homeassistant.config_entries import ConfigSubentryData
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.gatehouse.bookings import Appointment
from custom_components.gatehouse.models import BookingState
from tests.e2e.browser import Viewing
from tests.rooms.footage.reels import Shot, clock, read, recorded, shots
from tests.waiting import eventually

from .conftest import TOKEN, AgentProcess, Scene, is_state
from .visiting import play

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

AGENT: Final = "c0ffee000001"
LEFT, RIGHT = f"{AGENT}/left", f"{AGENT}/right"
LENGTH: Final = timedelta(seconds=15)
FRAME: Final = 1 / 30
BITS_S: Final = 65.0


@dataclass(frozen=True)
class Court(Scene):
    """Two cameras that show the milliseconds since they began."""

    right: Path


@pytest.fixture
def scene(tmp_path: Path) -> Court:
    """Return two videos in which one can read the time."""
    files = {}
    for name in ("left", "right"):
        files[name] = tmp_path / f"{name}.mp4"
        files[name].write_bytes(recorded(clock(30, 0, BITS_S)))
    settings = (
        'width = 320\nheight = 180\nfps = 30\n\n[[cameras]]\nid = "right"\nname = "Right"\n'
        f'source = "video"\npath = "{files["right"]}"\nwidth = 320\nheight = 180\nfps = 30\n'
    )
    return Court(
        video=files["left"],
        model=Path(),
        threshold=0.5,
        settings=settings,
        entering=0.0,
        right=files["right"],
    )


@pytest.fixture
async def agent(tmp_path: Path, scene: Court, socket_enabled: None) -> AsyncIterator[AgentProcess]:
    """A running agent with two cameras."""
    agent = AgentProcess(tmp_path, scene)
    config = tmp_path / "agent.toml"
    told = config.read_text("utf-8")
    config.write_text(
        told.replace('id = "front"\nname = "Front door"', 'id = "left"\nname = "Left"')
    )
    await agent.start()
    yield agent
    await agent.stop()


@pytest.fixture
async def site(hass: HomeAssistant, agent: AgentProcess, media: Path) -> MockConfigEntry:
    """A site with the agent in it, and the court that its cameras see."""
    for component in ("http", "websocket_api", "media_source", "camera"):
        assert await async_setup_component(hass, component, {})
    court = {"left": LEFT, "right": RIGHT, "layout": "side_by_side", "share": True}
    entry = MockConfigEntry(
        domain="gatehouse",
        unique_id="site",
        title="Home",
        minor_version=2,
        options={"detectors": []},
        subentries_data=[
            ConfigSubentryData(
                subentry_type="agent",
                title="Court",
                unique_id=AGENT,
                data={"host": "127.0.0.1", "port": agent.port, "token": TOKEN},
            ),
            ConfigSubentryData(
                subentry_type="pair", title="Center court", unique_id=None, data=court
            ),
        ],
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    for camera in ("camera.left", "camera.right"):
        await eventually(is_state(hass, camera, "streaming"), 20, f"{camera} shows pictures")
    return entry


async def test_a_booked_hour_is_one_movie_in_step_that_a_browser_plays(
    hass: HomeAssistant,
    site: MockConfigEntry,
    hass_client_no_auth: ClientSessionGenerator,
    viewing: Viewing,
) -> None:
    schedule = site.runtime_data.schedule
    began = {camera: await began_of(site, camera) for camera in ("left", "right")}
    start = dt_util.utcnow().replace(microsecond=0) + timedelta(seconds=3)

    booked = await hass.services.async_call(
        "calendar",
        "create_event",
        {
            "entity_id": "calendar.center_court_bookings",
            "summary": "Tennis",
            "start_date_time": start,
            "end_date_time": start + LENGTH,
        },
        blocking=True,
    )
    assert booked is None

    async def shared() -> Appointment | None:
        (hour,) = await schedule.diary.between(start, start + LENGTH)
        return hour.appointment if hour.state is BookingState.SHARED else None

    row = await eventually(shared, 100, "the movie is made and shared")
    assert row.error is None
    assert abs(row.recorded_since - start) <= timedelta(seconds=0.5)
    assert abs(row.recorded_until - (start + LENGTH)) <= timedelta(seconds=0.5)
    movie = await site.runtime_data.storage.library.get(row.movie)
    check_step(await asyncio.to_thread(shots, movie.path), began)
    await check_link(row.link, hass_client_no_auth, viewing)


def check_step(seen: list[Shot], began: dict[str, datetime]) -> None:
    """Both halves show the same moment, as long as the hour was."""
    both = [each for each in seen if each.left is not None and each.right is not None]
    assert len(both) >= 0.9 * len(seen) >= 0.9 * 25 * LENGTH.total_seconds()
    ahead = (began["left"] - began["right"]).total_seconds()
    apart = [each.left / 1000 + ahead - each.right / 1000 for each in both]
    assert max(abs(round(each / FRAME)) for each in apart) <= 1, (min(apart), max(apart))


async def began_of(site: MockConfigEntry, camera: str) -> datetime:
    """Return when a camera showed a zero, by the clock of its agent."""
    client = site.runtime_data.cameras.agents[AGENT].agent
    picture = await client.snapshot(camera)
    with av.open(BytesIO(picture.jpeg)) as file:
        shown = read(next(file.decode(video=0)).to_ndarray(format="gray"))
    assert shown is not None
    return picture.captured - timedelta(milliseconds=shown)


async def check_link(
    link: str, hass_client_no_auth: ClientSessionGenerator, viewing: Viewing
) -> None:
    """Whoever has the link sees the movie."""
    outside = await hass_client_no_auth()
    path = urlsplit(link).path
    assert (await outside.get(path)).status == HTTPStatus.OK
    async with viewing() as page:
        await play(page, str(outside.make_url(path + "/clip?viewing=a-browser-of-a-test")))
