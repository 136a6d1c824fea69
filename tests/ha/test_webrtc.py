"""Home Assistant's players watch by WebRTC what an agent can send so, and are told if it cannot."""

from typing import Any

from homeassistant.components.camera.const import DATA_COMPONENT
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import MockHAClientWebSocket, WebSocketGenerator

from tests.ha.scripted import ScriptedAgent, scripted_agent
from tests.ha.seeing import CONNECTED, LIVE, becomes, set_up
from tests.ha.site import site_with, subentry_of
from tests.waiting import eventually

OFFER = "v=0"


class Browser:
    """A dashboard on which somebody looks at the front door."""

    def __init__(self, socket: MockHAClientWebSocket) -> None:
        self._socket = socket
        self.ids: list[int] = []

    async def offer(self) -> None:
        """Ask to watch; the name of the session is told at once."""
        command = {"type": "camera/webrtc/offer", "entity_id": LIVE, "offer": OFFER}
        await self._socket.send_json_auto_id(command)
        answer = await self._socket.receive_json()
        assert answer["success"], answer
        self.ids.append(answer["id"])
        assert (await self.told())["type"] == "session"

    async def told(self) -> dict[str, Any]:
        """Return what is told next."""
        return (await self._socket.receive_json())["event"]

    async def ask(self, **command: Any) -> dict[str, Any]:
        """Return the answer to a command."""
        await self._socket.send_json_auto_id(command)
        return await self._socket.receive_json()

    async def leave(self) -> None:
        """Watch no more."""
        answer = await self.ask(type="unsubscribe_events", subscription=self.ids.pop())
        assert answer["success"], answer

    async def close(self) -> None:
        """Be gone, as when a tab is closed."""
        await self._socket.close()

    async def ways(self) -> set[str]:
        """Return how the camera can be streamed."""
        answer = await self.ask(type="camera/capabilities", entity_id=LIVE)
        return set(answer["result"]["frontend_stream_types"])


@pytest.fixture
async def agent(socket_enabled: None) -> Any:
    """An agent that has WebRTC."""
    async with scripted_agent() as agent:
        agent.webrtc.offer()
        yield agent


@pytest.fixture
async def browser(
    hass: HomeAssistant, running_site: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> Browser:
    """Somebody who looks."""
    return Browser(await hass_ws_client())


async def has_ways(browser: Browser, *ways: str) -> None:
    """Wait until the camera can be streamed so."""

    async def are_these() -> bool:
        return await browser.ways() == set(ways)

    await eventually(are_these, what=f"having {ways}")


async def test_a_browser_is_answered_by_the_agent(browser: Browser, agent: ScriptedAgent) -> None:
    await browser.offer()

    assert await browser.told() == {"type": "answer", "answer": "answer 1 for front"}
    assert agent.webrtc.offers == [OFFER]


async def test_a_camera_that_can_is_also_there_for_those_who_cannot_reach_it(
    hass: HomeAssistant, browser: Browser
) -> None:
    assert await browser.ways() == {"hls", "web_rtc"}
    assert hass.data[DATA_COMPONENT].get_entity(LIVE).webrtc_provider.domain == "gatehouse"


async def test_where_a_browser_may_be_found_is_passed_over(
    browser: Browser, agent: ScriptedAgent
) -> None:
    await browser.offer()
    await browser.told()

    answer = await browser.ask(
        type="camera/webrtc/candidate",
        entity_id=LIVE,
        session_id="1",
        candidate={"candidate": "candidate:1 1 udp 1 1.2.3.4 5 typ host", "sdpMLineIndex": 0},
    )

    assert answer["success"]
    assert len(agent.webrtc.offers) == 1


async def test_the_agent_is_told_who_leaves(browser: Browser, agent: ScriptedAgent) -> None:
    for _ in range(2):
        await browser.offer()
        await browser.told()
    assert agent.webrtc.sessions == {"1", "2"}

    await browser.leave()
    await eventually(lambda: agent.webrtc.sessions == {"1"})

    await browser.close()
    await eventually(lambda: agent.webrtc.sessions == set())


async def test_who_leaves_before_the_answer_came_has_left(
    browser: Browser, agent: ScriptedAgent
) -> None:
    agent.webrtc.may.clear()
    await browser.offer()
    await eventually(lambda: agent.webrtc.offers)
    await browser.leave()

    agent.webrtc.may.set()

    await eventually(lambda: agent.webrtc.offers == [OFFER] and agent.webrtc.sessions == set())
    await has_ways(browser, "hls", "web_rtc")


async def test_a_session_that_is_over_is_left_in_peace(
    browser: Browser, agent: ScriptedAgent, hass: HomeAssistant, caplog: pytest.LogCaptureFixture
) -> None:
    await browser.offer()
    await browser.told()
    agent.webrtc.sessions.clear()

    await browser.leave()
    await hass.async_block_till_done()

    assert "session is over" in caplog.text
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


async def test_a_refusal_is_told_in_words(
    browser: Browser, agent: ScriptedAgent, caplog: pytest.LogCaptureFixture
) -> None:
    agent.webrtc.refuse("too_many", "8 browsers watch already.", 429)

    await browser.offer()

    assert await browser.told() == {
        "type": "error",
        "code": "gatehouse_webrtc_offer_failed",
        "message": "The agent refused: 8 browsers watch already.",
    }
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


async def test_a_camera_that_cannot_any_more_is_told_in_words(
    browser: Browser, agent: ScriptedAgent, hass: HomeAssistant
) -> None:
    provider = hass.data[DATA_COMPONENT].get_entity(LIVE).webrtc_provider
    agent.state["info"]["webrtc"] = False
    await agent.cut()
    await has_ways(browser, "hls")
    said: list[Any] = []

    await provider.async_handle_async_webrtc_offer(
        hass.data[DATA_COMPONENT].get_entity(LIVE), OFFER, "late", said.append
    )

    assert [each.message for each in said] == [
        "This camera cannot be watched by WebRTC any more. Open it again"
    ]


async def test_an_agent_that_has_learnt_it_is_watched_so(
    hass: HomeAssistant, browser: Browser, agent: ScriptedAgent
) -> None:
    agent.state["info"]["webrtc"] = False
    await agent.cut()
    await has_ways(browser, "hls")

    agent.webrtc.offer()
    await agent.cut()

    await has_ways(browser, "hls", "web_rtc")


async def test_nobody_goes_on_to_watch_what_has_become_private(
    hass: HomeAssistant, browser: Browser, agent: ScriptedAgent
) -> None:
    await browser.offer()
    await browser.told()

    await agent.upkeep.tell(status="private", error=None)

    await has_ways(browser)
    await eventually(lambda: agent.webrtc.sessions == set())
    refused = await browser.ask(type="camera/webrtc/offer", entity_id=LIVE, offer=OFFER)
    assert refused["error"]["code"] == "webrtc_offer_failed"


async def test_everybody_leaves_when_the_site_is_unloaded(
    hass: HomeAssistant, running_site: MockConfigEntry, browser: Browser, agent: ScriptedAgent
) -> None:
    await browser.offer()
    await browser.told()

    assert await hass.config_entries.async_unload(running_site.entry_id)
    await hass.async_block_till_done()

    assert agent.webrtc.sessions == set()


async def test_what_an_agent_can_is_known_before_it_is_connected(
    hass: HomeAssistant, running_site: MockConfigEntry, browser: Browser, agent: ScriptedAgent
) -> None:
    await agent.stop()

    await hass.config_entries.async_reload(running_site.entry_id)

    assert running_site.runtime_data.cameras.agents[agent.state["info"]["id"]].data.has_webrtc


async def test_each_agent_answers_for_its_own_cameras(
    hass: HomeAssistant,
    agent: ScriptedAgent,
    other_agent: ScriptedAgent,
    hass_ws_client: WebSocketGenerator,
) -> None:
    other_agent.state["info"]["cameras"][0]["name"] = "Garage"
    other_agent.webrtc.offer()
    assert await async_setup_component(hass, "camera", {})
    await set_up(hass, site_with(subentry_of(agent), subentry_of(other_agent), detectors=[]))
    await becomes(hass, CONNECTED, "on")
    browser = Browser(await hass_ws_client())

    await browser.offer()
    await browser.told()

    assert (len(agent.webrtc.offers), len(other_agent.webrtc.offers)) == (1, 0)
