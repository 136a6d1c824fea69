"""A clip of the scene is what every phone plays: its file, byte by byte, and a browser."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from io import BytesIO
from itertools import islice
from pathlib import Path

from aiohttp.test_utils import TestClient
import av
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from PIL import Image
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, WebSocketGenerator

from custom_components.gatehouse.footage import Link
from custom_components.gatehouse.models import Footage, Picture
from custom_components.gatehouse.share_address import share_path
from custom_components.gatehouse.vision import DetectorOptions, OnnxDetector
from tests.e2e.browser import Page, Viewing
from tests.ha.happened import CLIP, SEEN, filmed, happened
from tests.ha.scripted import ScriptedAgent, scripted_agent
from tests.ha.seeing import set_up
from tests.ha.site import site_with, subentry_of
from tests.rooms.footage.media import video
from tests.waiting import eventually

from .conftest import AgentProcess, Scene
from .visiting import CAN_PLAY_THROUGH, IS_SHOWN, clip_of, play, resolved, visited

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

# H.264's names of what even old phones decode; none of them is above High.
PROFILES = {"Constrained Baseline", "Baseline", "Main", "High"}

AT_LEAST_BEFORE = 3.0  # seconds of nobody
FPS = 10
EACH = 5  # frames


async def test_the_clip_of_a_visit_begins_before_it_and_plays_on_every_phone(
    hass: HomeAssistant,
    site: MockConfigEntry,
    agent: AgentProcess,
    scene: Scene,
    hass_client_no_auth: ClientSessionGenerator,
    hass_ws_client: WebSocketGenerator,
    viewing: Viewing,
) -> None:
    incident = await visited(hass, agent)
    row = await clip_of(site, incident)
    outside = await hass_client_no_auth()
    path = await resolved(hass_ws_client, incident["clip"])

    body = await check_transport(outside, path)
    assert body == await asyncio.to_thread(row.path.read_bytes)
    frames = check_film(body, row)
    await check_beginning(frames, scene)

    async with viewing() as page:
        await play(page, str(outside.make_url(path)))
        length = await page.run("document.querySelector('video').duration")
    assert length == pytest.approx(row.duration.total_seconds(), abs=0.5)


async def check_transport(outside: TestClient, path: str) -> bytes:
    """The path is enough, no less will do, and every part can be had by itself."""
    whole = await outside.get(path)
    assert (whole.status, whole.content_type) == (HTTPStatus.OK, "video/mp4")
    assert whole.headers["Accept-Ranges"] == "bytes"
    body = await whole.read()
    size, middle = len(body), len(body) // 2
    for asked, first, last in (
        ("bytes=0-99", 0, 99),
        (f"bytes={middle}-{middle + 999}", middle, middle + 999),
        (f"bytes={size - 10}-", size - 10, size - 1),
        ("bytes=-7", size - 7, size - 1),
    ):
        part = await outside.get(path, headers={"Range": asked})
        assert part.status == HTTPStatus.PARTIAL_CONTENT
        assert part.headers["Content-Range"] == f"bytes {first}-{last}/{size}"
        assert await part.read() == body[first : last + 1]
    beyond = await outside.get(path, headers={"Range": f"bytes={size}-"})
    assert beyond.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
    assert (await outside.get(path.partition("?")[0])).status == HTTPStatus.FORBIDDEN
    return body


def check_film(body: bytes, row: Footage) -> dict[float, Image.Image]:
    """It is the H.264 that all can decode, from its first byte on, as long as its row says.

    Return its frames, each by its second.
    """
    assert body.index(b"ftyp") < body.index(b"moov") < body.index(b"mdat")
    with av.open(BytesIO(body)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.profile in PROFILES
        assert stream.codec_context.pix_fmt == "yuv420p"
        length = float(stream.duration * stream.time_base)
        decoded = list(container.decode(stream))
    assert decoded[0].key_frame
    assert row.duration
    assert length == pytest.approx(row.duration.total_seconds(), abs=0.5)
    # It begins with a key frame, and there is one in each second.
    wanted = (row.until - row.since).total_seconds()
    assert wanted - 0.5 <= length <= wanted + 1.5
    assert len(decoded) == pytest.approx(length * FPS, rel=0.1)
    return {frame.time: frame.to_image() for frame in decoded}


async def check_beginning(frames: dict[float, Image.Image], scene: Scene) -> None:
    """Nobody is there for three seconds, until somebody comes."""
    options = DetectorOptions(threshold=scene.threshold, labels=frozenset({"person"}))
    detector = await OnnxDetector.load(scene.model, options)
    try:
        seconds = iter(frames)
        first = await anext(seen_at(detector, frames, seconds))
        # Twice a second tells whether they stay.
        later = [each async for each in seen_at(detector, frames, islice(seconds, 0, None, EACH))]
    finally:
        await detector.close()
    assert first - min(frames) - scene.entering >= AT_LEAST_BEFORE
    # Whoever came is there for most of it, or another one after him.
    assert len(later) * EACH >= len(frames) / 3


async def seen_at(
    detector: OnnxDetector, frames: dict[float, Image.Image], seconds: Iterable[float]
) -> AsyncIterator[float]:
    """Yield those of some seconds at which the model sees somebody."""
    for second in seconds:
        if await sees(detector, frames[second]):
            yield second


async def sees(detector: OnnxDetector, frame: Image.Image) -> bool:
    """Return whether the model sees somebody in a decoded frame."""
    jpeg = BytesIO()
    frame.save(jpeg, "JPEG", quality=90)
    picture = Picture(jpeg=jpeg.getvalue(), captured=dt_util.utcnow())
    return bool((await detector.detect(lambda: picture)).detections)


# --- The public page -----------------------------------------------------------------------------


@pytest.fixture
async def porch(socket_enabled: None) -> AsyncIterator[ScriptedAgent]:
    """An agent called Porch."""
    async with scripted_agent() as agent:
        yield agent


@pytest.fixture
async def shared(hass: HomeAssistant, porch: ScriptedAgent, media: Path) -> MockConfigEntry:
    """A site with one clip, of eight seconds."""
    assert await async_setup_component(hass, "http", {})
    site = site_with(subentry_of(porch), detectors=[])
    await set_up(hass, site)
    clip = media / "gatehouse" / "clip.mp4"
    clip.parent.mkdir(exist_ok=True)
    clip.write_bytes(video(frames=8 * 15, movflags="faststart"))
    Image.new("RGB", (320, 180), "teal").save(clip.with_suffix(".jpg"))
    await happened(site, SEEN)
    await filmed(site, replace(CLIP, path=clip, duration=timedelta(seconds=8)))
    return site


@pytest.fixture
async def link(shared: MockConfigEntry) -> Link:
    """A link to its clip, for a day and two viewings."""
    made: Link = await shared.runtime_data.storage.links.create(
        CLIP.id, timedelta(days=1), 2, "For Ann, who asked who took the parcel."
    )
    return made


async def test_somebody_without_a_login_plays_what_was_shared_until_it_is_taken_back(
    shared: MockConfigEntry, link: Link, hass_client_no_auth: ClientSessionGenerator, page: Page
) -> None:
    outside = await hass_client_no_auth()
    address = str(outside.make_url(share_path(link)))

    await page.open(address)
    assert await page.run("document.querySelector('h1').textContent") == "Front door"
    assert "For Ann" in await page.run("document.body.innerText")
    await page.run("document.querySelector('video').play()")
    await page.until(IS_SHOWN)
    await page.until(CAN_PLAY_THROUGH)
    # Whoever jumps around in it asks for parts of it again and again: still one viewing.
    for second in (6, 2):
        await page.run(f"document.querySelector('video').currentTime = {second}")
        await page.until(f"!video.seeking && video.currentTime > {second + 0.2}")
    assert [each.uses for each in await shared.runtime_data.storage.links.living()] == [1]

    assert await shared.runtime_data.storage.links.revoke(link.id)

    await page.open(address)
    assert await page.run("performance.getEntriesByType('navigation')[0].responseStatus") == 410
    assert await page.run("document.querySelector('video')") is None
    told = await page.run("document.body.innerText")
    assert "taken back" in told
    assert (await outside.get(f"{share_path(link)}/picture")).status == HTTPStatus.GONE


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)], ids=["desk", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_public_page_fits_the_screen_and_the_hour(
    shared: MockConfigEntry,
    link: Link,
    hass_client_no_auth: ClientSessionGenerator,
    page: Page,
    width: int,
    height: int,
    scheme: str,
) -> None:
    outside = await hass_client_no_auth()
    await page.look(width, height, scheme)

    await page.open(str(outside.make_url(share_path(link))))
    await page.until("video.getBoundingClientRect().height > 100")

    shown = await seen(page, (0, 128, 128))
    box = await player(page)
    assert await page.run("document.documentElement.scrollWidth") <= width
    assert (box["left"] >= 0, box["right"] <= width) == (True, True)
    assert box["bottom"] <= height
    assert (max(shown.getpixel((2, 2))) < 80) == (scheme == "dark")


async def seen(page: Page, colour: tuple[int, int, int]) -> Image.Image:
    """Return what is to be seen as soon as the poster is, which has this colour."""

    async def shown() -> Image.Image | None:
        picture = Image.open(BytesIO(await page.screenshot())).convert("RGB")
        box = await player(page)
        point = (box["left"] + box["width"] / 3, box["top"] + box["height"] / 3)
        shades = zip(picture.getpixel(point), colour, strict=True)
        return picture if all(abs(one - other) < 12 for one, other in shades) else None

    return await eventually(shown, 10, "the poster")


async def player(page: Page) -> dict[str, float]:
    """Return where the player is."""
    return await page.run("document.querySelector('video').getBoundingClientRect().toJSON()")
