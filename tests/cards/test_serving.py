"""How browsers come by the cards."""

from http import HTTPStatus
from pathlib import Path
import shutil

from homeassistant.components import frontend
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.gatehouse import dashboard_cards
from custom_components.gatehouse.dashboard_cards import (
    CARDS,
    async_forget_panel,
    async_offer_dashboard_cards,
    async_show_panel,
)


async def loaded(hass: HomeAssistant) -> list[str]:
    """Offer the cards where there is a frontend; return what each dashboard loads."""
    assert await async_setup_component(hass, "http", {})
    hass.data[frontend.DATA_EXTRA_MODULE_URL] = frontend.UrlManager(lambda *_: None, [])
    hass.config.components.add(frontend.DOMAIN)
    await async_offer_dashboard_cards(hass)
    return sorted(hass.data[frontend.DATA_EXTRA_MODULE_URL].urls)


async def test_each_dashboard_loads_the_cards_without_a_login_and_keeps_them(
    hass: HomeAssistant, hass_client_no_auth: ClientSessionGenerator
) -> None:
    urls = await loaded(hass)
    [url] = [each for each in urls if each.endswith("/incidents/card.js")]

    client = await hass_client_no_auth()
    answer = await client.get(url)
    beside = await client.get(f"{url.rpartition('/')[0]}/../sheet.js")

    assert (answer.status, answer.content_type) == (HTTPStatus.OK, "text/javascript")
    assert "max-age=2678400" in answer.headers["Cache-Control"]
    assert beside.status == HTTPStatus.OK


@pytest.mark.parametrize(
    "path",
    [
        "../dashboard_cards.py",
        "%2e%2e/manifest.json",
        "..%2fmanifest.json",
        "incidents/",
        "nothing.js",
    ],
)
async def test_nothing_else_is_served(
    hass: HomeAssistant, hass_client_no_auth: ClientSessionGenerator, path: str
) -> None:
    folder = "/".join((await loaded(hass))[0].split("/")[:3])
    client = await hass_client_no_auth()

    answer = await client.get(f"{folder}/{path}")

    refusals = {HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}
    assert answer.status in refusals


async def test_another_version_has_other_addresses_also_for_what_it_imports(
    hass: HomeAssistant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, *_ = await loaded(hass)
    changed = tmp_path / "www"
    shutil.copytree(dashboard_cards.OURS, changed)
    with (changed / "sheet.js").open("a") as module:
        module.write("// newer\n")
    monkeypatch.setattr(dashboard_cards, "OURS", changed)

    after, *_ = await loaded(hass)

    assert before.split("/")[2] != after.split("/")[2]
    assert before.split("/")[3:] == after.split("/")[3:]


async def test_a_house_without_a_frontend_does_without(hass: HomeAssistant) -> None:
    assert await async_setup_component(hass, "http", {})

    await async_offer_dashboard_cards(hass)
    await async_show_panel(hass)

    assert frontend.DATA_EXTRA_MODULE_URL not in hass.data
    assert frontend.DATA_PANELS not in hass.data


async def test_gatehouse_is_in_the_sidebar_while_there_is_a_site(hass: HomeAssistant) -> None:
    await loaded(hass)

    await async_show_panel(hass)
    await async_show_panel(hass)

    panel = hass.data[frontend.DATA_PANELS]["gatehouse"]
    assert panel.config
    assert panel.config["cards"] == [card.partition("/")[0] for card in CARDS]
    assert panel.config["_panel_custom"]["module_url"].endswith("/panel/panel.js")
    assert not panel.require_admin

    async_forget_panel(hass)
    assert "gatehouse" not in hass.data[frontend.DATA_PANELS]


async def test_a_panel_of_somebody_else_by_this_name_stays(hass: HomeAssistant) -> None:
    await loaded(hass)
    frontend.async_register_built_in_panel(hass, "iframe", frontend_url_path="gatehouse")

    await async_show_panel(hass)

    assert hass.data[frontend.DATA_PANELS]["gatehouse"].component_name == "iframe"
