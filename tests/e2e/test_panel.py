"""Gatehouse in the sidebar and as a dashboard that makes itself."""

from http import HTTPStatus

import aiohttp
import pytest
from pytest_homeassistant_custom_component.common import MockUser

from tests.e2e.browser import Browser
from tests.e2e.dashboards import PHONE, faint, press, strike
from tests.e2e.happening import House, house, porch

__all__ = ["house", "porch"]

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

SHOWN = "all('.tabs [aria-selected=true]').map((each) => each.textContent.trim()).join()"


async def test_an_address_opens_its_incident_and_closing_it_leads_to_the_list(
    house: House, browser: Browser, hass_admin_user: MockUser
) -> None:
    deep = "/gatehouse/incident/a1"
    opened = "one('dialog h2')?.textContent === 'Front door'"
    async with house.seeing(browser, hass_admin_user, opened, at=deep, screen=PHONE) as page:
        assert await page.run("location.pathname") == deep

        await strike(page, "Escape")
        await page.until("location.pathname === '/gatehouse/incidents' && !one('dialog')")
        assert await page.run(SHOWN) == "Incidents"
        await page.until("one('.incident')")

        await page.run("called('Live').click()")
        await page.until("location.pathname === '/gatehouse/live' && card('live')")
        assert await page.run("card('incidents') === undefined")
        await page.run("history.pushState(null, '', '/gatehouse/incident/nobody')")
        await page.run("window.dispatchEvent(new CustomEvent('location-changed'))")
        await page.until("one('dialog .problem')?.textContent.includes('nobody')")
        assert await faint(page) == []


async def test_pages_for_outsiders_are_no_pages_of_the_panel(house: House) -> None:
    token = "t" * 32
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{house.home.address}/gatehouse/share/{token}") as answer:
            assert answer.status == HTTPStatus.NOT_FOUND
            assert "home-assistant" not in await answer.text()
        async with session.get(f"{house.home.address}/gatehouse/incidents") as answer:
            assert answer.status == HTTPStatus.OK
            assert "<home-assistant>" in await answer.text()


async def test_a_dashboard_makes_itself_of_what_is_there(
    house: House, browser: Browser, hass_admin_user: MockUser
) -> None:
    await house.home.ask(
        type="lovelace/dashboards/create", url_path="gatehouse-itself", title="Itself"
    )
    strategy = {"strategy": {"type": "custom:gatehouse"}}
    await house.home.ask(type="lovelace/config/save", url_path="gatehouse-itself", config=strategy)

    async with house.seeing(browser, hass_admin_user, at="/gatehouse-itself/incidents") as page:
        listed = await page.run(
            "window.customStrategies.filter((each) => each.type === 'gatehouse')"
        )
        assert [each["strategyType"] for each in listed] == ["dashboard"]
        views = await page.run(
            "customElements.get('ll-strategy-dashboard-gatehouse')"
            ".generate({}, document.querySelector('home-assistant').hass)"
        )
        paths = [view["path"] for view in views["views"]]
        assert paths[:2] == ["incidents", "live"]
        assert "access" not in paths
        await press(page, "Gallery")
