"""A house with two cameras, and the live card on its dashboard."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.gatehouse.models import Zone
from tests.e2e.browser import Page
from tests.e2e.dashboards import Home
from tests.ha.scripted import KEY, ScriptedAgent, scripted_agent
from tests.ha.seeing import set_up
from tests.ha.site import site_with, subentry_of

CARD = {"type": "custom:gatehouse-live-card"}
SHOWN = "card('live')?.shadowRoot.querySelector('.camera')"
TILES = "all('.camera')"


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """A site with two cameras on one agent."""

    home: Home
    site: MockConfigEntry
    agent: ScriptedAgent

    @property
    def zones(self) -> tuple[Zone, ...]:
        """What is kept of the front door's picture."""
        kept: tuple[Zone, ...] = self.site.runtime_data.zones.of(KEY).zones
        return kept


@asynccontextmanager
async def porch_with_a_yard() -> AsyncIterator[ScriptedAgent]:
    """Serve an agent called Porch, whose second camera has a name that is no markup."""
    async with scripted_agent() as agent:
        front = agent.state["info"]["cameras"][0]
        agent.state["info"]["cameras"].append(front | {"id": "yard", "name": "<b>Yard</b>"})
        agent.state["cameras"]["yard"] = dict(agent.state["cameras"]["front"])
        yield agent


async def house_of(home: Home, agent: ScriptedAgent) -> House:
    """Set the site up, and have a dashboard with the card."""
    site = site_with(subentry_of(agent), detectors=[])
    await set_up(home.hass, site)
    await home.show(CARD)
    return House(home=home, site=site, agent=agent)


async def point(page: Page, kind: str, x: float, y: float, **buttons: Any) -> None:
    """Do something with the mouse: mouseMoved, mousePressed or mouseReleased."""
    await page.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, **buttons)
