"""The kit that all cards are made of, in a real Home Assistant and a real browser."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockUser

from tests.e2e.browser import Browser, Page
from tests.e2e.dashboards import DESK, IN_PAGE, PHONE_AT_NIGHT, Home, looking, press, read, strike
from tests.ha.site import site_with

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

TOY = (IN_PAGE / "toy.js").read_text()


@asynccontextmanager
async def playing(
    browser: Browser, home: Home, user: MockUser, screen: tuple[int, int, str] = DESK
) -> AsyncIterator[Page]:
    """Give a page that shows the toy."""
    async with looking(browser, home, user, "card('incidents')", screen=screen) as page:
        assert await page.run(TOY) == 1
        await page.until("one('.hello')")
        yield page


@pytest.fixture
async def house(home: Home, hass: HomeAssistant, media: Any) -> Home:
    """A house whose dashboard loads our cards."""
    await set_up_alone(hass)
    await home.show({"type": "custom:gatehouse-incidents-card"})
    return home


async def set_up_alone(hass: HomeAssistant) -> None:
    """Set a site up in which nothing is yet."""
    site = site_with(detectors=[])
    site.add_to_hass(hass)
    assert await hass.config_entries.async_setup(site.entry_id)
    await hass.async_block_till_done()


async def test_a_card_says_its_words_and_shows_what_it_hears(
    house: Home, browser: Browser, hass_admin_user: MockUser
) -> None:
    async with playing(browser, house, hass_admin_user) as page:
        assert await read(page, ".hello") == "Hallo <i>you</i>"
        drawn = await page.run("toy.drawings")

        await page.run("toy.hass = { ...toy.hass }")
        await page.run("hear({ kind: 'news' })")
        assert await page.run("toy.told") == [["news", {"kind": "news"}]]
        assert await page.run("toy.drawings") == drawn + 1
        states = "{ ...toy.hass.states, 'sun.sun': { state: 'above' } }"
        await page.run(f"toy.hass = {{ ...toy.hass, states: {states} }}")
        assert await page.run("toy.drawings") == drawn + 2

        await page.run("toy.shadowRoot.querySelector('[role=tab]').focus()")
        await strike(page, "ArrowRight")
        assert await page.run("toy.shadowRoot.activeElement.ariaSelected") == "true"
        assert await page.run("toy.kept") == "b"

        await page.run("toy.remove()")
        await page.until("window.left")
        refused = "(() => { try { toy.setConfig({ wrong: 1 }) } catch (e) { return e.message } })()"
        assert await page.run(refused) == "It is wrong."


async def test_a_feed_that_is_refused_is_asked_again_when_more_of_home_assistant_runs(
    house: Home, browser: Browser, hass_admin_user: MockUser
) -> None:
    async with playing(browser, house, hass_admin_user) as page:
        await page.run("toy.remove(); toy.told = []; window.count = 0")
        await page.run(
            "subscribe = async () => { count += 1;"
            " if (count === 1) throw { message: 'Too early.' }; return () => undefined; }"
        )
        await page.run("document.body.append(toy)")
        await page.until("toy.told.length")
        assert await page.run("toy.told") == [["news", "Too early."]]
        await page.run("toy.hass = { ...toy.hass }")
        assert await page.run("count") == 1
        await page.run("toy.hass = { ...toy.hass, config: { ...toy.hass.config } }")
        assert await page.run("count") == 2


@pytest.mark.parametrize("screen", [DESK, PHONE_AT_NIGHT], ids=["desk", "phone"])
async def test_a_sheet_tells_and_asks_and_gives_the_focus_back(
    house: Home, browser: Browser, hass_admin_user: MockUser, screen: tuple[int, int, str]
) -> None:
    async with playing(browser, house, hass_admin_user, screen) as page:
        await page.run("called('Take').focus()")
        await press(page, "Take the toy")
        assert await read(page, "dialog[open] h2") == "<i>you</i>"
        assert await page.run("one('dialog select').value") == "b"
        box = await page.run("one('dialog[open]').getBoundingClientRect().toJSON()")
        assert box["width"] <= screen[0]

        await press(page, "Try")
        await page.until("one('dialog .problem')?.textContent === 'No door.'")
        await page.run("one('dialog input').value = 'Ann'; toy.changed()")
        await page.run("one('dialog input').focus()")

        await press(page, "Delete")
        await page.until("one('.question')")
        assert await read(page, ".question p") == "For <b>ever</b>."
        await strike(page, "Escape")
        await page.until("window.answered === false && !one('.question')")
        assert await page.run("one('dialog input').value") == "Ann"
        await press(page, "Delete")
        await press(page, "Forget")
        await page.until("one('dialog .said')?.textContent === 'It is gone.'")

        await strike(page, "Escape")
        await page.until("window.ended && !one('dialog[open]')")
        assert await page.run("toy.shadowRoot.activeElement.textContent.trim()") == "Take the toy"
