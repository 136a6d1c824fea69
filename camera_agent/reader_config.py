"""The readers at a door: nouns of the configuration, and their parsing."""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
import re
from typing import Any, Final

from .line_config import LineConfig, parse_line
from .tables import Rules, flag, listed, seconds, slug, table, text, whole, word
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


def parse_reader(
    where: str, raw: object, socket: str | None, folder: Path, problems: list[str]
) -> dict[str, Any]:
    """Return what is right of a reader; the socket is that of its door, if that is simulated."""
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
    reader["lines"] = tuple(parse_line(f"{where}.lines[{i}]", one, problems) for i, one in lines)
    if kind is ReaderKind.WIEGAND and len(reader["lines"]) != 2:
        problems.append(f"{where}.lines: must be two, D0 and D1")
    return reader


def _key(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch("[0-9A-Fa-f]{32}", value):
        raise ValueError("must be 32 hex digits; make them with: openssl rand -hex 16")
    return value


_READER: Final[Rules] = {
    "id": slug,
    "kind": word(ReaderKind),
    "direction": word(Direction),
    "device": text,
    "baud": whole(1200, 921_600),
    "lines": listed,
    "address": whole(0, 127),
    "key": _key,
    "format": word(CardFormat),
    "byteorder": word(ByteOrder),
    "bytes": whole(1, 16),
    "debounce": seconds(0, 60),
    "keypad": flag,
}
ADDRESSED: Final = (ReaderKind.OSDP, ReaderKind.PN532)  # several of them share one device
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
    "address": ADDRESSED,
    "key": (ReaderKind.OSDP,),
    "format": (ReaderKind.HID,),
}
