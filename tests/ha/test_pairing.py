"""From an agent in the network to one that is ours, lost and let in again; over real TLS."""

from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
import ssl
from typing import Any
from unittest.mock import patch

from aiohttp.test_utils import unused_port
from homeassistant import block_async_io
from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.gatehouse import site_identity
from custom_components.gatehouse.agent import Pin
from custom_components.gatehouse.site_identity import async_identity
from tests.ha import words
from tests.ha.joining import add_agent, answer, answer_agent, change_agent, discover, found, stored
from tests.ha.seeing import CONNECTED, becomes
from tests.ha.site import site_with
from tests.pairable import CODE, PairableAgent, make_certificate, pairable_agent
from tests.waiting import eventually

CONFIG = words.ENGLISH["config"]
AGENT = words.AGENT
TOKEN = "the-token-of-this-site"

# Some tests are about nothing but a flow, others about what becomes of it.
only_flows = pytest.mark.usefixtures("never_set_up")

pytestmark = pytest.mark.usefixtures("socket_enabled")


@pytest.fixture
async def agent(tmp_path: Path, socket_enabled: None) -> AsyncIterator[PairableAgent]:
    """An agent called Porch that nobody owns."""
    async with pairable_agent(PairableAgent(tmp_path)) as agent:
        yield agent


@pytest.fixture
async def garage(tmp_path: Path, socket_enabled: None) -> AsyncIterator[PairableAgent]:
    """Another one, called Garage."""
    agent = PairableAgent(tmp_path)
    agent.info.update(id="c0ffee000002", name="Garage")
    async with pairable_agent(agent) as agent:
        yield agent


@pytest.fixture
def strict_loop(disable_block_async_io: None) -> Iterator[None]:
    """Home Assistant's own watch for calls that block the event loop."""
    with patch.object(block_async_io, "_IN_TESTS", new=False):
        block_async_io.enable()
        yield


@pytest.fixture
def site(hass: HomeAssistant) -> MockConfigEntry:
    """A site without agents."""
    site = site_with()
    site.add_to_hass(hass)
    return site


@pytest.fixture
def owner(hass: HomeAssistant, agent: PairableAgent) -> MockConfigEntry:
    """A site that has paired the agent."""
    agent.token = TOKEN
    site = site_with(subentry_of(agent), detectors=[])
    site.add_to_hass(hass)
    return site


def fields_of(agent: PairableAgent, **fields: Any) -> dict[str, Any]:
    """Return what is stored of an agent that is paired."""
    address = {"host": "127.0.0.1", "port": agent.port, "token": agent.token}
    return address | {"fingerprint": agent.fingerprint} | fields


def subentry_of(agent: PairableAgent, **fields: Any) -> Any:
    """Return an agent as its site stores it."""
    return {
        "subentry_type": "agent",
        "title": agent.info["name"],
        "unique_id": agent.info["id"],
        "data": fields_of(agent, **fields),
    }


def address_of(agent: PairableAgent) -> dict[str, Any]:
    """Return what a user types of where an agent is."""
    return {"host": "127.0.0.1", "port": agent.port}


async def is_reset(agent: PairableAgent) -> None:
    """Install the agent anew: another certificate, and no owner."""
    await agent.stop()
    agent.reset()
    agent.token = None
    await agent.start()


# --- Found in the network -------------------------------------------------------------------------


@pytest.mark.usefixtures("strict_loop")
async def test_from_the_discovery_to_the_camera_it_takes_a_code_and_three_clicks(
    hass: HomeAssistant, agent: PairableAgent
) -> None:
    form = await discover(hass, found(agent))
    assert (form["step_id"], form["errors"]) == ("pair", None)
    assert "**Porch** was found at 127.0.0.1" in words.description(form, CONFIG)

    # "Add" shows the form, "Submit" sends the code, "Finish" leaves the camera's room as it is.
    created = await answer(hass, form, code=CODE)

    assert created["type"] is FlowResultType.CREATE_ENTRY
    assert stored(created["result"]) == fields_of(agent)
    await becomes(hass, "camera.front_door", "streaming")


@only_flows
async def test_an_agent_that_is_found_joins_the_site_by_its_code(
    hass: HomeAssistant, site: MockConfigEntry, agent: PairableAgent
) -> None:
    ended = await answer(hass, await discover(hass, found(agent)), code=CODE.lower())

    assert ended["reason"] == "agent_added"
    (subentry,) = site.subentries.values()
    assert (subentry.title, subentry.unique_id) == ("Porch", "9f2c41d07ab3")
    assert subentry.data == fields_of(agent)


@only_flows
async def test_who_has_an_owner_says_so_and_changes_hands_by_its_code(
    hass: HomeAssistant, agent: PairableAgent
) -> None:
    agent.token = "somebody-else's"
    form = await discover(hass, found(agent))
    assert "gatehouse-agent pair" in words.error(form, CONFIG)

    created = await answer(hass, form, code=CODE)

    assert stored(created["result"]) == fields_of(agent)
    assert agent.token != "somebody-else's"


@only_flows
async def test_an_agent_with_a_token_in_its_configuration_is_asked_for_that(
    hass: HomeAssistant, agent: PairableAgent
) -> None:
    agent.token, agent.named = TOKEN, True
    form = await discover(hass, found(agent))
    assert (form["step_id"], form["errors"]) == ("discovered", None)

    again = await answer(hass, form, token="wrong")
    assert words.error(again, CONFIG, "token")
    created = await answer(hass, again, token=TOKEN)

    assert stored(created["result"]) == fields_of(agent)


@only_flows
async def test_an_agent_that_got_a_token_meanwhile_is_asked_for_that(
    hass: HomeAssistant, agent: PairableAgent
) -> None:
    form = await discover(hass, found(agent))
    agent.token, agent.named = TOKEN, True

    again = await answer(hass, form, code=CODE)

    assert (again["step_id"], again["errors"]) == ("discovered", None)


@only_flows
async def test_an_agent_that_is_away_when_it_is_found_can_be_paired_when_it_is_back(
    hass: HomeAssistant, agent: PairableAgent
) -> None:
    await agent.stop()
    form = await discover(hass, found(agent))
    assert (form["step_id"], form["errors"]) == ("pair", None)
    again = await answer(hass, form, code=CODE)
    assert words.error(again, CONFIG)

    await agent.start()
    created = await answer(hass, again, code=CODE)

    assert created["type"] is FlowResultType.CREATE_ENTRY


async def is_unwilling(agent: PairableAgent) -> None:
    agent.locked = 110


async def guesses(agent: PairableAgent) -> None:
    agent.knows_code = False


async def is_another(agent: PairableAgent) -> None:
    agent.info.update(id="c0ffee000002", name="Garage")


async def shows_another_code(agent: PairableAgent) -> None:
    agent.code = "AAAA-AAAA-AAAA"


async def is_as_before(agent: PairableAgent) -> None:
    """Change nothing."""


@only_flows
@pytest.mark.parametrize(
    ("happens", "code", "field", "word"),
    [
        (is_as_before, "K7QM", "code", "twelve"),
        (shows_another_code, CODE, "code", "not the code"),
        (is_unwilling, CODE, "base", "wait for 2 min"),
        (guesses, CODE, "base", "cannot prove to be the agent"),
        (is_another, CODE, "base", "Garage"),
    ],
)
async def test_each_trouble_with_a_code_says_what_to_do(
    *, hass: HomeAssistant, agent: PairableAgent, happens: Any, code: str, field: str, word: str
) -> None:
    form = await discover(hass, found(agent))
    await happens(agent)

    again = await answer(hass, form, code=code)

    assert again["step_id"] == "pair"
    assert word in words.error(again, CONFIG, field)
    assert not hass.config_entries.async_entries("gatehouse")


@only_flows
async def test_an_agent_is_not_paired_for_a_site_that_cannot_be(
    hass: HomeAssistant, agent: PairableAgent
) -> None:
    hass.config.media_dirs = {"local": hass.config.path("media")}
    form = await discover(hass, found(agent))

    ended = await answer(hass, form, code=CODE)

    assert ended["reason"] == "media_in_config"
    assert agent.token is None


# --- By hand --------------------------------------------------------------------------------------


@only_flows
async def test_whoever_types_an_address_is_asked_for_the_code(
    hass: HomeAssistant, agent: PairableAgent
) -> None:
    form = await hass.config_entries.flow.async_init("gatehouse", context={"source": SOURCE_USER})
    created = await answer(hass, form, name="Home")
    step = {"flow_id": created["next_flow"][1]}

    form = await answer_agent(hass, step, address_of(agent) | {"host": " 127.0.0.1 "})
    assert (form["step_id"], form["errors"]) == ("pair", None)
    assert "**Porch** at 127.0.0.1" in words.description(form, AGENT)
    again = await answer_agent(hass, form, {"code": "AAAA-AAAA-AAAA"})
    assert words.error(again, AGENT, "code")
    added = await answer_agent(hass, again, {"code": CODE})

    assert added["type"] is FlowResultType.CREATE_ENTRY
    assert stored(created["result"]) == fields_of(agent)


@only_flows
async def test_whoever_types_an_address_of_an_agent_with_a_token_is_asked_for_that(
    hass: HomeAssistant, site: MockConfigEntry, agent: PairableAgent
) -> None:
    agent.token, agent.named = TOKEN, True

    again = await answer_agent(hass, await add_agent(hass, site), address_of(agent))
    assert "Enter that token" in words.error(again, AGENT)
    added = await answer_agent(hass, again, address_of(agent) | {"token": TOKEN})

    assert added["type"] is FlowResultType.CREATE_ENTRY
    assert stored(site) == fields_of(agent)


@only_flows
async def test_an_agent_without_tls_is_paired_and_stored_without_a_certificate(
    hass: HomeAssistant, site: MockConfigEntry, tmp_path: Path
) -> None:
    async with pairable_agent(PairableAgent(tmp_path, tls=False)) as plain:
        form = await answer_agent(hass, await add_agent(hass, site), address_of(plain))
        await answer_agent(hass, form, {"code": CODE})

    assert stored(site) == address_of(plain) | {"token": plain.token}


@only_flows
async def test_an_agent_that_is_ours_is_not_paired_a_second_time(
    hass: HomeAssistant, owner: MockConfigEntry, agent: PairableAgent
) -> None:
    ended = await answer_agent(hass, await add_agent(hass, owner), address_of(agent))

    assert ended["reason"] == "already_configured"
    assert agent.token == TOKEN


@only_flows
async def test_two_forms_for_one_agent_add_it_once(
    hass: HomeAssistant, site: MockConfigEntry, agent: PairableAgent
) -> None:
    one = await answer_agent(hass, await add_agent(hass, site), address_of(agent))
    other = await answer_agent(hass, await add_agent(hass, site), address_of(agent))

    await answer_agent(hass, one, {"code": CODE})
    ended = await answer_agent(hass, other, {"code": CODE})

    assert ended["reason"] == "already_configured"
    assert len(site.subentries) == 1


# --- Changed --------------------------------------------------------------------------------------


@only_flows
async def test_an_agent_that_moved_is_known_by_its_certificate(
    hass: HomeAssistant, agent: PairableAgent
) -> None:
    agent.token = TOKEN
    site = site_with(subentry_of(agent, host="192.0.2.7"))
    site.add_to_hass(hass)

    ended = await answer_agent(hass, await change_agent(hass, site), address_of(agent))

    assert ended["reason"] == "reconfigure_successful"
    assert stored(site) == fields_of(agent)


@only_flows
async def test_an_agent_that_was_reset_is_paired_again(
    hass: HomeAssistant, owner: MockConfigEntry, agent: PairableAgent
) -> None:
    await is_reset(agent)

    form = await answer_agent(hass, await change_agent(hass, owner), address_of(agent))
    assert form["step_id"] == "pair"
    assert "the certificate is another one" in words.error(form, AGENT)
    assert TOKEN not in {token for _, token in agent.asked}
    ended = await answer_agent(hass, form, {"code": CODE})

    assert ended["reason"] == "reconfigure_successful"
    assert stored(owner) == fields_of(agent)


@only_flows
async def test_an_agent_that_changed_hands_is_paired_again(
    hass: HomeAssistant, owner: MockConfigEntry, agent: PairableAgent
) -> None:
    agent.token = "somebody-else's"

    form = await answer_agent(hass, await change_agent(hass, owner), address_of(agent))
    assert (form["step_id"], form["errors"]) == ("pair", None)
    await answer_agent(hass, form, {"code": CODE})

    assert stored(owner) == fields_of(agent)


@only_flows
async def test_a_typed_token_is_not_told_to_another_certificate_without_a_warning(
    hass: HomeAssistant, owner: MockConfigEntry, agent: PairableAgent
) -> None:
    await is_reset(agent)
    agent.token, agent.named = TOKEN, True

    typed = address_of(agent) | {"token": TOKEN}
    again = await answer_agent(hass, await change_agent(hass, owner), typed)
    assert again["errors"] == {"base": "impostor"}
    assert TOKEN not in {token for _, token in agent.asked}
    await answer_agent(hass, again, typed)

    assert stored(owner) == fields_of(agent)


@only_flows
async def test_an_agent_is_not_changed_into_another(
    hass: HomeAssistant, owner: MockConfigEntry, agent: PairableAgent, garage: PairableAgent
) -> None:
    before = fields_of(agent)

    again = await answer_agent(hass, await change_agent(hass, owner), address_of(garage))

    assert "Garage" in words.error(again, AGENT)
    assert stored(owner) == before


@only_flows
async def test_an_agent_that_speaks_tls_now_is_pinned_when_it_is_changed(
    hass: HomeAssistant, agent: PairableAgent
) -> None:
    agent.token, agent.named = TOKEN, True
    site = site_with(subentry_of(agent) | {"data": address_of(agent) | {"token": TOKEN}})
    site.add_to_hass(hass)

    await answer_agent(hass, await change_agent(hass, site), address_of(agent))

    assert stored(site) == fields_of(agent)


# --- Followed -------------------------------------------------------------------------------------


@only_flows
async def test_an_agent_is_followed_to_where_its_certificate_is(
    hass: HomeAssistant, agent: PairableAgent
) -> None:
    agent.token = TOKEN
    site = site_with(subentry_of(agent, host="192.0.2.7", port=1))
    site.add_to_hass(hass)

    ended = await discover(hass, found(agent))

    assert ended["reason"] == "already_configured"
    assert stored(site) == fields_of(agent)


@only_flows
@pytest.mark.parametrize("tls", [True, False])
async def test_nobody_is_followed_who_only_says_that_he_is_the_agent(
    hass: HomeAssistant, owner: MockConfigEntry, agent: PairableAgent, tmp_path: Path, tls: bool
) -> None:
    async with pairable_agent(PairableAgent(tmp_path, tls=tls)) as other:
        ended = await discover(hass, found(other, fp=agent.fingerprint[:32], tls="1", paired="1"))
        told = list(other.asked)

    assert words.farewell(ended, CONFIG)
    assert stored(owner) == fields_of(agent)
    assert told == []


@only_flows
async def test_nobody_is_followed_to_where_nobody_is(
    hass: HomeAssistant, owner: MockConfigEntry, agent: PairableAgent
) -> None:
    before = fields_of(agent)
    agent.port = unused_port()

    ended = await discover(hass, found(agent, fp=agent.fingerprint[:32], tls="1"))

    assert ended["reason"] == "not_there"
    assert stored(owner) == before


@only_flows
async def test_an_agent_that_speaks_tls_now_is_pinned_when_it_is_found(
    hass: HomeAssistant, agent: PairableAgent
) -> None:
    agent.token, agent.named = TOKEN, True
    site = site_with(subentry_of(agent) | {"data": address_of(agent) | {"token": TOKEN}})
    site.add_to_hass(hass)

    await discover(hass, found(agent, tls="1"))

    assert stored(site) == fields_of(agent)


# --- Lost -----------------------------------------------------------------------------------------


async def lost(hass: HomeAssistant) -> Any:
    """Wait until the site asks to let an agent in again, and return what it shows."""
    flows = hass.config_entries.flow

    def asked() -> Any:
        return next((flow for flow in flows.async_progress() if "step_id" in flow), None)

    flow = await eventually(asked, what="the form")
    return await flows.async_configure(flow["flow_id"])


async def test_a_site_notices_by_itself_that_an_agent_was_reset_and_pairs_it_again(
    hass: HomeAssistant, owner: MockConfigEntry, agent: PairableAgent
) -> None:
    assert await hass.config_entries.async_setup(owner.entry_id)
    await becomes(hass, CONNECTED, "on")

    await is_reset(agent)
    form = await lost(hass)
    assert form["step_id"] == "reauth_pair"
    assert "**Porch** at 127.0.0.1" in words.description(form, CONFIG)
    assert "the certificate is another one" in words.error(form, CONFIG)
    assert TOKEN not in {token for path, token in agent.asked[1:] if path != "/api/v1/feed"}
    ended = await answer(hass, form, code=CODE)

    assert ended["reason"] == "reauth_successful"
    assert stored(owner) == fields_of(agent)
    await hass.async_block_till_done()
    await becomes(hass, CONNECTED, "on")


@only_flows
async def test_an_agent_that_forgot_its_owner_is_paired_again(
    hass: HomeAssistant, owner: MockConfigEntry, agent: PairableAgent
) -> None:
    agent.token = None

    form = await owner.start_reauth_flow(hass)
    assert (form["step_id"], form["errors"]) == ("reauth_pair", None)
    again = await answer(hass, form, code="AAAA-AAAA-AAAA")
    assert words.error(again, CONFIG, "code")
    await answer(hass, again, code=CODE)

    assert stored(owner) == fields_of(agent)


@only_flows
async def test_who_was_warned_of_another_certificate_may_still_tell_it_the_token(
    hass: HomeAssistant, owner: MockConfigEntry, agent: PairableAgent
) -> None:
    await is_reset(agent)
    agent.token, agent.named = "a-newer-token", True

    form = await owner.start_reauth_flow(hass)
    assert form["step_id"] == "reauth_confirm"
    assert "enter nothing, and look at your network first" in words.error(form, CONFIG)
    ended = await answer(hass, form, token="a-newer-token")

    assert ended["reason"] == "reauth_successful"
    assert stored(owner) == fields_of(agent)


@only_flows
async def test_who_was_not_warned_tells_no_token_to_another_certificate(
    hass: HomeAssistant, owner: MockConfigEntry, agent: PairableAgent
) -> None:
    agent.token, agent.named = "a-newer-token", True
    form = await owner.start_reauth_flow(hass)
    assert (form["step_id"], form["errors"]) == ("reauth_confirm", None)
    await agent.stop()
    agent.reset()
    await agent.start()

    again = await answer(hass, form, token="a-newer-token")

    assert again["errors"] == {"base": "impostor"}
    assert "a-newer-token" not in {token for _, token in agent.asked}


@only_flows
async def test_of_several_agents_the_one_that_is_lost_is_named(
    hass: HomeAssistant, agent: PairableAgent, garage: PairableAgent
) -> None:
    agent.token = garage.token = TOKEN
    site = site_with(subentry_of(agent), subentry_of(garage))
    site.add_to_hass(hass)
    await is_reset(garage)

    form = await site.start_reauth_flow(hass)

    assert "**Garage** at 127.0.0.1" in words.description(form, CONFIG)


# --- The site's own certificate -------------------------------------------------------------------


async def test_an_agent_that_wants_it_is_shown_the_sites_own_certificate(
    hass: HomeAssistant, agent: PairableAgent
) -> None:
    agent.mutual = True

    await answer(hass, await discover(hass, found(agent)), code=CODE)

    await becomes(hass, CONNECTED, "on")
    assert agent.shown == (await async_identity(hass)).certificate


async def test_the_sites_key_is_kept_from_others_and_goes_with_the_site(
    hass: HomeAssistant, owner: MockConfigEntry, hass_storage: dict[str, Any]
) -> None:
    made = await async_identity(hass)
    assert hass_storage["gatehouse.identity"]["data"]["key"] == made.key
    assert site_identity._store(hass)._private
    assert await async_identity(hass) == made

    await hass.config_entries.async_remove(owner.entry_id)

    assert "gatehouse.identity" not in hass_storage


async def test_the_sites_certificate_is_one_that_the_strictest_server_takes(
    hass: HomeAssistant, tmp_path: Path
) -> None:
    identity = await async_identity(hass)
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cadata=identity.certificate)
    server.verify_flags |= ssl.VERIFY_X509_STRICT
    server.verify_mode = ssl.CERT_REQUIRED
    server.maximum_version = ssl.TLSVersion.TLSv1_2  # the client hears of a refusal
    fingerprint = make_certificate(tmp_path / "agent.pem")
    server.load_cert_chain(tmp_path / "agent.pem")

    async def shown() -> Any:
        return identity

    client = await Pin(fingerprint, shown).context()

    assert shakes_hands(client, server) == ssl.PEM_cert_to_DER_cert(identity.certificate)


def shakes_hands(client: ssl.SSLContext, server: ssl.SSLContext) -> bytes | None:
    """Let both talk until they trust each other; return what the client showed."""
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    one = client.wrap_bio(to_client, to_server)
    other = server.wrap_bio(to_server, to_client, server_side=True)
    for side in (one, other, one, other, one):
        with suppress(ssl.SSLWantReadError):
            side.do_handshake()
    return other.getpeercert(binary_form=True)
