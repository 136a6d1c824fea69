"""Zones of a camera, drawn on its picture in a real dashboard."""

from base64 import b64encode
from collections.abc import AsyncIterator
from datetime import UTC, datetime
import json
from random import Random

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockUser

from custom_components.gatehouse.dashboard_cards import OURS
from custom_components.gatehouse.models import Box, IgnoreBox, Zone, ZoneKind
from custom_components.gatehouse.zones import ZoneCrossing, ZoneTooSmall
from custom_components.gatehouse.zones.polygons import check_polygon
from tests.e2e.browser import Browser, Page
from tests.e2e.dashboards import (
    DESK,
    PHONE_AT_NIGHT,
    Home,
    click_on,
    faint,
    looking,
    press,
    strike,
    type_into,
)
from tests.ha.scripted import KEY
from tests.waiting import eventually

from .cameras_shown import SHOWN, TILES, House, house_of, point, porch_with_a_yard

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]


@pytest.fixture
async def house(home: Home) -> AsyncIterator[House]:
    """A house whose dashboard has the card."""
    async with porch_with_a_yard() as agent:
        yield await house_of(home, agent)


STREET = Zone(
    id="",
    camera=KEY,
    kind=ZoneKind.MASK,
    name="Street",
    points=((0.6, 0.1), (0.9, 0.1), (0.9, 0.3), (0.6, 0.3)),
)
STATUE = IgnoreBox(
    id="",
    camera=KEY,
    label="person",
    box=Box(left=0.1, top=0.1, right=0.3, bottom=0.3),
    created=datetime(2026, 11, 20, 12, tzinfo=UTC),
)


async def click(page: Page, x: float, y: float, to: tuple[float, float] | None = None) -> None:
    """Press the mouse at a part of the picture, and release it there or elsewhere."""
    box = await page.run("one('.canvas').getBoundingClientRect().toJSON()")

    def spot(part: tuple[float, float]) -> tuple[float, float]:
        return box["x"] + part[0] * box["width"], box["y"] + part[1] * box["height"]

    left = {"button": "left", "buttons": 1, "clickCount": 1}
    await point(page, "mousePressed", *spot((x, y)), **left)
    await point(page, "mouseMoved", *spot(to or (x, y)), **left)
    await point(page, "mouseReleased", *spot(to or (x, y)), **left)


async def test_a_zone_is_drawn_on_the_picture_and_kept(
    house: House, hass: HomeAssistant, browser: Browser, hass_admin_user: MockUser
) -> None:
    await house.site.runtime_data.zones.save(STREET)
    async with looking(browser, house.home, hass_admin_user, SHOWN) as page:
        await page.run(f"{TILES}[0].click()")
        await press(page, "Zones")
        await page.until("one('.canvas .name')?.textContent === 'Street'")
        assert await eventually(lambda: house.agent.streams == 0)
        assert await faint(page) == []

        await press(page, "New zone")
        await page.until("one('.canvas.drawing')")
        for number, (x, y) in enumerate([(0.1, 0.5), (0.5, 0.5), (0.1, 0.9), (0.5, 0.9)], 1):
            await click(page, x, y)
            await page.until(f"all('.corner').length === {number}")
        await click(page, 0.1, 0.5)
        await page.until("one('.outline.crossing')")
        await type_into(page, "[name=zone]", "<i>Drive</i>")
        await press(page, "Save")
        refused = (
            "The outline crosses or touches itself. Move or remove a corner, or draw two zones."
        )
        assert await page.until("one('.refusal')?.textContent") == refused
        spot = "[one('.refusal').style.left, one('.refusal').style.top].map(parseFloat)"
        assert await page.run(spot) == [pytest.approx(30, abs=0.6), pytest.approx(70, abs=0.6)]
        assert len(house.zones) == 1
        assert await faint(page) == []

        # The third and the fourth corner change their places; the last one once more by its keys.
        await click(page, 0.1, 0.9, to=(0.5, 0.8))
        await click(page, 0.5, 0.9, to=(0.1, 0.8))
        await page.until("!one('.outline.crossing') && !one('.refusal')")
        await page.run("all('.corner')[3].focus()")
        await strike(page, "ArrowDown")
        await strike(page, "ArrowRight")
        label = "all('.corner')[3].ariaLabel"
        await page.until(f"{label} === 'Corner 4 of 4: 11 % from the left, 81 % from the top'")
        await press(page, "Undo")
        await page.until(f"{label}.includes('10 %')")
        await press(page, "Redo")
        await page.until(f"{label}.includes('11 %')")

        # One more on the line, and away with it.
        await click(page, 0.3, 0.5)
        await page.until("all('.corner').length === 5")
        assert await page.run("card('live').shadowRoot.activeElement === all('.corner')[1]")
        gone = "new KeyboardEvent('keydown', { key: 'Delete', bubbles: true })"
        await page.run(f"all('.corner')[1].dispatchEvent({gone})")
        await page.until("all('.corner').length === 4")

        await type_into(page, "[name=zone]", "street")
        await press(page, "Save")
        await page.until("one('form .problem')?.textContent.includes('already has a zone')")
        await type_into(page, "[name=zone]", "<i>Drive</i>")
        await click_on(page, "form [type=checkbox]")
        await press(page, "Save")
        await page.until("one('dialog .said')?.textContent === '<i>Drive</i> is saved.'")
        drive = house.zones[0]
        assert (drive.name, drive.kind, drive.sensitive) == ("<i>Drive</i>", ZoneKind.ZONE, True)
        near = [(0.1, 0.5), (0.5, 0.5), (0.5, 0.8), (0.11, 0.81)]
        assert [pytest.approx(corner, abs=0.006) for corner in near] == list(drive.points)


async def test_a_zone_is_changed_and_removed_and_what_was_ignored_counts_again(
    house: House, browser: Browser, hass_admin_user: MockUser
) -> None:
    kept = house.site.runtime_data.zones
    await kept.save(STREET)
    await kept.ignore(STATUE)

    async with looking(browser, house.home, hass_admin_user, SHOWN) as page:
        await page.run(f"{TILES}[0].click()")
        await press(page, "Zones")
        await page.until("one('.canvas .name')?.textContent === 'Street'")
        await page.look(*PHONE_AT_NIGHT)
        assert await faint(page) == []
        assert await page.run("one('dialog').scrollWidth <= one('dialog').clientWidth")
        await page.look(*DESK)

        # Also by pointing at it.
        await click(page, 0.7, 0.2)
        await page.until("one('[name=zone]')?.value === 'Street'")
        zone = "one('form select').value = 'zone'; one('form select').dispatchEvent(change)"
        await page.run("window.change = new Event('change')")
        await page.run(zone)
        await press(page, "Cancel")
        await press(page, "Change Street")
        await page.until("one('form select')?.value === 'mask'")
        await page.run(zone)
        await press(page, "Save")
        await eventually(lambda: house.zones[0].kind is ZoneKind.ZONE)
        assert house.zones[0].points == STREET.points

        await press(page, "Remove Street")
        await page.until("one('.question .danger')")
        await click_on(page, ".question .danger")
        await eventually(lambda: house.zones == ())
        await press(page, "Let count again")
        await page.until("one('dialog .said')?.textContent === 'It counts again.'")
        assert kept.of(KEY).ignored == ()
        await press(page, "Live picture")
        await eventually(lambda: house.agent.streams == 1)


async def test_an_outline_crosses_itself_where_gatehouse_says_so(page: Page) -> None:
    chance = Random(7)
    grid = [(x / 6, y / 6) for x in range(7) for y in range(7)]
    outlines = [chance.sample(grid, chance.randint(3, 6)) for _ in range(400)]
    module = b64encode((OURS / "live" / "zones" / "shape.js").read_bytes()).decode()

    verdicts = await page.run(
        f"import('data:text/javascript;base64,{module}').then(({{ crossing }}) =>"
        f" {json.dumps(outlines)}.map((points) => crossing({{ points, closed: true }}) !== null))"
    )

    assert verdicts == [is_refused(outline) for outline in outlines]
    assert {*verdicts} == {True, False}


def is_refused(outline: list[tuple[float, float]]) -> bool:
    """Whether Gatehouse refuses an outline because it crosses itself."""
    try:
        check_polygon(outline)
    except ZoneCrossing:
        return True
    except ZoneTooSmall:
        pass
    return False
