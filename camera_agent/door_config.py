"""The doors of this machine: nouns of the configuration, and their parsing."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from .line_config import LineConfig, parse_line
from .reader_config import ADDRESSED, ReaderConfig, ReaderKind, parse_reader
from .tables import Rules, called, listed, repeated, seconds, slug, table, text, word


class Fail(StrEnum):
    """What a lock does without power: stay shut, or open."""

    SECURE = "secure"
    SAFE = "safe"


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
        door[key] = parse_line(f"{where}.{key}", door[key], problems, active_low=key in _BUTTONS)
    longest = door.get("longest", timedelta(seconds=30))
    if door.get("unlock", timedelta(seconds=3)) > longest:
        problems.append(f"{where}.unlock: must not be more than longest, {longest.seconds} s")
    readers = [
        parse_reader(f"{where}.readers[{i}]", one, door.get("simulated"), folder, problems)
        for i, one in enumerate(door.get("readers", []))
    ]
    problems += repeated(f"{where}.readers", "id", _values(readers, "id"), "reader")
    right = len(problems) == before
    return door | {"readers": tuple(ReaderConfig(**one) for one in readers if right)}


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
        if reader.kind in ADDRESSED
        else f"{reader.device}"
        for reader in readers
        if reader.device and reader.kind is not ReaderKind.SIMULATED
    )
    return [f"doors: {what} is used {times} times" for what, times in uses.items() if times > 1]


def _raw(value: object) -> object:
    return value


_BUTTONS: Final = ("exit_button", "doorbell")  # which connect their line to ground
_WIRED: Final = ("relay", "contact", *_BUTTONS, "buzzer", "led")
_DOOR: Final[Rules] = {
    "id": slug,
    "name": text,
    "readers": listed,
    **dict.fromkeys(_WIRED, _raw),
    "fail": word(Fail),
    "unlock": seconds(0.2, 600),
    "longest": seconds(1, 600),
    "held_open": seconds(1, 3600),
    "simulated": text,
}
