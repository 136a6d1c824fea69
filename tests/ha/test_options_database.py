"""The options of the database: a server is tried, filled with what there is, and left again."""

import logging
from pathlib import Path
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.requirements import RequirementsNotFound
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.gatehouse import database_steps, on_demand
from custom_components.gatehouse.access import PolicyStore
from custom_components.gatehouse.database import Database, Server
from custom_components.gatehouse.database_copy import CopyFailed, stock
from custom_components.gatehouse.diagnostics import async_get_config_entry_diagnostics
from tests.ha import words
from tests.ha.asking import answer, opened
from tests.ha.site import site_with
from tests.postgresql import PASSWORD, Postgres
from tests.waiting import eventually

OPTIONS = words.ENGLISH["options"]
SAVED = FlowResultType.CREATE_ENTRY
MENU = FlowResultType.MENU


@pytest.fixture
def url(postgresql: Postgres) -> str:
    """Return the address of an empty place on a server."""
    return postgresql.url(postgresql.schema(), password=None)


@pytest.fixture
async def site(hass: HomeAssistant) -> MockConfigEntry:
    """A site that runs, with what it knows in a file."""
    site = site_with(detectors=[])
    site.add_to_hass(hass)
    assert await hass.config_entries.async_setup(site.entry_id)
    return site


async def chosen(hass: HomeAssistant, menu: Any, step: str) -> Any:
    """Choose what a menu offers."""
    assert menu["type"] is MENU
    assert list(OPTIONS["step"][menu["step_id"]]["menu_options"]) == list(menu["menu_options"])
    flows = hass.config_entries.options
    return await flows.async_configure(menu["flow_id"], {"next_step_id": step})


async def copied(hass: HomeAssistant, menu: Any) -> Any:
    """Have the rows copied, and wait until that is over."""
    copying = await chosen(hass, menu, "database_copy")
    assert copying["type"] is FlowResultType.SHOW_PROGRESS
    assert OPTIONS["progress"][copying["progress_action"]]
    await hass.async_block_till_done()
    return await hass.config_entries.options.async_configure(menu["flow_id"])


async def card_key(place: Path | Server) -> bytes:
    """Return by what the cards of a site are known."""
    database = await Database.open(place)
    known, _ = await PolicyStore(database).load()
    await database.close()
    assert known
    return known.key


async def test_all_that_a_site_knows_goes_with_it_to_a_server(
    hass: HomeAssistant, site: MockConfigEntry, url: str
) -> None:
    form = await opened(hass, site, "database")
    menu = await answer(hass, form, db_url=url, db_password=PASSWORD)

    saved = await copied(hass, menu)

    assert saved["type"] is SAVED
    assert site.options["db_url"] == url
    await eventually(lambda: site.state is ConfigEntryState.LOADED)
    assert site.runtime_data.database._reading.dialect.name == "postgresql"
    assert await hass.config_entries.async_unload(site.entry_id)
    there = await card_key(Server(url=url, password=PASSWORD))
    assert there == await card_key(Path(hass.config.path("gatehouse.db")))


async def test_a_password_within_the_address_is_kept_as_a_secret(
    hass: HomeAssistant, site: MockConfigEntry, url: str, postgresql: Postgres
) -> None:
    pasted = url.replace("gatehouse@", "gatehouse:gate%2Fhouse%40home@")
    form = await opened(hass, site, "database")

    saved = await chosen(hass, await answer(hass, form, db_url=pasted), "database_anew")
    await hass.async_block_till_done()

    assert saved["type"] is SAVED
    assert (site.options["db_url"], site.options["db_password"]) == (url, PASSWORD)
    again = await opened(hass, site, "database")
    shown = {str(key): key.description for key in again["data_schema"].schema}
    assert PASSWORD not in str(shown)
    assert shown["db_url"] == {"suggested_value": url}
    told = str(await async_get_config_entry_diagnostics(hass, site))
    assert PASSWORD not in told
    assert str(postgresql.port) not in told


async def test_rows_that_are_there_are_used_as_they_are_or_left_alone(
    hass: HomeAssistant, site: MockConfigEntry, url: str
) -> None:
    form = await opened(hass, site, "database")
    menu = await answer(hass, form, db_url=url, db_password=PASSWORD)
    await copied(hass, menu)
    await hass.async_block_till_done()

    # Back to the file, which is as it was.
    form = await opened(hass, site, "database")
    full = await hass.config_entries.options.async_configure(form["flow_id"], {})
    assert full["step_id"] == "database_full"
    assert full["description_placeholders"]["rows"] == "1"
    form = await chosen(hass, full, "database")
    assert site.options["db_url"] == url
    full = await hass.config_entries.options.async_configure(form["flow_id"], {})
    saved = await chosen(hass, full, "database_taken")
    await hass.async_block_till_done()

    assert saved["type"] is SAVED
    assert "db_password" not in site.options
    assert site.runtime_data.database._reading.dialect.name == "sqlite"


async def test_a_new_password_of_the_same_server_asks_nothing_else(
    hass: HomeAssistant, site: MockConfigEntry, url: str
) -> None:
    form = await opened(hass, site, "database")
    await chosen(hass, await answer(hass, form, db_url=url, db_password=PASSWORD), "database_anew")
    await hass.async_block_till_done()
    form = await opened(hass, site, "database")

    saved = await answer(hass, form)

    assert saved["type"] is SAVED
    assert site.options["db_password"] == PASSWORD


async def test_what_a_server_says_stands_at_its_address(
    hass: HomeAssistant, site: MockConfigEntry, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    form = await opened(hass, site, "database")

    again = await answer(hass, form, db_url=url, db_password="a wrong one")

    assert again["errors"] == {"db_url": "database_failed"}
    assert "password authentication failed" in words.error(again, OPTIONS, "db_url")
    assert "a wrong one" not in caplog.text
    assert "db_url" not in site.options
    assert site.state is ConfigEntryState.LOADED


async def test_a_copy_that_fails_leaves_the_site_where_it_was(
    hass: HomeAssistant, site: MockConfigEntry, url: str
) -> None:
    form = await opened(hass, site, "database")
    menu = await answer(hass, form, db_url=url, db_password=PASSWORD)

    with patch.object(database_steps, "copy", side_effect=CopyFailed("They are not the same.")):
        again = await copied(hass, menu)

    assert again["errors"] == {"base": "database_not_copied"}
    assert "They are not the same." in words.error(again, OPTIONS, "base")
    await eventually(lambda: site.state is ConfigEntryState.LOADED)
    assert "db_url" not in site.options
    assert (await stock(Server(url=url, password=PASSWORD))).total == 0


async def test_where_nothing_speaks_with_servers_it_is_installed(
    hass: HomeAssistant, site: MockConfigEntry, url: str
) -> None:
    asked: list[list[str]] = []

    async def missing(*arguments: Any, **_: Any) -> None:
        asked.append(arguments[2])
        raise RequirementsNotFound("gatehouse", arguments[2])

    hass.config.skip_pip = False
    with (
        patch.object(on_demand, "find_spec", return_value=None),
        patch.object(on_demand, "async_process_requirements", missing),
    ):
        form = await opened(hass, site, "database")
        again = await answer(hass, form, db_url=url, db_password=PASSWORD)

    assert asked == [["psycopg[binary]>=3.2"]]
    assert "could not be installed" in words.error(again, OPTIONS, "db_url")


async def test_a_site_whose_server_is_away_tries_again(hass: HomeAssistant) -> None:
    site = site_with(detectors=[], db_url="postgresql://gatehouse@127.0.0.1:1/gatehouse")
    site.add_to_hass(hass)

    assert not await hass.config_entries.async_setup(site.entry_id)

    assert site.state is ConfigEntryState.SETUP_RETRY
    assert "cannot be reached" in str(site.reason)


async def test_a_server_that_is_away_does_not_hold_the_way_back(hass: HomeAssistant) -> None:
    site = site_with(detectors=[], db_url="postgresql://gatehouse@127.0.0.1:1/gatehouse")
    site.add_to_hass(hass)
    form = await opened(hass, site, "database")

    saved = await hass.config_entries.options.async_configure(form["flow_id"], {})

    assert saved["type"] is SAVED
    assert site.options == {"detectors": [], "db_url": ""}
