"""What is wired to the doors of this machine: nouns of the configuration, and their parsing."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
import re
from typing import Any, Final

from .tables import Rules, called, flag, repeated, seconds, slug, table, text, whole, word
from .wire import Direction


class ReaderKind(StrEnum):
    """What a reader is, and how it is connected."""

    RDM6300 = "rdm6300"
    HID = "hid"
    PN532 = "pn532"
    MFRC522 = "mfrc522"
    WIEGAND = "wiegand"
    OSDP = "osdp"
    SIMULATED = "simulated"


class CardFormat(StrEnum):
    """What the characters of a wedge, or the bytes of a reader, mean."""

    HEX = "hex"
    DECIMAL = "decimal"


class ByteOrder(StrEnum):
    """Which byte of a card comes first."""

    BIG = "big"
    LITTLE = "little"


class Fail(StrEnum):
    """What a lock does without power: stay shut, or open."""

    SECURE = "secure"
    SAFE = "safe"


@dataclass(frozen=True, slots=True, kw_only=True)
class LineConfig:
    """One line of a GPIO chip; the chip is found by its label."""

    line: int
    chip: str | None = None
    """The label of the chip; None for the one of the pin header."""
    active_low: bool = False
    debounce: timedelta = timedelta(milliseconds=20)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderConfig:
    """One reader at a door; which of the fields count depends on its kind."""

    id: str
    kind: ReaderKind
    direction: Direction | None = None
    device: str | None = None
    """/dev/…: a serial port, an input device, an SPI or I2C bus; a socket's path if simulated."""
    baud: int | None = None
    lines: tuple[LineConfig, ...] = ()
    """Wiegand: D0 and D1. MFRC522, PN532: reset, if it is wired."""
    address: int = 0
    """OSDP: the device's address. I2C: the chip's."""
    key: str | None = field(default=None, repr=False)
    """OSDP: the key of the secure channel, 32 hex digits."""
    format: CardFormat = CardFormat.HEX
    byteorder: ByteOrder = ByteOrder.BIG
    bytes: int | None = None
    """How many of a card's last bytes count; None for all."""
    debounce: timedelta = timedelta(seconds=2)
    keypad: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorConfig:
    """One door: its lock, and what tells how it is."""

    id: str
    name: str
    readers: tuple[ReaderConfig, ...] = ()
    relay: LineConfig | None = None
    """Active when its lock has power."""
    fail: Fail = Fail.SECURE
    unlock: timedelta = timedelta(seconds=3)
    """How long it is unlocked for somebody who may enter."""
    longest: timedelta = timedelta(seconds=30)
    """How long it may be unlocked for one person, whoever asks."""
    contact: LineConfig | None = None
    """Active while the door is open, and so is a contact whose wire is cut."""
    exit_button: LineConfig | None = None
    doorbell: LineConfig | None = None
    buzzer: LineConfig | None = None
    led: LineConfig | None = None
    held_open: timedelta = timedelta(seconds=30)
    """How long it may stand open."""
    simulated: str | None = None
    """The path of a socket that stands for relay, contact and buttons, where there are none."""


def doors(raw: object, folder: Path, problems: list[str]) -> tuple[DoorConfig, ...]:
    """Return the doors of a configuration file, and add what is wrong with them to the problems.

    Sockets are looked for in the folder.
    """
    if not isinstance(raw, list):
        problems.append("doors: must be [[doors]] tables")
        return ()
    found = [_door(f"doors[{i}]", one, folder, problems) for i, one in enumerate(raw)]
    for what in ("id", "simulated"):
        problems += repeated("doors", what, _values(found, what), "door")
    problems += _used_twice(found)
    return () if problems else tuple(DoorConfig(**door) for door in found)


def _door(where: str, raw: object, folder: Path, problems: list[str]) -> dict[str, Any]:
    before = len(problems)
    door = table(where, raw, _DOOR, ("id",), problems)
    door.setdefault("name", called(door.get("id", "")))
    if "simulated" in door:
        door["simulated"] = str(folder / door["simulated"])
        problems += [
            f"{where}.{key}: a simulated door has no lines" for key in _WIRED if key in door
        ]
    for key in (key for key in _WIRED if key in door):
        door[key] = _line(f"{where}.{key}", door[key], problems, active_low=key in _BUTTONS)
    longest = door.get("longest", timedelta(seconds=30))
    if door.get("unlock", timedelta(seconds=3)) > longest:
        problems.append(f"{where}.unlock: must not be more than longest, {longest.seconds} s")
    readers = [
        _reader(f"{where}.readers[{i}]", one, door.get("simulated"), folder, problems)
        for i, one in enumerate(door.get("readers", []))
    ]
    problems += repeated(f"{where}.readers", "id", _values(readers, "id"), "reader")
    right = len(problems) == before
    return door | {"readers": tuple(ReaderConfig(**one) for one in readers if right)}


def _reader(
    where: str, raw: object, socket: str | None, folder: Path, problems: list[str]
) -> dict[str, Any]:
    reader = table(where, raw, _READER, ("id", "kind"), problems)
    kind = reader.get("kind")
    if kind is ReaderKind.SIMULATED:
        reader["device"] = str(folder / reader["device"]) if "device" in reader else socket
    if kind and reader.get("device") is None and kind is not ReaderKind.WIEGAND:
        problems.append(f"{where}.device: is missing; {_DEVICES[kind]}")
    problems += [
        f"{where}.{key}: a reader of kind {str(kind)!r} has none"
        for key, kinds in _ONLY_FOR.items()
        if kind and key in reader and kind not in kinds
    ]
    lines = enumerate(reader.get("lines", []))
    reader["lines"] = tuple(_line(f"{where}.lines[{i}]", one, problems) for i, one in lines)
    if kind is ReaderKind.WIEGAND and len(reader["lines"]) != 2:
        problems.append(f"{where}.lines: must be two, D0 and D1")
    return reader


def _line(
    where: str, raw: object, problems: list[str], active_low: bool = False
) -> LineConfig | None:
    """Return a line that is written as its number, or as a table that tells more about it."""
    given = {"line": raw} if isinstance(raw, int) else raw
    before = len(problems)
    line = table(where, given, _LINE, ("line",), problems)
    return LineConfig(**({"active_low": active_low} | line)) if len(problems) == before else None


def _values(tables: Iterable[Mapping[str, Any]], key: str) -> list[str]:
    return [one[key] for one in tables if key in one]


def _used_twice(found: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return a sentence for each line and each device that cannot belong to all who want it."""
    readers = [reader for door in found for reader in door["readers"]]
    lines = [door[key] for door in found for key in _WIRED if door.get(key)]
    lines += [line for reader in readers for line in reader.lines]
    uses = Counter(
        f"line {line.line} of {line.chip or 'the pin header'}" for line in lines
    ) + Counter(
        f"address {reader.address} at {reader.device}"
        if reader.kind in _ONLY_FOR["address"]
        else f"{reader.device}"
        for reader in readers
        if reader.device and reader.kind is not ReaderKind.SIMULATED
    )
    return [f"doors: {what} is used {times} times" for what, times in uses.items() if times > 1]


def _tables(value: object) -> list[object]:
    if isinstance(value, list):
        return value
    raise ValueError("must be a list")


def _key(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch("[0-9A-Fa-f]{32}", value):
        raise ValueError("must be 32 hex digits; make them with: openssl rand -hex 16")
    return value


def _raw(value: object) -> object:
    return value


_BUTTONS: Final = ("exit_button", "doorbell")  # which connect their line to ground
_WIRED: Final = ("relay", "contact", *_BUTTONS, "buzzer", "led")
_DOOR: Final[Rules] = {
    "id": slug,
    "name": text,
    "readers": _tables,
    **dict.fromkeys(_WIRED, _raw),
    "fail": word(Fail),
    "unlock": seconds(0.2, 600),
    "longest": seconds(1, 600),
    "held_open": seconds(1, 3600),
    "simulated": text,
}
_LINE: Final[Rules] = {
    "line": whole(0, 1023),
    "chip": text,
    "active_low": flag,
    "debounce": seconds(0, 1),
}
_READER: Final[Rules] = {
    "id": slug,
    "kind": word(ReaderKind),
    "direction": word(Direction),
    "device": text,
    "baud": whole(1200, 921_600),
    "lines": _tables,
    "address": whole(0, 127),
    "key": _key,
    "format": word(CardFormat),
    "byteorder": word(ByteOrder),
    "bytes": whole(1, 16),
    "debounce": seconds(0, 60),
    "keypad": flag,
}
_DEVICES: Final = {
    ReaderKind.RDM6300: "a serial port like /dev/serial0",
    ReaderKind.HID: "one of /dev/input/by-id/",
    ReaderKind.PN532: "a serial port, or a bus like /dev/i2c-1 or /dev/spidev0.0",
    ReaderKind.MFRC522: "a bus like /dev/spidev0.0",
    ReaderKind.OSDP: "a serial port like /dev/ttyUSB0",
    ReaderKind.SIMULATED: "a socket's path, or let its door be a simulated one",
}
_ONLY_FOR: Final = {
    "device": tuple(_DEVICES),
    "baud": (ReaderKind.RDM6300, ReaderKind.PN532, ReaderKind.OSDP),
    "lines": (ReaderKind.WIEGAND, ReaderKind.MFRC522, ReaderKind.PN532),
    "address": (ReaderKind.OSDP, ReaderKind.PN532),
    "key": (ReaderKind.OSDP,),
    "format": (ReaderKind.HID,),
}
