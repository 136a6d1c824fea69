"""A site with two cameras that people book: those of an agent, and the pair that they are."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from homeassistant.config_entries import ConfigSubentryData
from homeassistant.core import Context, HomeAssistant
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.gatehouse.bookings import Appointment, Page
from custom_components.gatehouse.schedule import Schedule
from tests.ha.messages import AGENT_ID
from tests.ha.scripted import ScriptedAgent
from tests.ha.seeing import set_up
from tests.ha.site import site_with, subentry_of

LEFT: Final = f"{AGENT_ID}/left"
RIGHT: Final = f"{AGENT_ID}/right"
LEFT_ENTITY: Final = "camera.court_left"
RIGHT_ENTITY: Final = "camera.court_right"
PAIR: Final = "court"


def give_courts(agent: ScriptedAgent, *more: str) -> None:
    """Let an agent have the cameras of the courts, and more, and nothing else."""
    (info,) = agent.state["info"]["cameras"]
    (state,) = agent.state["cameras"].values()
    names = {"left": "Court left", "right": "Court right"} | {each.lower(): each for each in more}
    agent.state["info"]["cameras"] = [info | {"id": key, "name": names[key]} for key in names]
    agent.state["cameras"] = dict.fromkeys(names, state)


def pair(**data: Any) -> ConfigSubentryData:
    """Return the pair that the cameras are, as the site stores it."""
    return ConfigSubentryData(
        subentry_type="pair",
        title="Centre Court",
        unique_id=None,
        subentry_id=PAIR,
        data={"left": LEFT, "right": RIGHT, "layout": "side_by_side"} | data,
    )


async def courts(
    hass: HomeAssistant, agent: ScriptedAgent, *pairs: ConfigSubentryData
) -> MockConfigEntry:
    """Return a site that is connected with the agent, and detects nothing."""
    site = site_with(subentry_of(agent), *pairs, detectors=[])
    await set_up(hass, site)
    return site


def schedule_of(site: MockConfigEntry) -> Schedule:
    """Return what a site is to record."""
    schedule: Schedule = site.runtime_data.schedule
    return schedule


def at(hour: int, days: int = 1) -> datetime:
    """Return an hour of one of the next days, by the clock of the house."""
    day = dt_util.start_of_local_day() + timedelta(days=days)
    return day.replace(hour=hour)


def hour(hour: int, days: int = 1, **more: Any) -> dict[str, Any]:
    """Return what books an hour of one of the next days."""
    start = at(hour, days)
    times = {"start": start.isoformat(), "end": start.replace(hour=hour + 1).isoformat()}
    return {"summary": "Tennis", **times, **more}


async def ask(
    hass: HomeAssistant,
    action: str,
    fields: Mapping[str, Any] | None = None,
    user: str | None = None,
    **more: Any,
) -> Any:
    """Perform an action, as a user or as an automation, and return its response."""
    return await hass.services.async_call(
        "gatehouse",
        action,
        {**(fields or {}), **more},
        blocking=True,
        return_response=True,
        context=Context(user_id=user),
    )


async def comes_to(site: MockConfigEntry, appointment: str, **changes: Any) -> Appointment:
    """Let an appointment have come so far, whoever did that."""
    store = schedule_of(site).store
    row = await store.get(appointment)
    assert row is not None
    row = replace(row, **changes)

    def keep(page: Page) -> None:
        page.save((row,))

    await store.change(keep)
    return row
