"""The health card in a real dashboard: machines, what is wrong with them, and what they write."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
import logging

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.gatehouse import telling
from tests.e2e.browser import Browser, Page
from tests.e2e.dashboards import DESK_AT_NIGHT, PHONE, Home, faint, looking, press, read, type_into
from tests.ha.scripted import AGENT_ID, ScriptedAgent, golden, scripted_agent
from tests.ha.seeing import set_up
from tests.ha.site import site_with, subentry_of
from tests.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

AGENTS = "card('health')?.shadowRoot.querySelector('.agent')"
RECORDS = "all('.records .text').map((each) => each.textContent)"
SCRIPT = "<img src=x onerror=complaints.push(1)>"


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """A house with an agent, and a dashboard with the card."""

    home: Home
    site: MockConfigEntry
    agent: ScriptedAgent


@pytest.fixture
async def porch(socket_enabled: None) -> AsyncIterator[ScriptedAgent]:
    """An agent on a Pi that has too little power."""
    async with scripted_agent() as agent:
        agent.state["info"]["cameras"][0]["name"] = f"Front {SCRIPT}"
        agent.state["info"]["version"] = "0.0.9"
        agent.state["stats"] |= {"under_voltage": True, "clock_synchronised": False}
        agent.state["spool"] |= {"clips": 3, "bytes": 4_200_000, "lost": 2}
        yield agent


@pytest.fixture
async def house(
    hass: HomeAssistant, home: Home, porch: ScriptedAgent, monkeypatch: pytest.MonkeyPatch
) -> House:
    monkeypatch.setattr(telling, "AT_MOST_EVERY", telling.AT_MOST_EVERY / 10)
    site = site_with(subentry_of(porch), detectors=[])
    await set_up(hass, site)
    low = f"under_voltage_{AGENT_ID}"
    await eventually(lambda: ir.async_get(hass).async_get_issue("gatehouse", low))
    await home.show({"type": "custom:gatehouse-health-card"})
    return House(home=home, site=site, agent=porch)


async def part(page: Page, name: str) -> None:
    """Go to a part of the card."""
    await press(page, name)
    await page.until(f"one('.body').ariaLabel === {name!r}")


async def test_machines_are_seen_as_they_are_and_begin_anew_when_somebody_means_it(
    house: House, browser: Browser, hass_admin_user: MockUser
) -> None:
    async with looking(browser, house.home, hass_admin_user, AGENTS, screen=DESK_AT_NIGHT) as page:
        assert "Porch has too little power" in await read(page, ".problems")
        assert "Use the power supply" in await read(page, ".problems")
        shown = await read(page, ".agent")
        for told in (
            *("too little power", "clock is not set", "Version 0.0.9;", "13%", "52°C", "21 GB"),
            *(f"Front {SCRIPT}", "Clips to be fetched: 3, 4.2 MB", "Clips lost: 2"),
        ):
            assert told in shown
        here = await read(page, "section[aria-label='Home Assistant'] .measures")
        assert all(told in here for told in ("Memory", "Disk free", "Running since"))
        assert await faint(page) == []

        await house.agent.upkeep.measure(stats=house.agent.state["stats"] | {"cpu_percent": 99.0})
        await page.until("one('.agent meter').value === 99")
        await house.agent.upkeep.tell(status="offline", error="No frame for 5 s.")
        await page.until("one('.cameras .problem')?.textContent === 'No frame for 5 s.'")

        for words, question in (
            ("Restart Front", "Restart Front"),
            ("Restart agent", "Restart the agent Porch?"),
            ("Reboot", "Reboot Porch?"),
        ):
            await press(page, words)
            assert question in await page.until("one('.question h2')?.textContent")
            await page.run("all('.question button').at(-1).click()")
            await page.until("!one('.question')")
        await eventually(lambda: len(house.agent.upkeep.asked) == 3)
        assert [path.rpartition("/")[2] for path in house.agent.upkeep.asked] == [
            *("restart", "restart", "reboot"),
        ]

        await house.agent.stop()
        await page.until("one('.agent .mark').textContent === 'offline'")
        assert not await page.run("called('Restart agent') ?? called('Reboot')")


async def test_the_log_is_read_and_looked_through_as_it_is_written(
    house: House, browser: Browser, hass_admin_user: MockUser
) -> None:
    async with looking(browser, house.home, hass_admin_user, AGENTS, screen=PHONE) as page:
        await part(page, "Log")
        await page.until(f"{RECORDS}.includes('Porch is connected')")
        await house.agent.say(golden("logs"))
        await page.until(f"{RECORDS}.some((each) => each.includes('restarting the camera'))")
        log = logging.getLogger("custom_components.gatehouse.test")
        log.error("The gate %s", SCRIPT)
        await page.until(f"{RECORDS}[0] === 'The gate {SCRIPT}'")
        assert await faint(page) == []
        assert await page.run("document.documentElement.scrollWidth <= innerWidth")

        await page.run(
            "window.choose = (number, value) => { const select = all('.filters select')[number];"
            " select.value = value; select.dispatchEvent(new Event('change')); }"
        )
        await page.run("choose(1, 'error')")
        await page.until(f"{RECORDS}.length === 1")
        await page.run(f"choose(1, 'info'); choose(0, {AGENT_ID!r})")
        await page.until(f"{RECORDS}.length === 2")
        await type_into(page, "[type=search]", "no frame")
        await page.run("one('[type=search]').dispatchEvent(new Event('change'))")
        await page.until(f"{RECORDS}.length === 1")
        log.error("Not from Porch")
        await page.run("choose(0, '')")
        await type_into(page, "[type=search]", "number")
        await page.run("one('[type=search]').dispatchEvent(new Event('change'))")
        await page.until("one('.status')?.textContent === 'Nothing like that was written.'")
        for number in range(130):
            log.warning("Number %d", number)
        await page.until(f"{RECORDS}.length === 130")
        assert await page.run(f"{RECORDS}[0]") == "Number 129"

        await part(page, "Health")
        await part(page, "Log")
        await page.until(f"{RECORDS}.length === 100")
        await press(page, "Show older ones")
        await page.until(f"{RECORDS}.length === 130 && !called('Show older ones')")
        assert await page.run(f"{RECORDS}.at(-1)") == "Number 0"


async def test_who_is_no_administrator_is_told_so(
    house: House, browser: Browser, hass_read_only_user: MockUser
) -> None:
    said = "card('health')?.shadowRoot.querySelector('.status')"
    async with looking(browser, house.home, hass_read_only_user, said) as page:
        assert await read(page, ".status") == "Administrators see here how the machines are."
        assert not await page.run("one('.tabs') ?? one('.agent')")
