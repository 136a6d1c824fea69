"""Becoming an agent's owner over real TLS, and everybody who stands in its place meanwhile."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
import socket
import ssl
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port
import pytest
from yarl import URL

from custom_components.gatehouse.agent import (
    Agent,
    AgentGarbled,
    AgentImpostor,
    AgentIncompatible,
    AgentRefused,
    AgentUnauthorized,
    AgentUnreachable,
    BadCode,
    Identity,
    NotAnAgent,
    PairingLocked,
    Pin,
    State,
    Stranger,
    WrongCode,
    fingerprint_of,
    greet,
    pair,
    pairing,
    wire,
)
from custom_components.gatehouse.agent.connection import Connection
from custom_components.gatehouse.agent.pairing import NOBODYS
from tests.pairable import CODE, PairableAgent, make_certificate, pairable_agent
from tests.rooms.agent.loopback import golden, says

HOST = "127.0.0.1"
NO_CERTIFICATE = "none"


@pytest.fixture
async def session(socket_enabled: None) -> AsyncIterator[aiohttp.ClientSession]:
    """Somebody who asks."""
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def agent(tmp_path: Path, socket_enabled: None) -> AsyncIterator[PairableAgent]:
    """An agent that nobody owns."""
    async with pairable_agent(PairableAgent(tmp_path)) as agent:
        yield agent


@pytest.fixture
async def plain(tmp_path: Path, socket_enabled: None) -> AsyncIterator[PairableAgent]:
    """An agent that nobody owns, without TLS."""
    async with pairable_agent(PairableAgent(tmp_path, tls=False)) as agent:
        yield agent


@pytest.fixture
def identity(tmp_path: Path) -> Identity:
    """What the site shows."""
    return identity_in(tmp_path / "site.pem")


def identity_in(path: Path) -> Identity:
    """Make an identity."""
    make_certificate(path, timedelta(hours=1))
    key, begin, certificate = path.read_text().partition("-----BEGIN CERTIFICATE-----")
    return Identity(certificate=begin + certificate, key=key)


def owner(
    session: aiohttp.ClientSession,
    agent: PairableAgent,
    fingerprint: str,
    identity: Identity | None = None,
) -> Agent:
    """Return the client of who owns the agent and knows it by this fingerprint."""

    async def shown() -> Identity:
        assert identity
        return identity

    pin = Pin(fingerprint, shown if identity else None)
    return Agent(session, HOST, agent.port, agent.token or "", pin)


async def become_owner(session: aiohttp.ClientSession, agent: PairableAgent, code: str) -> str:
    """Meet an agent and pair with it."""
    stranger = await greet(session, HOST, agent.port)
    return await pair(session, stranger, code, NO_CERTIFICATE)


# --- Who is there ---------------------------------------------------------------------------------


async def test_the_fingerprint_is_that_of_the_certificate_and_nothing_is_asked(
    session: aiohttp.ClientSession, agent: PairableAgent
) -> None:
    assert await fingerprint_of(session, HOST, agent.port) == agent.fingerprint
    assert agent.asked == []


async def test_who_speaks_no_tls_has_no_fingerprint(
    session: aiohttp.ClientSession, plain: PairableAgent
) -> None:
    assert await fingerprint_of(session, HOST, plain.port) == ""


async def test_where_nobody_is_there_is_no_fingerprint(session: aiohttp.ClientSession) -> None:
    with pytest.raises(AgentUnreachable, match="cannot be reached"):
        await fingerprint_of(session, HOST, unused_port())
    with pytest.raises(ValueError, match="cannot contain"):
        await fingerprint_of(session, "http://porch", 1)


async def test_a_certificate_that_nobody_can_have_is_not_believed(
    session: aiohttp.ClientSession, agent: PairableAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(NOBODYS, "_fingerprint", bytes.fromhex(agent.fingerprint))

    with pytest.raises(AgentGarbled):
        await fingerprint_of(session, HOST, agent.port)


async def test_a_stranger_tells_its_name_and_whether_somebody_owns_it(
    session: aiohttp.ClientSession, agent: PairableAgent
) -> None:
    free = await greet(session, HOST, agent.port)
    agent.token = "somebody's"
    taken = await greet(session, HOST, agent.port)

    assert free == Stranger(
        host=HOST,
        port=agent.port,
        fingerprint=agent.fingerprint,
        id="9f2c41d07ab3",
        name="Porch",
        paired=False,
        takes_code=True,
    )
    assert (taken.paired, taken.takes_code) == (True, True)


@pytest.mark.parametrize(("named", "locked", "takes"), [(True, 0, False), (False, 600, True)])
async def test_only_who_has_a_token_in_its_configuration_never_takes_a_code(
    *,
    session: aiohttp.ClientSession,
    agent: PairableAgent,
    named: bool,
    locked: int,
    takes: bool,
) -> None:
    agent.token, agent.named, agent.locked = "named", named, locked

    assert (await greet(session, HOST, agent.port)).takes_code is takes


async def test_an_agent_from_before_there_was_pairing_wants_its_token(
    session: aiohttp.ClientSession, plain: PairableAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain.token = "written-by-hand"
    monkeypatch.setattr("tests.pairable.OPEN", set())

    stranger = await greet(session, HOST, plain.port)

    assert stranger == Stranger(host=HOST, port=plain.port, fingerprint="")
    assert not stranger.takes_code


@pytest.mark.parametrize(
    ("change", "error"),
    [({"product": "toaster"}, NotAnAgent), ({"api": 2}, AgentIncompatible), ({"id": None}, None)],
)
async def test_with_others_there_is_nothing_to_talk_about(
    session: aiohttp.ClientSession,
    agent: PairableAgent,
    change: dict[str, Any],
    error: type[Exception] | None,
) -> None:
    agent.info.update(change)
    agent.info.pop("name" if error is None else "model")

    with pytest.raises(error or AgentGarbled):
        await greet(session, HOST, agent.port)


async def test_who_never_stops_talking_is_not_listened_to(
    session: aiohttp.ClientSession, agent: PairableAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom_components.gatehouse.agent.connection.MOST_BYTES", 100)

    with pytest.raises(NotAnAgent):
        await greet(session, HOST, agent.port)


# --- The code -------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", [CODE, " k7qm 2xpa 94td ", CODE.replace("-", "").lower()])
async def test_who_types_the_code_owns_the_agent(
    session: aiohttp.ClientSession, agent: PairableAgent, typed: str
) -> None:
    token = await become_owner(session, agent, typed)

    assert token == agent.token
    assert agent.shown == NO_CERTIFICATE
    assert (await owner(session, agent, agent.fingerprint).info()).name == "Porch"


async def test_an_agent_without_tls_is_paired_too(
    session: aiohttp.ClientSession, plain: PairableAgent
) -> None:
    assert await become_owner(session, plain, CODE) == plain.token


@pytest.mark.parametrize("typed", ["", "K7QM-2XPA", "K7QM-2XPA-94TDX", "К7QM-2XPA-94TD", "ß" * 12])
async def test_what_cannot_be_a_code_costs_no_try(
    session: aiohttp.ClientSession, agent: PairableAgent, typed: str
) -> None:
    stranger = await greet(session, HOST, agent.port)
    asked = len(agent.asked)

    with pytest.raises(BadCode):
        await pair(session, stranger, typed, NO_CERTIFICATE)

    assert len(agent.asked) == asked


async def test_a_wrong_code_owns_nothing(
    session: aiohttp.ClientSession, agent: PairableAgent
) -> None:
    with pytest.raises(WrongCode, match="not the code of this agent"):
        await become_owner(session, agent, "AAAA-AAAA-AAAA")

    assert agent.token is None


async def test_who_tried_too_often_is_told_when_to_come_back(
    session: aiohttp.ClientSession, agent: PairableAgent
) -> None:
    agent.locked = 1800

    with pytest.raises(PairingLocked, match="Too many") as locked:
        await become_owner(session, agent, CODE)

    assert locked.value.retry_after == timedelta(minutes=30)


async def test_any_other_refusal_keeps_the_agents_own_words(
    session: aiohttp.ClientSession, agent: PairableAgent
) -> None:
    stranger = await greet(session, HOST, agent.port)
    agent.named = True

    with pytest.raises(AgentRefused, match="named in its agent"):
        await pair(session, stranger, CODE, NO_CERTIFICATE)


async def test_the_golden_messages_are_what_is_said_and_believed(
    session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, proven = golden("pair_begin"), golden("pair_prove")
    heard: list[dict[str, Any]] = []

    async def answer(request: web.Request) -> web.Response:
        heard.append(await request.json())
        return web.json_response((begun, proven)[len(heard) - 1]["answer"])

    app = web.Application()
    app.router.add_get(wire.INFO, says(golden("info_public")))
    app.router.add_post(wire.PAIR, answer)
    monkeypatch.setattr(pairing.secrets, "token_hex", lambda _: begun["request"]["nonce"])
    # Nobody has the key of the certificate in them.
    monkeypatch.setattr(pairing, "_connection", lambda *where: Connection(*where[:3]))
    async with TestServer(app, host=HOST) as server:
        met = await greet(session, HOST, server.port or 0)
        stranger = replace(met, fingerprint=proven["fingerprint"])
        token = await pair(session, stranger, proven["code"], NO_CERTIFICATE)

    assert token == proven["answer"]["token"]
    assert heard == [begun["request"], proven["request"] | {"certificate": NO_CERTIFICATE}]


# --- Somebody in its place ------------------------------------------------------------------------


@asynccontextmanager
async def somebody_between(
    session: aiohttp.ClientSession, agent: PairableAgent, path: Path
) -> AsyncIterator[int]:
    """Give the port of somebody who passes everything on to the agent, and back."""
    make_certificate(path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)

    async def relay(request: web.Request) -> web.Response:
        url = URL(f"https://{HOST}:{agent.port}{request.path}")
        body = await request.read()
        async with session.request(request.method, url, data=body, ssl=False) as answer:
            return web.Response(
                status=answer.status,
                body=await answer.read(),
                content_type=answer.content_type,
            )

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", relay)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, HOST, 0, ssl_context=context).start()
    yield runner.addresses[0][1]
    await runner.cleanup()


async def test_who_passes_everything_on_gains_nothing(
    session: aiohttp.ClientSession, agent: PairableAgent, tmp_path: Path
) -> None:
    async with somebody_between(session, agent, tmp_path / "between.pem") as port:
        stranger = await greet(session, HOST, port)
        assert stranger.name == "Porch"

        with pytest.raises(WrongCode):
            await pair(session, stranger, CODE, NO_CERTIFICATE)

    assert agent.token is None


async def test_who_takes_any_code_but_does_not_know_it_is_an_impostor(
    session: aiohttp.ClientSession, agent: PairableAgent
) -> None:
    agent.knows_code = False

    with pytest.raises(AgentImpostor, match="does not know the code"):
        await become_owner(session, agent, CODE)


async def test_another_agent_than_the_one_that_was_met_is_not_paired(
    session: aiohttp.ClientSession, agent: PairableAgent
) -> None:
    stranger = await greet(session, HOST, agent.port)
    agent.info["id"] = "c0ffee000002"

    with pytest.raises(AgentImpostor, match="Another agent"):
        await pair(session, stranger, CODE, NO_CERTIFICATE)

    assert agent.token is None


async def test_another_certificate_than_that_of_the_meeting_is_an_impostors(
    session: aiohttp.ClientSession, agent: PairableAgent
) -> None:
    stranger = await greet(session, HOST, agent.port)
    await agent.stop()
    agent.reset()
    await agent.start()

    with pytest.raises(AgentImpostor):
        await pair(session, stranger, CODE, NO_CERTIFICATE)

    assert agent.token is None


@pytest.mark.parametrize("ask", [Agent.info, lambda agent: anext(agent.feed())])
async def test_no_token_is_told_to_another_certificate(
    session: aiohttp.ClientSession,
    agent: PairableAgent,
    ask: Callable[[Agent], Awaitable[object]],
) -> None:
    agent.token = "a-token"
    client = owner(session, agent, "00" * 32)

    with pytest.raises(AgentImpostor, match="Another certificate"):
        await ask(client)

    assert agent.asked == []


# --- An agent that we own -------------------------------------------------------------------------


async def test_all_that_an_agent_tells_comes_by_its_certificate(
    session: aiohttp.ClientSession, agent: PairableAgent
) -> None:
    agent.token = "a-token"
    client = owner(session, agent, agent.fingerprint)

    assert (await client.info()).id == "9f2c41d07ab3"
    assert isinstance(await anext(client.feed()), State)
    assert {token for _, token in agent.asked} == {"a-token"}


async def test_a_player_gets_the_number_of_an_agent_that_has_a_name(agent: PairableAgent) -> None:
    agent.token = "a-token"
    begin = "/api/v1/cameras/front/live.ts?expires="
    connector = aiohttp.TCPConnector(family=socket.AF_INET)

    async with aiohttp.ClientSession(connector=connector) as session:
        client = Agent(session, "localhost", agent.port, agent.token, Pin(agent.fingerprint))
        unseen = client.live_url("front", timedelta(hours=1))
        await anext(feed := client.feed())
        seen = client.live_url("front", timedelta(hours=1))
        await feed.aclose()

    assert unseen.startswith(f"https://localhost:{agent.port}{begin}")
    assert seen.startswith(f"https://127.0.0.1:{agent.port}{begin}")


@pytest.mark.parametrize("ask", [Agent.info, lambda agent: anext(agent.feed())])
async def test_who_has_forgotten_us_does_not_let_us_in(
    session: aiohttp.ClientSession,
    agent: PairableAgent,
    ask: Callable[[Agent], Awaitable[object]],
) -> None:
    client = Agent(session, HOST, agent.port, "of-yesterday", Pin(agent.fingerprint))

    with pytest.raises(AgentUnauthorized):
        await ask(client)


async def test_an_agent_that_wants_our_certificate_is_shown_it(
    session: aiohttp.ClientSession, agent: PairableAgent, identity: Identity
) -> None:
    agent.mutual = True
    stranger = await greet(session, HOST, agent.port)
    await pair(session, stranger, CODE, identity.certificate)

    known = owner(session, agent, agent.fingerprint, identity)
    assert (await known.info()).name == "Porch"
    assert isinstance(await anext(known.feed()), State)

    with pytest.raises(AgentUnauthorized, match="Show the certificate"):
        await owner(session, agent, agent.fingerprint).info()


async def test_who_shows_another_certificate_has_to_pair_again_and_can(
    session: aiohttp.ClientSession, agent: PairableAgent, identity: Identity, tmp_path: Path
) -> None:
    agent.mutual = True
    await pair(session, await greet(session, HOST, agent.port), CODE, identity.certificate)
    other = identity_in(tmp_path / "other.pem")

    with pytest.raises(AgentUnreachable):
        await owner(session, agent, agent.fingerprint, other).info()

    await pair(session, await greet(session, HOST, agent.port), CODE, other.certificate)
    assert await owner(session, agent, agent.fingerprint, other).info()


async def test_the_key_of_the_site_is_not_written_anywhere(identity: Identity) -> None:
    assert identity.key not in repr(identity)
