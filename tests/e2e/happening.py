"""A house on whose dashboard it is seen what happened: a visit with its clip, and its past."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from homeassistant.util import dt as dt_util
from PIL import Image, ImageDraw
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.gatehouse.incidents import IncidentNews, NewsKind
from custom_components.gatehouse.models import Box, Detection, Frame, Incident, Level
from tests.e2e.browser import Browser, Page
from tests.e2e.dashboards import DESK, Home, looking
from tests.ha.happened import CLIP, SEEN, filmed, happened
from tests.ha.scripted import ScriptedAgent, scripted_agent
from tests.ha.seeing import set_up
from tests.ha.site import site_with, subentry_of
from tests.rooms.footage.media import video

CARD = {"type": "custom:gatehouse-incidents-card"}
SCRIPT = "<img src=x onerror='window.hacked = 1'><script>window.hacked = 1</script>"
SOMEBODY = Detection(label="person", score=0.914, box=Box(0.375, 0.25, 0.5625, 0.89))
HOSTILE = Detection(label=SCRIPT, score=0.4, box=Box(0.8, 0.02, 0.95, 0.2))
LISTED = "card('incidents')?.shadowRoot.querySelector('.incident')"


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """A site with one incident and its clip, and its dashboard."""

    home: Home
    site: MockConfigEntry
    incident: Incident
    media: Path

    async def tell(self, kind: NewsKind, *incidents: Incident) -> None:
        """Let there be news of incidents."""
        await happened(self.site, *incidents)
        for incident in incidents:
            self.site.runtime_data.house.incident(IncidentNews(kind=kind, incident=incident))

    async def past(self, count: int) -> None:
        """Let so many incidents have happened before, one an hour, each with a picture."""
        await happened(self.site, *(self._earlier(number) for number in range(1, count + 1)))

    def seeing(
        self,
        browser: Browser,
        user: MockUser,
        until: str = LISTED,
        *,
        at: str = "/gatehouse-cards/home",
        screen: tuple[int, int, str] = DESK,
    ) -> AbstractAsyncContextManager[Page]:
        """Give a page on which a user sees what happened."""
        return looking(browser, self.home, user, until, at=at, screen=screen)

    def _earlier(self, number: int) -> Incident:
        assert self.incident.assessment
        level = tuple(Level)[number % 4]
        assessment = replace(
            self.incident.assessment, level=level, risk=(5, 35, 65, 90)[number % 4]
        )
        hours = timedelta(hours=number)
        return replace(
            self.incident,
            id=f"{number:032x}",
            started=self.incident.started - hours,
            last_seen=self.incident.last_seen - hours,
            place=("Drive", "Garden", "Back door")[number % 3],
            assessment=assessment,
            passages=(),
        )


@pytest.fixture
async def porch(socket_enabled: None) -> AsyncIterator[ScriptedAgent]:
    """An agent called Porch."""
    async with scripted_agent() as agent:
        yield agent


@pytest.fixture
async def house(home: Home, porch: ScriptedAgent, media: Path) -> House:
    """A house whose dashboard has the incidents card."""
    site = site_with(subentry_of(porch), detectors=[])
    await set_up(home.hass, site)
    incident = await _a_visit(site, media / "gatehouse")
    await home.show(CARD)
    return House(home=home, site=site, incident=incident, media=media / "gatehouse")


async def _a_visit(site: MockConfigEntry, media: Path) -> Incident:
    media.mkdir(exist_ok=True)
    clip = media / "clip.mp4"
    clip.write_bytes(video(frames=8 * 15, movflags="faststart"))
    picture, frame = media / "picture.jpg", media / "frame.jpg"
    for path in (clip.with_suffix(".jpg"), frame, picture):
        image = Image.new("RGB", (320, 180), "teal")
        ImageDraw.Draw(image).ellipse((120, 45, 180, 160), fill="navy")
        image.save(path)
    began = dt_util.utcnow() - timedelta(minutes=5)
    incident = replace(
        SEEN,
        started=began,
        last_seen=began + timedelta(seconds=20),
        picture=picture,
        frames=(Frame(path=frame), Frame(path=frame, detections=(SOMEBODY, HOSTILE))),
    )
    await happened(site, incident)
    await filmed(site, replace(CLIP, path=clip, duration=timedelta(seconds=8)))
    return incident
