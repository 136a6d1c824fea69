"""The control panel of an RS-485 bus: everything that libosdp is asked, in one thread."""

from collections.abc import Mapping
from dataclasses import dataclass
import os
import select
import time
from typing import Any, Final

from . import Feedback, Heard, Key, ReaderError, Scan, Tamper, Technology, device_file
from .ports import open_serial, trouble
from .rfid_wiegand import WITH_PARITY, payload

BAUD: Final = 9600  # what the standard begins with
# Seconds: how soon who listens is asked again what to show, and how soon the bus when it is silent.
TURN: Final = 0.03
STEP: Final = 0.005
KEYS: Final = {0x7F: "*", 0x0D: "#"} | {ord(key): key for key in "0123456789*#"}
RED, GREEN, AMBER, BLUE = 1, 2, 3, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """A lamp that blinks, and beeps; all in tenths of a second."""

    color: int
    on: int
    off: int
    lasts: int
    beep: int
    beeps: int


SIGNALS: Final = {
    Feedback.GRANTED: Signal(color=GREEN, on=30, off=0, lasts=30, beep=3, beeps=1),
    Feedback.DENIED: Signal(color=RED, on=3, off=2, lasts=20, beep=1, beeps=3),
    Feedback.PIN_WANTED: Signal(color=AMBER, on=5, off=5, lasts=100, beep=1, beeps=1),
    Feedback.LEARNING: Signal(color=BLUE, on=2, off=2, lasts=250, beep=1, beeps=2),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What came of one turn: who can be trusted now, and what happened, by address."""

    ready: frozenset[int]
    happened: tuple[tuple[int, Heard], ...]


class Panel:
    """Polls the readers of one bus; its calls block shortly, and come from one thread.

    libosdp's own ControlPanel is not used: it keeps each event in a queue besides, and its thread
    dies with its port without a word.
    """

    def __init__(self, device: str, baud: int) -> None:
        self._port = Port(device, baud)
        self._osdp: Any = None
        self._panel: Any = None
        self._readers: list[int] = []
        self._keys: dict[int, bytes | None] = {}
        self._ready: frozenset[int] = frozenset()
        self._happened: list[tuple[int, Heard]] = []

    def open(self) -> None:
        """Open the port; raises ReaderError."""
        try:
            import osdp_sys
        except ImportError as error:
            raise ReaderError(
                "OSDP needs the package libosdp: install it where the agent is installed."
            ) from error
        osdp_sys.set_loglevel(osdp_sys.LOG_EMERG)  # it would print, and not to our log
        self._osdp = osdp_sys
        self._port.open()

    def turn(self, wanted: Mapping[int, bytes | None], shown: list[tuple[int, Feedback]]) -> Turn:
        """Poll the wanted readers, by address and key, and show; raises ReaderError when lost."""
        if wanted.keys() - self._keys.keys():
            self._rebuild(wanted)
        self._reconcile(wanted)
        for address, feedback in shown:
            self._show(address, SIGNALS[feedback])
        self._happened = []
        until = time.monotonic() + TURN
        while not self._happened and time.monotonic() < until:
            self._port.wait(STEP)
            self._panel.refresh()
            self._port.check()
        self._greet()
        return Turn(ready=self._ready, happened=tuple(self._happened))

    def close(self) -> None:
        self._panel = None
        self._port.close()

    def _rebuild(self, wanted: Mapping[int, bytes | None]) -> None:
        """Begin anew with who is new; who has left stays known, so that only news do this."""
        self._keys |= wanted
        self._readers = list(self._keys)
        self._panel = self._osdp.ControlPanel(
            [
                {
                    "name": f"reader {address}",
                    "address": address,
                    "flags": self._osdp.FLAG_ENFORCE_SECURE if key else 0,
                    "channel": self._port,
                }
                | ({"scbk": key} if key else {})
                for address, key in self._keys.items()
            ]
        )
        self._panel.set_event_callback(self._event)
        self._ready = frozenset()

    def _reconcile(self, wanted: Mapping[int, bytes | None]) -> None:
        """Leave alone who is not wanted; who is wanted again is asked at once, not in minutes."""
        for place, address in enumerate(self._readers):
            enabled = self._panel.is_pd_enabled(place)
            if enabled and address not in wanted:
                self._panel.disable_pd(place)
            elif not enabled and address in wanted:
                self._panel.enable_pd(place)

    def _greet(self) -> None:
        """See who is ready; ask those who became so whether somebody has opened them."""
        online, secure = self._panel.status(), self._panel.sc_status()
        before, self._ready = (
            self._ready,
            frozenset(
                address
                for place, address in enumerate(self._readers)
                if (secure if self._keys[address] else online) >> place & 1
            ),
        )
        for address in self._ready - before:
            local = {"type": self._osdp.STATUS_REPORT_LOCAL, "report": b"\0\0", "nr_entries": 2}
            self._submit(address, self._osdp.CMD_STATUS, local)

    def _show(self, address: int, signal: Signal) -> None:
        lamp = {"on_color": signal.color, "on_count": signal.on, "off_count": signal.off}
        temporary = {"temporary": True, "control_code": 2, "timer_count": signal.lasts}
        self._submit(
            address, self._osdp.CMD_LED, lamp | temporary | {"led_number": 0, "off_color": 0}
        )
        beeps = {"on_count": signal.beep, "off_count": 1, "rep_count": signal.beeps}
        self._submit(address, self._osdp.CMD_BUZZER, beeps | {"control_code": 2})

    def _submit(self, address: int, command: int, parameters: dict[str, Any]) -> None:
        if address in self._ready:
            place = self._readers.index(address)
            self._panel.submit_command(place, {"command": command, "reader": 0} | parameters)

    def _event(self, place: int, event: dict[str, Any]) -> int:
        """Called by the library while it refreshes; an exception would be lost in it."""
        at = time.monotonic()
        self._happened += [(self._readers[place], heard) for heard in self._heard(event, at)]
        event.clear()  # libosdp 3.2 never frees it, and so would keep every card that was shown
        return 0

    def _heard(self, event: dict[str, Any], at: float) -> list[Heard]:
        kind = event["event"]
        if kind == self._osdp.EVENT_KEYPRESS:
            return [Key(key=KEYS[code], at=at) for code in event["data"] if code in KEYS]
        if kind == self._osdp.EVENT_CARDREAD and event.get("length") and event["data"]:
            return [_scan(event["data"], event["length"], at)]
        if kind == self._osdp.EVENT_STATUS and event["type"] == self._osdp.STATUS_REPORT_LOCAL:
            return [Tamper(active=bool(event["report"][0]), at=at)]
        return []


class Port:
    """The channel that the library reads and writes; it remembers why it could not."""

    def __init__(self, device: str, baud: int) -> None:
        self._device, self._baud = device, baud
        self._port = -1
        self._error: OSError | None = None

    def open(self) -> None:
        self._port = open_serial(self._device, self._baud)

    def wait(self, seconds: float) -> None:
        """Wait until there is something to read, but not longer."""
        select.select([self._port], [], [], seconds)

    def check(self) -> None:
        """Raise ReaderError when it could not be read or written."""
        if self._error:
            raise trouble(self._device, self._error)

    def close(self) -> None:
        if self._port >= 0:
            os.close(self._port)
        self._port = -1

    def read(self, size: int) -> bytes:
        """Return what is there; called by the library, which exceptions would confuse."""
        try:
            return device_file.read(self._port, size)
        except BlockingIOError:
            return b""
        except OSError as error:
            self._error = error
            return b""

    def write(self, data: bytes) -> int:
        """Return how much was written."""
        try:
            return os.write(self._port, data)
        except BlockingIOError:
            return 0
        except OSError as error:
            self._error = error
            return -1

    def flush(self) -> None:
        """Do nothing: what was not read belongs to the answer that is awaited."""


def _scan(data: bytes, length: int, at: float) -> Scan:
    """Return the card of so many bits, which begin with the first byte's highest."""
    bits = "".join(f"{byte:08b}" for byte in data)[:length]
    technology = Technology.WIEGAND if length in WITH_PARITY else Technology.UNKNOWN
    return Scan(card=payload(bits), technology=technology, at=at)
