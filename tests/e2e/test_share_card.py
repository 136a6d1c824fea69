"""A clip of an incident is shared from the dashboard, until its link is revoked."""

from datetime import timedelta

import pytest
from pytest_homeassistant_custom_component.common import MockUser

from tests.e2e.browser import Browser, Page
from tests.e2e.dashboards import click_on, press, read
from tests.e2e.happening import House, house, porch

from .visiting import CAN_PLAY_THROUGH, IS_SHOWN

__all__ = ["house", "porch"]

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

SAID = "one('dialog .said, dialog .problem')?.textContent"


async def copied(page: Page) -> str:
    """Press Copy and return what is in the clipboard then."""
    await page.run("card('incidents').sheet.say('')")
    await press(page, "Copy")
    await page.until(f"{SAID} === 'Copied.'")
    return await page.run("navigator.clipboard.readText()")


async def test_an_administrator_shares_a_clip_from_the_dashboard_until_he_revokes_the_link(
    house: House, browser: Browser, hass_admin_user: MockUser
) -> None:
    async with house.seeing(browser, hass_admin_user) as page:
        await click_on(page, ".incident")
        await page.until("one('dialog video')?.readyState > 0")

        await press(page, "Share")
        await page.until("one('.links h3')")
        await page.run("one('[name=amount]').value = 2; one('[name=unit]').value = 'days'")
        await page.run("one('[name=uses]').value = 3")
        await page.run("one('[name=note]').value = 'For <b>Ann</b>'")
        await press(page, "Create link")
        address = await page.until("one('.made input')?.value")
        await page.until(f"{SAID} === 'The link is ready.'")
        assert await copied(page) == address
        # As where Home Assistant has no HTTPS.
        await page.run("navigator.clipboard.writeText('nothing')")
        await page.run("navigator.clipboard.writeText = undefined")
        assert await copied(page) == address
        told = await read(page, ".links li")
        assert "seen 0 of 3 times" in told
        assert "For <b>Ann</b>" in told

        [link] = await house.site.runtime_data.storage.links.living()
        assert (link.expires - link.created, link.most_uses) == (timedelta(days=2), 3)
        assert address.startswith(f"{house.home.address}/gatehouse/share/")

        # A name of the same machine that the browser has no login for.
        stranger = address.replace("127.0.0.1", "localhost")
        async with browser.page() as outside:
            await outside.open(stranger)
            await outside.run("document.querySelector('video').play()")
            await outside.until(IS_SHOWN)
            await outside.until(CAN_PLAY_THROUGH)

            await press(page, "Revoke the link")
            await page.until(f"{SAID} === 'The link is revoked.'")
            assert await page.run("all('.links li').length") == 0
            assert not await page.run("one('.made input')")

            await outside.open(stranger)
            status = "performance.getEntriesByType('navigation')[0].responseStatus"
            assert await outside.run(status) == 410


async def test_who_is_no_administrator_cannot_share(
    house: House, browser: Browser, hass_read_only_user: MockUser
) -> None:
    async with house.seeing(browser, hass_read_only_user) as page:
        await click_on(page, ".incident")
        await page.until("one('dialog video')?.readyState > 0")

        assert await page.run("called('Not a person') !== undefined")
        assert await page.run("called('Share') === undefined")


async def test_a_refusal_is_told_in_words(
    house: House, browser: Browser, hass_admin_user: MockUser
) -> None:
    async with house.seeing(browser, hass_admin_user) as page:
        await click_on(page, ".incident")
        await press(page, "Share")
        await page.until("one('.links h3')")
        assert await house.home.hass.config_entries.async_unload(house.site.entry_id)

        await press(page, "Create link")

        told = await page.until("one('dialog .problem')?.textContent")
        assert "is not loaded" in told
