"""An agent that somebody else has taken over: whatever it says, the house goes on."""

from datetime import timedelta
import json
from pathlib import Path
from typing import Any, Final

from homeassistant.core import HomeAssistant
from hypothesis import given, strategies as st
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.gatehouse import reconnecting
from tests.fuzzing import fuzzed, mutated
from tests.ha.messages import CAMERA, golden
from tests.ha.scripted import ScriptedAgent
from tests.waiting import eventually

WIRE: Final = Path(__file__).parents[2] / "wire"
NEWS: Final = sorted(
    path.stem
    for path in WIRE.glob("*.json")
    if json.loads(path.read_text()).get("type") not in {None, "state"}
)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Come back at once after each farewell."""
    for name in ("RETRY_FIRST", "RETRY_LONGEST"):
        monkeypatch.setattr(reconnecting, name, timedelta(milliseconds=5))


async def follows(hass: HomeAssistant, agent: ScriptedAgent) -> None:
    """Wait until the house listens to the agent and believes what it says."""
    await eventually(lambda: agent._feeds, 3)
    await agent.say({"type": "camera", "camera": CAMERA, "state": agent.state["cameras"][CAMERA]})
    await eventually(lambda: not hass.states.is_state("camera.front_door", "unavailable"), 3)


@given(data=st.data())
@fuzzed(40)
async def test_whatever_an_agent_tells_the_house_goes_on(
    hass: HomeAssistant,
    agent: ScriptedAgent,
    doored: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
    data: st.DataObject,
) -> None:
    message: Any = data.draw(mutated(golden(data.draw(st.sampled_from(NEWS), "news"))), "message")
    await eventually(lambda: agent._feeds, 3)
    caplog.clear()

    await agent.say(message)
    await follows(hass, agent)

    assert [one.getMessage() for one in caplog.records if one.exc_info] == []


@given(data=st.data())
@fuzzed(20)
async def test_however_an_agent_describes_itself_the_house_goes_on(
    hass: HomeAssistant,
    agent: ScriptedAgent,
    doored: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
    data: st.DataObject,
) -> None:
    whole = agent.state
    caplog.clear()
    await eventually(lambda: agent._feeds, 3)

    await agent.say(data.draw(mutated(whole), "state"))
    await agent.cut()
    await follows(hass, agent)

    assert [one.getMessage() for one in caplog.records if one.exc_info] == []
