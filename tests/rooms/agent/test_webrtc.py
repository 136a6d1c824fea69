"""An agent is asked for browsers that watch by WebRTC."""

from datetime import timedelta

from aiohttp import web
import pytest

from custom_components.gatehouse.agent import (
    Agent,
    AgentError,
    AgentGarbled,
    AgentRefused,
    Watching,
)
from tests.rooms.agent.loopback import Loopback, says

WHEP = "/api/v1/cameras/{camera}/whep"
HOUR = timedelta(hours=1)


def answers(location: str, status: int = 201) -> web.RouteDef:
    """Return a route that answers offers with an echo, and a place of the session."""

    async def answer(request: web.Request) -> web.Response:
        text = f"{request.match_info['camera']} {request.content_type} {await request.text()}"
        headers = {"Location": location}
        return web.Response(
            status=status, text=text, content_type="application/sdp", headers=headers
        )

    return web.post(WHEP, answer)


async def test_an_offer_is_answered_by_the_agent(loopback: Loopback) -> None:
    agent = await loopback.agent(answers("/api/v1/cameras/a/whep/5f0c"))

    watching = await agent.webrtc.watch("a b/c", "v=0 é")

    assert watching == Watching(camera="a b/c", session="5f0c", sdp="a b/c application/sdp v=0 é")


async def test_who_leaves_is_told_of_where_it_watched(loopback: Loopback) -> None:
    left = []

    async def leave(request: web.Request) -> web.Response:
        left.append((request.match_info["camera"], request.match_info["session"]))
        return web.Response(status=204)

    agent = await loopback.agent(web.delete(f"{WHEP}/{{session}}", leave))

    await agent.webrtc.leave(Watching(camera="a b/c", session="5f0c", sdp=""))

    assert left == [("a b/c", "5f0c")]


@pytest.mark.parametrize(
    ("location", "status"),
    [("", 201), ("/somewhere/", 201), ("/a/..%2f..", 201), ("/a/" + "5" * 65, 201), ("/a/5", 200)],
)
async def test_an_answer_without_a_session_makes_no_sense(
    loopback: Loopback, location: str, status: int
) -> None:
    agent = await loopback.agent(answers(location, status))

    with pytest.raises(AgentGarbled, match="no session"):
        await agent.webrtc.watch("front", "v=0")


async def test_an_agent_that_has_no_webrtc_says_what_to_do(loopback: Loopback) -> None:
    refusal = {"error": {"code": "no_webrtc", "message": "Install it."}}
    agent = await loopback.agent(web.post(WHEP, says(refusal, 501)))

    with pytest.raises(AgentRefused, match="Install it") as caught:
        await agent.webrtc.watch("front", "v=0")

    assert caught.value.code == "no_webrtc"


async def test_an_agent_that_is_gone_is_told_as_such(loopback: Loopback) -> None:
    with pytest.raises(AgentError):
        await loopback.nobody().webrtc.watch("front", "v=0")


@pytest.fixture
def agent(loopback: Loopback) -> Agent:
    """One at an address."""
    return Agent(loopback.session, "porch.local", 8467, "a-token-that-is-long-enough")


def test_an_agent_knows_its_own_cameras_by_their_addresses(agent: Agent) -> None:
    assert agent.webrtc.camera_of(agent.live_url("a b/c", HOUR)) == "a b/c"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "nonsense",
        "rtsp://porch.local:8467/api/v1/cameras/front/live.ts",
        "https://porch.local:8467/api/v1/cameras/front/live.ts",
        "http://porch.local:8468/api/v1/cameras/front/live.ts",
        "http://garage.local:8467/api/v1/cameras/front/live.ts",
        "http://porch.local:8467/api/v1/cameras/front/stream",
        "http://porch.local:8467/api/v1/cameras/front/x/live.ts",
        "http://[::1/api/v1/cameras/front/live.ts",
    ],
)
def test_any_other_address_is_not_its_own(agent: Agent, address: str) -> None:
    assert agent.webrtc.camera_of(address) is None
