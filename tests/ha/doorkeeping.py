"""Who may enter by the doors of a scripted agent: what tests ask, and what the agent goes by."""

from typing import Any, Final

from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.gatehouse.admission import Admission
from tests.ha.messages import golden
from tests.ha.scripted import ScriptedAgent
from tests.waiting import eventually

LOCK: Final = "lock.front_door"
GARAGE_LOCK: Final = "lock.garage"


async def act(hass: HomeAssistant, action: str, **data: Any) -> Any:
    """Perform an action and return its response."""
    return await hass.services.async_call(
        "gatehouse", action, data, blocking=True, return_response=True
    )


def policy_of(agent: ScriptedAgent) -> dict[str, Any]:
    """Return what an agent decides by now."""
    return agent.doors.grants[-1]


def hold(agent: ScriptedAgent, digest: str, *, random: bool = False) -> None:
    """Hold a card to a reader that learns."""
    agent.doors.card = golden("enroll") | {"card": digest, "random": random}


async def admitting(hass: HomeAssistant, site: MockConfigEntry, agent: ScriptedAgent) -> Admission:
    """Return the doors of a site, as soon as its agent goes by its policy."""
    await eventually(lambda: agent.doors.grants)
    await hass.async_block_till_done()
    admission: Admission = site.runtime_data.admission
    return admission
