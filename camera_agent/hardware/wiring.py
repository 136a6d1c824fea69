"""What a door's lines are: those of a GPIO chip, or those that a socket plays."""

from dataclasses import dataclass
from typing import Any, Final

from ..door_config import DoorConfig, Fail
from . import Line
from .deadman import Kept

INPUTS: Final = ("contact", "exit_button", "doorbell")
MARGIN: Final = 1.0  # seconds that the agent gets to relock by itself
LINES: Final = ("relay", *INPUTS, "buzzer", "led")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """The lines of one door; None where nothing is wired."""

    relay: Line | None = None
    contact: Line | None = None
    exit_button: Line | None = None
    doorbell: Line | None = None
    buzzer: Line | None = None
    led: Line | None = None

    def close(self) -> None:
        """Let go of all of them."""
        for line in filter(None, (getattr(self, name) for name in LINES)):
            line.close()


def wiring(config: DoorConfig) -> Wiring:
    """Return a door's lines; each is opened when it is used."""
    if config.simulated is not None:
        from .simulated import SimulatedLine

        return Wiring(**{name: SimulatedLine(config.simulated, name) for name in LINES})
    from .gpio import GpioLine

    wired = {name: line for name in LINES if (line := getattr(config, name)) is not None}
    return Wiring(**{name: GpioLine(line, _rest(config, name)) for name, line in wired.items()})


def kept(config: DoorConfig) -> Kept | None:
    """Return what locks a door when the agent no longer can; None where nothing can be locked."""
    locked: dict[str, Any] = {
        "door": config.id,
        "longest": config.longest.total_seconds() + MARGIN,
        "energised": config.fail is Fail.SAFE,
    }
    if config.simulated is not None:
        from .simulated import relay_file

        return Kept(**locked, file=relay_file(config.simulated))
    if config.relay is None:
        return None
    relay = config.relay
    return Kept(**locked, line=relay.line, chip=relay.chip, active_low=relay.active_low)


def _rest(config: DoorConfig, name: str) -> bool | None:
    """Return what an output is while nothing happens; None for an input."""
    if name in INPUTS:
        return None
    return name == "relay" and config.fail is Fail.SAFE
