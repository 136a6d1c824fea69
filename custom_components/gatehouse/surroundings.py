"""What the house knows when something happens: the sun, who is at home, the alarm."""

from collections.abc import Mapping
from typing import Final

from homeassistant.components.alarm_control_panel import AlarmControlPanelState
from homeassistant.components.sun.const import STATE_ABOVE_HORIZON
from homeassistant.const import STATE_HOME, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant, State, callback
from homeassistant.util import dt as dt_util

from .incidents import AlarmState, Surroundings

SUN: Final = "sun.sun"

# A panel that is being armed is not yet armed; one that counts down to the siren still is.
ALARMS: Final[Mapping[str, AlarmState]] = {
    AlarmControlPanelState.DISARMED: AlarmState.DISARMED,
    AlarmControlPanelState.ARMING: AlarmState.DISARMED,
    AlarmControlPanelState.DISARMING: AlarmState.DISARMED,
    AlarmControlPanelState.ARMED_HOME: AlarmState.ARMED_HOME,
    AlarmControlPanelState.ARMED_CUSTOM_BYPASS: AlarmState.ARMED_HOME,
    AlarmControlPanelState.ARMED_NIGHT: AlarmState.ARMED_NIGHT,
    AlarmControlPanelState.ARMED_AWAY: AlarmState.ARMED_AWAY,
    AlarmControlPanelState.ARMED_VACATION: AlarmState.ARMED_AWAY,
    AlarmControlPanelState.PENDING: AlarmState.ARMED_AWAY,
    AlarmControlPanelState.TRIGGERED: AlarmState.TRIGGERED,
}

NOT_KNOWN: Final = frozenset({STATE_UNKNOWN, STATE_UNAVAILABLE})


@callback
def surroundings(hass: HomeAssistant, alarm: str | None) -> Surroundings:
    """Return what the house knows now; alarm is the entity of the panel, if there is one."""
    return Surroundings(
        dark=_dark(hass.states.get(SUN)),
        anybody_home=_anybody_home(
            hass.states.async_all("person") or hass.states.async_all("device_tracker")
        ),
        alarm=_alarm(hass.states.get(alarm)) if alarm else None,
        zone=dt_util.get_default_time_zone(),
    )


def _dark(sun: State | None) -> bool | None:
    return None if sun is None or sun.state in NOT_KNOWN else sun.state != STATE_ABOVE_HORIZON


def _anybody_home(people: list[State]) -> bool | None:
    """Return whether somebody, or else what they carry, is at home; None as long as it could be."""
    states = {person.state for person in people}
    if STATE_HOME in states:
        return True
    return None if not states or states & NOT_KNOWN else False


def _alarm(panel: State | None) -> AlarmState | None:
    return None if panel is None else ALARMS.get(panel.state)
