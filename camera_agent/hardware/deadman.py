"""The dead man's switch: a small process that locks the doors when the agent no longer can.

It runs by itself, as a script, so that it starts at once and stays small: nothing of ours is
imported here. It is told by lines on its input, `DOOR locked`, `DOOR released` and `DOOR held`;
the end of its input is the end of the agent.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from enum import StrEnum
import errno
import json
import os
from pathlib import Path
import select
import signal
import sys
import time
from typing import Final

DEVICES: Final = Path("/dev")
# Of the pin header, from the Raspberry Pi 5 down to the first.
HEADERS: Final = ("pinctrl-rp1", "pinctrl-bcm2711", "pinctrl-bcm2835")
CONSUMER: Final = "gatehouse keeper"  # how the kernel names who holds a line, with the pid behind
PATIENCE: Final = 10.0  # seconds to wait for a line that a dying agent still holds
RETRY: Final = 0.005
DYING: Final = 5.0  # seconds that a killed agent may take to be gone


class Allowed(StrEnum):
    """What a door's relay may do for now."""

    LOCKED = "locked"
    RELEASED = "released"
    """Unlocked for somebody: not for longer than the door allows."""
    HELD = "held"
    """Unlocked until somebody says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A relay to be kept from staying as it is: a line of a chip, or a file that stands for one."""

    door: str
    longest: float
    """Seconds after which an agent that has not relocked it hangs."""
    energised: bool
    """What it is while the door is locked."""
    line: int = 0
    chip: str | None = None
    active_low: bool = False
    file: str | None = None

    def take(self) -> object:
        """Lock the door; it stays so as long as what is returned is kept. Raises OSError."""
        if self.file is not None:
            return Path(self.file).write_text(f"{int(self.energised)}\n", encoding="ascii")
        import gpiod
        from gpiod.line import Direction, Value

        settings = gpiod.LineSettings(
            direction=Direction.OUTPUT,
            active_low=self.active_low,
            output_value=Value.ACTIVE if self.energised else Value.INACTIVE,
        )
        me = f"{CONSUMER} {os.getpid()}"
        return gpiod.request_lines(chip_of(self.chip), consumer=me, config={self.line: settings})


def chip_of(label: str | None) -> str:
    """Return the device of a GPIO chip, by its label; raises OSError when there is none."""
    import gpiod

    labels = HEADERS if label is None else (label,)
    for path in sorted(DEVICES.glob("gpiochip*")):
        with gpiod.Chip(str(path)) as chip:
            if chip.get_info().label in labels:
                return str(path)
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), label or "the pin header")


class Watch:
    """How long which relay may go on as it is."""

    def __init__(self, relays: Iterable[Kept]) -> None:
        self._longest = {relay.door: relay.longest for relay in relays}
        self._until: dict[str, float] = {}

    def heard(self, line: str, now: float) -> None:
        """Take in what the agent tells; each release counts from anew."""
        door, _, allowed = line.partition(" ")
        self._until.pop(door, None)
        if allowed == Allowed.RELEASED:
            self._until[door] = now + self._longest[door]

    def left(self, now: float) -> float | None:
        """Return the seconds until something must be done; None while there is nothing to fear."""
        return max(0.0, min(self._until.values()) - now) if self._until else None


def command(agent: int, relays: Iterable[Kept]) -> list[str]:
    """Return the command line of the process that watches the agent's."""
    told = json.dumps([asdict(relay) for relay in relays])
    return [sys.executable, "-I", __file__, str(agent), told]


def main(agent: int, relays: list[Kept]) -> None:
    """Wait for the end of the agent, bring it about if it hangs, and lock the doors."""
    # Whoever stops the whole service stops the agent too, and the doors are locked after that.
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM, signal.SIGINT))
    with suppress(ImportError):  # where it is missing, no relay can be switched on either
        import gpiod  # noqa: F401 - now, because later is an emergency
    if os.getppid() == agent:  # else it has ended before it could be watched
        _watch(agent, relays)
    held = _locked(relays)
    if any(relay.energised and relay.file is None for relay in relays):
        signal.sigwait((signal.SIGTERM,))  # a lock that opens without power needs us until then
    del held


def _watch(agent: int, relays: list[Kept], input_: int = 0) -> None:
    """Return when the agent has ended, which it must when a door is unlocked for too long."""
    watch = Watch(relays)
    process = os.pidfd_open(agent)
    told = b""
    while True:
        ready, _, _ = select.select([input_, process], [], [], watch.left(time.monotonic()))
        if process in ready:
            return
        if ready:
            heard = os.read(input_, 4096)
            if not heard:
                return
            *lines, told = (told + heard).split(b"\n")
            for line in lines:
                watch.heard(line.decode(), time.monotonic())
        if watch.left(time.monotonic()) == 0.0:
            _say("The agent left a door unlocked for too long: it hangs, and is ended.")
            signal.pidfd_send_signal(process, signal.SIGKILL)
            select.select([process], [], [], DYING)
            return


def _locked(relays: list[Kept]) -> list[object]:
    """Lock each door, as soon as its line is free; return what has to be kept."""
    held: list[object] = []
    left = dict.fromkeys(relays, "")
    patience = time.monotonic() + PATIENCE
    while left and time.monotonic() < patience:
        for relay in list(left):
            try:
                held.append(relay.take())
                del left[relay]
            except (OSError, ImportError) as error:
                left[relay] = str(error)
        time.sleep(RETRY if left else 0)
    for relay, trouble in left.items():
        _say(f"The door {relay.door} could not be locked: {trouble}")
    return held


def _say(sentence: str) -> None:
    print(f"gatehouse keeper: {sentence}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), [Kept(**relay) for relay in json.loads(sys.argv[2])])
