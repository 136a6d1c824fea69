"""The site and its agents in the UI; the agents are real servers on loopback."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from homeassistant.config_entries import SOURCE_IGNORE, SOURCE_RECONFIGURE, SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from camera_agent import wire
from tests.ha import words
from tests.ha.joining import add_agent, answer, answer_agent, change_agent, discover, found, stored
from tests.ha.scripted import TOKEN, ScriptedAgent
from tests.ha.site import fields_of, site_with, subentry_of

CONFIG = words.ENGLISH["config"]

pytestmark = pytest.mark.usefixtures("never_set_up", "socket_enabled")


@asynccontextmanager
async def answering(status: int, text: str) -> AsyncIterator[int]:
    """Give the port of a server that has one answer to everything."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, text=text)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    async with TestServer(app, host="127.0.0.1") as server:
        assert server.port
        yield server.port


@pytest.fixture
def site(hass: HomeAssistant) -> MockConfigEntry:
    """A site without agents."""
    site = site_with()
    site.add_to_hass(hass)
    return site


@pytest.fixture
def site_of_one(hass: HomeAssistant, agent: ScriptedAgent) -> MockConfigEntry:
    """A site with one agent."""
    site = site_with(subentry_of(agent))
    site.add_to_hass(hass)
    return site


# --- The site -------------------------------------------------------------------------------------


async def test_a_new_site_goes_on_with_its_first_agent(
    hass: HomeAssistant, agent: ScriptedAgent
) -> None:
    form = await hass.config_entries.flow.async_init("gatehouse", context={"source": SOURCE_USER})
    assert form["type"] is FlowResultType.FORM
    assert form["step_id"] == "user"

    created = await answer(hass, form, name="Our house")

    assert created["type"] is FlowResultType.CREATE_ENTRY
    assert created["title"] == "Our house"
    assert created["result"].unique_id == "site"
    assert (created["data"], created["options"]) == ({}, {})
    kind, flow = created["next_flow"]
    assert kind == "config_subentries_flow"
    added = await answer_agent(hass, {"flow_id": flow}, fields_of(agent))
    assert added["type"] is FlowResultType.CREATE_ENTRY
    assert stored(created["result"]) == fields_of(agent)


async def test_a_home_has_one_site(hass: HomeAssistant, site: MockConfigEntry) -> None:
    ended = await hass.config_entries.flow.async_init("gatehouse", context={"source": SOURCE_USER})

    assert ended["reason"] == "already_configured"
    assert words.farewell(ended, CONFIG)


async def test_a_site_can_be_renamed(hass: HomeAssistant, site_of_one: MockConfigEntry) -> None:
    agents = site_of_one.subentries
    form = await hass.config_entries.flow.async_init(
        "gatehouse", context={"source": SOURCE_RECONFIGURE, "entry_id": site_of_one.entry_id}
    )
    assert form["step_id"] == "reconfigure"

    ended = await answer(hass, form, name="The cabin")

    assert ended["reason"] == "reconfigure_successful"
    assert site_of_one.title == "The cabin"
    assert site_of_one.subentries == agents


# --- An agent, by hand ----------------------------------------------------------------------------


async def test_an_agent_is_added_by_its_address_and_token(
    hass: HomeAssistant, site: MockConfigEntry, agent: ScriptedAgent
) -> None:
    form = await add_agent(hass, site)
    assert form["step_id"] == "user"
    assert form["data_schema"]({"host": "x", "token": "y"})["port"] == wire.DEFAULT_PORT

    added = await answer_agent(hass, form, fields_of(agent))

    assert added["type"] is FlowResultType.CREATE_ENTRY
    (subentry,) = site.subentries.values()
    assert (subentry.title, subentry.unique_id) == ("Porch", "9f2c41d07ab3")
    assert subentry.data == fields_of(agent)


async def test_what_was_pasted_with_blanks_around_it_is_stored_without(
    hass: HomeAssistant, site: MockConfigEntry, agent: ScriptedAgent
) -> None:
    form = await add_agent(hass, site)
    pasted = fields_of(agent) | {"host": " 127.0.0.1 ", "token": f" {agent.token} "}

    await answer_agent(hass, form, pasted)

    assert stored(site) == fields_of(agent)


def is_another_product(agent: ScriptedAgent) -> None:
    agent.state["info"]["product"] = "toaster"


def speaks_version_2(agent: ScriptedAgent) -> None:
    agent.state["info"]["api"] = 2


def has_another_token(agent: ScriptedAgent) -> None:
    agent.token = "changed"


@pytest.mark.parametrize(
    ("happens", "field", "error", "word"),
    [
        (is_another_product, "base", "not_an_agent", "not a Gatehouse agent"),
        (speaks_version_2, "base", "incompatible", "version 2"),
        (has_another_token, "token", "invalid_auth", "does not accept"),
    ],
)
async def test_each_trouble_with_an_agent_has_its_own_words(
    *,
    hass: HomeAssistant,
    site: MockConfigEntry,
    agent: ScriptedAgent,
    happens: Callable[[ScriptedAgent], None],
    field: str,
    error: str,
    word: str,
) -> None:
    form = await add_agent(hass, site)
    typed = fields_of(agent)
    happens(agent)

    again = await answer_agent(hass, form, typed)

    assert again["errors"] == {field: error}
    assert word in words.error(again, words.AGENT, field)
    assert not site.subentries


@pytest.mark.parametrize(
    ("status", "text", "error", "word"),
    [
        (200, "<html>a router</html>", "not_an_agent", "not a Gatehouse agent"),
        (404, "nothing here", "not_an_agent", "not a Gatehouse agent"),
        (
            429,
            '{"error": {"code": "too_many", "message": "Too many are asking."}}',
            "refused",
            "Too many are asking.",
        ),
    ],
)
async def test_whatever_else_answers_is_told_apart(
    *,
    hass: HomeAssistant,
    site: MockConfigEntry,
    status: int,
    text: str,
    error: str,
    word: str,
) -> None:
    form = await add_agent(hass, site)

    async with answering(status, text) as port:
        again = await answer_agent(hass, form, {"host": "127.0.0.1", "port": port, "token": "x"})

    assert again["errors"] == {"base": error}
    assert word in words.error(again, words.AGENT)


@pytest.mark.parametrize(
    ("address", "field", "error"),
    [
        # Nobody listens on the port of discard.
        ({"host": "127.0.0.1", "port": 9}, "base", "cannot_connect"),
        ({"host": "http://127.0.0.1", "port": 8467}, "host", "bad_address"),
        ({"host": "127.0.0.1:8467", "port": 8467}, "host", "bad_address"),
        ({"host": "   ", "port": 8467}, "host", "bad_address"),
    ],
)
async def test_a_wrong_address_can_be_corrected(
    *,
    hass: HomeAssistant,
    site: MockConfigEntry,
    agent: ScriptedAgent,
    address: dict[str, Any],
    field: str,
    error: str,
) -> None:
    form = await add_agent(hass, site)

    again = await answer_agent(hass, form, fields_of(agent) | address)
    assert again["errors"] == {field: error}
    assert words.error(again, words.AGENT, field)

    added = await answer_agent(hass, again, fields_of(agent))
    assert added["type"] is FlowResultType.CREATE_ENTRY


async def test_an_agent_is_added_once(
    hass: HomeAssistant, site_of_one: MockConfigEntry, agent: ScriptedAgent
) -> None:
    form = await add_agent(hass, site_of_one)

    ended = await answer_agent(hass, form, fields_of(agent))

    assert ended["reason"] == "already_configured"
    assert words.farewell(ended, words.AGENT)
    assert len(site_of_one.subentries) == 1


async def test_adding_an_agent_by_hand_withdraws_the_offer_to_add_it(
    hass: HomeAssistant, site: MockConfigEntry, agent: ScriptedAgent
) -> None:
    await discover(hass, found(agent))
    assert hass.config_entries.flow.async_progress_by_handler("gatehouse")

    await answer_agent(hass, await add_agent(hass, site), fields_of(agent))

    assert not hass.config_entries.flow.async_progress_by_handler("gatehouse")


async def test_an_agent_that_moved_keeps_its_token(
    hass: HomeAssistant, agent: ScriptedAgent
) -> None:
    site = site_with(subentry_of(agent, host="192.0.2.7"))
    site.add_to_hass(hass)
    form = await change_agent(hass, site)
    assert form["step_id"] == "reconfigure"

    ended = await answer_agent(hass, form, {"host": "127.0.0.1", "port": agent.port})

    assert ended["reason"] == "reconfigure_successful"
    assert words.farewell(ended, words.AGENT)
    assert stored(site) == fields_of(agent)


async def test_an_agent_can_be_given_a_new_token(
    hass: HomeAssistant, site_of_one: MockConfigEntry, agent: ScriptedAgent
) -> None:
    agent.token = "a-newer-token"
    form = await change_agent(hass, site_of_one)

    await answer_agent(hass, form, fields_of(agent))

    assert stored(site_of_one)["token"] == "a-newer-token"


async def test_the_stored_token_is_not_shown(
    hass: HomeAssistant, site_of_one: MockConfigEntry, agent: ScriptedAgent
) -> None:
    form = await change_agent(hass, site_of_one)

    shown = {str(key): key.description for key in form["data_schema"].schema}
    assert shown["host"] == {"suggested_value": "127.0.0.1"}
    assert not shown["token"]


async def test_an_agent_is_not_replaced_by_another(
    hass: HomeAssistant,
    site_of_one: MockConfigEntry,
    agent: ScriptedAgent,
    other_agent: ScriptedAgent,
) -> None:
    form = await change_agent(hass, site_of_one)

    again = await answer_agent(hass, form, fields_of(other_agent))

    assert again["errors"] == {"base": "other_agent"}
    assert "Garage" in words.error(again, words.AGENT)
    assert stored(site_of_one) == fields_of(agent)


# --- An agent, found in the network ---------------------------------------------------------------


async def test_the_first_agent_that_is_found_brings_the_site_with_it(
    hass: HomeAssistant, agent: ScriptedAgent
) -> None:
    form = await discover(hass, found(agent))
    assert form["step_id"] == "discovered"
    assert form["description_placeholders"] == {
        "name": "Porch",
        "host": "127.0.0.1",
        "port": str(agent.port),
    }
    assert "**Porch** was found at 127.0.0.1" in words.description(form, CONFIG)
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["context"]["title_placeholders"] == {"name": "Porch"}

    created = await answer(hass, form, token=agent.token)

    assert created["type"] is FlowResultType.CREATE_ENTRY
    assert created["title"] == hass.config.location_name
    assert created["result"].unique_id == "site"
    assert "next_flow" not in created
    assert stored(created["result"]) == fields_of(agent)


async def test_an_agent_that_is_found_joins_the_site(
    hass: HomeAssistant, site: MockConfigEntry, agent: ScriptedAgent
) -> None:
    form = await discover(hass, found(agent))

    ended = await answer(hass, form, token=agent.token)

    assert ended["reason"] == "agent_added"
    assert "Porch" in words.farewell(ended, CONFIG)
    (subentry,) = site.subentries.values()
    assert (subentry.title, subentry.unique_id) == ("Porch", "9f2c41d07ab3")
    assert subentry.data == fields_of(agent)


async def test_two_agents_found_before_there_is_a_site_share_one(
    hass: HomeAssistant, agent: ScriptedAgent, other_agent: ScriptedAgent
) -> None:
    first = await discover(hass, found(agent))
    second = await discover(hass, found(other_agent))

    await answer(hass, first, token=agent.token)
    ended = await answer(hass, second, token=other_agent.token)

    assert ended["reason"] == "agent_added"
    (site,) = hass.config_entries.async_entries("gatehouse")
    assert [sub.title for sub in site.subentries.values()] == ["Porch", "Garage"]


async def test_a_wrong_token_for_a_found_agent_can_be_corrected(
    hass: HomeAssistant, agent: ScriptedAgent
) -> None:
    form = await discover(hass, found(agent))

    again = await answer(hass, form, token="wrong")
    assert again["errors"] == {"token": "invalid_auth"}
    assert words.error(again, CONFIG, "token")

    created = await answer(hass, again, token=agent.token)
    assert created["type"] is FlowResultType.CREATE_ENTRY


async def test_a_found_agent_must_be_who_it_said_it_is(
    hass: HomeAssistant, agent: ScriptedAgent
) -> None:
    form = await discover(hass, found(agent, id="somebody-else"))

    again = await answer(hass, form, token=agent.token)

    assert again["errors"] == {"base": "other_agent"}
    assert "Porch" in words.error(again, CONFIG)


async def test_a_known_agent_is_followed_to_its_new_address(
    hass: HomeAssistant, agent: ScriptedAgent
) -> None:
    site = site_with(subentry_of(agent, host="192.0.2.7", port=1))
    site.add_to_hass(hass)

    ended = await discover(hass, found(agent))

    assert ended["reason"] == "already_configured"
    assert stored(site) == fields_of(agent)


async def test_of_several_addresses_the_stored_one_stays(
    hass: HomeAssistant, site_of_one: MockConfigEntry, agent: ScriptedAgent
) -> None:
    await discover(hass, found(agent, "192.0.2.7", "127.0.0.1"))

    assert stored(site_of_one)["host"] == "127.0.0.1"


async def test_an_ignored_agent_stays_ignored(hass: HomeAssistant, agent: ScriptedAgent) -> None:
    form = await discover(hass, found(agent))
    await hass.config_entries.flow.async_init(
        "gatehouse",
        context={"source": SOURCE_IGNORE},
        data={"unique_id": agent.state["info"]["id"], "title": "Porch"},
    )

    ended = await discover(hass, found(agent))

    assert form["type"] is FlowResultType.FORM
    assert ended["reason"] == "already_configured"


async def test_an_ignored_agent_does_not_stand_for_the_site(
    hass: HomeAssistant, agent: ScriptedAgent, other_agent: ScriptedAgent
) -> None:
    MockConfigEntry(
        domain="gatehouse", source=SOURCE_IGNORE, unique_id=agent.state["info"]["id"]
    ).add_to_hass(hass)
    form = await discover(hass, found(other_agent))

    created = await answer(hass, form, token=other_agent.token)

    assert created["type"] is FlowResultType.CREATE_ENTRY


async def test_a_service_without_an_id_is_none_of_ours(
    hass: HomeAssistant, agent: ScriptedAgent
) -> None:
    ended = await discover(hass, found(agent, id=None))

    assert ended["reason"] == "not_an_agent"
    assert words.farewell(ended, CONFIG)


async def test_a_found_agent_without_a_name_is_called_like_its_host(
    hass: HomeAssistant, agent: ScriptedAgent
) -> None:
    form = await discover(hass, found(agent, name=None))

    assert form["description_placeholders"]["name"] == "porch-pi"


# --- A token that is refused ----------------------------------------------------------------------


@pytest.fixture
def site_of_two(
    hass: HomeAssistant, agent: ScriptedAgent, other_agent: ScriptedAgent
) -> MockConfigEntry:
    """A site with two agents."""
    site = site_with(subentry_of(agent), subentry_of(other_agent))
    site.add_to_hass(hass)
    return site


async def test_the_agent_that_refuses_its_token_is_found_and_named(
    hass: HomeAssistant, site_of_two: MockConfigEntry, other_agent: ScriptedAgent
) -> None:
    other_agent.token = "a-newer-token"
    form = await site_of_two.start_reauth_flow(hass)
    assert form["step_id"] == "reauth_confirm"
    assert form["description_placeholders"]["name"] == "Garage"
    assert "**Garage** at 127.0.0.1" in words.description(form, CONFIG)
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["context"]["title_placeholders"] == {"name": "Garage"}

    again = await answer(hass, form, token="wrong")
    assert words.error(again, CONFIG, "token")
    ended = await answer(hass, again, token="a-newer-token")

    assert ended["reason"] == "reauth_successful"
    assert words.farewell(ended, CONFIG)
    porch, garage = site_of_two.subentries.values()
    assert garage.data == fields_of(other_agent)
    assert porch.data["token"] == TOKEN


async def test_nobody_is_asked_for_a_token_that_is_accepted_again(
    hass: HomeAssistant, site_of_two: MockConfigEntry
) -> None:
    ended = await site_of_two.start_reauth_flow(hass)

    assert ended["reason"] == "tokens_accepted"
    assert words.farewell(ended, CONFIG)


async def test_an_agent_that_is_away_is_not_taken_for_one_that_refuses(
    hass: HomeAssistant,
    site_of_two: MockConfigEntry,
    agent: ScriptedAgent,
    other_agent: ScriptedAgent,
) -> None:
    await agent.stop()
    other_agent.token = "a-newer-token"

    form = await site_of_two.start_reauth_flow(hass)

    assert form["description_placeholders"]["name"] == "Garage"
