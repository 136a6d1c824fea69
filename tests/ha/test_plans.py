"""What agents are told of bookings, by clocks of their own."""

import asyncio
from datetime import timedelta
import time

from homeassistant.core import HomeAssistant
import pytest

from custom_components.gatehouse.bookings import Booking
from tests.ha.courts import LEFT, PAIR, RIGHT, at, courts, give_courts, pair, schedule_of
from tests.ha.scripted import ScriptedAgent
from tests.waiting import eventually


async def tick(agent: ScriptedAgent, ahead: float) -> None:
    """Let an agent tell what its clock shows, so many seconds ahead of ours."""
    stats = {"now": time.time() + ahead, "stats": agent.state["stats"]}
    await agent.say({"type": "stats"} | stats)


@pytest.fixture
async def booked(hass: HomeAssistant, agent: ScriptedAgent) -> Booking:
    """An hour of tomorrow, of which the agent knows."""
    give_courts(agent)
    site = await courts(hass, agent, pair())
    start = at(17)
    draft = Booking(
        uid="",
        calendar=PAIR,
        summary="Tennis",
        start=start,
        end=start + timedelta(hours=1),
        cameras=(LEFT, RIGHT),
    )
    kept = await schedule_of(site).diary.create(draft)
    await eventually(lambda: agent.plans and len(agent.plans[-1]) == 2)
    return kept


async def test_an_agent_whose_clock_is_set_is_told_anew_what_is_booked(
    agent: ScriptedAgent, booked: Booking
) -> None:
    await tick(agent, 5400)

    expected = booked.start.timestamp() + 5400
    await eventually(lambda: abs(agent.plans[-1][0]["since"] - expected) < 2)


async def test_a_word_that_is_a_little_late_makes_no_new_plan(
    agent: ScriptedAgent, booked: Booking
) -> None:
    await asyncio.sleep(0.1)  # there may be one more plan of what was booked just now
    plans = len(agent.plans)

    for late in (0.3, 1.2, 0.0, 0.9):
        await tick(agent, late)
        await asyncio.sleep(0.05)

    assert len(agent.plans) == plans
