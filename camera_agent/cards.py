"""One identity for a card, whichever reader it is shown to."""

import re
from typing import Final

from .hardware import Scan, Technology
from .reader_config import ByteOrder, CardFormat, ReaderConfig

NUMBERS: Final = {
    CardFormat.HEX: re.compile(r"[0-9A-Fa-f]+"),
    CardFormat.DECIMAL: re.compile(r"[0-9]+"),
}
LONGEST: Final = 64  # digits; no card has more
DECIMAL_BYTES: Final = 4  # what a decimal number on a card, or of a wedge, usually stands for
UID_BYTES: Final = 4
RANDOM: Final = 0x08  # ISO 14443-3: a UID of four bytes that begins so is another one next time


class CardError(Exception):
    """This is not the number of a card; the message says why, without the number."""


def canonical(scan: Scan, config: ReaderConfig) -> str:
    """Return a card's identity: the bytes that count, most significant first, in capital hex.

    Raises CardError.
    """
    if not scan.card:
        raise CardError("The reader gave a card without a number.")
    card = scan.card if config.byteorder is ByteOrder.BIG else scan.card[::-1]
    return card[-(config.bytes or 0) :].hex().upper()


def digits(text: str, config: ReaderConfig) -> bytes:
    """Return the bytes that typed digits mean; a decimal number has at least those that count.

    Raises CardError.
    """
    if len(text) > LONGEST:
        raise CardError("The reader typed more than a card has: does it end each with Enter?")
    if not NUMBERS[config.format].fullmatch(text):
        raise CardError(f"The reader typed what is no {config.format} number: correct its format.")
    if config.format is CardFormat.HEX:
        return bytes.fromhex(text if len(text) % 2 == 0 else f"0{text}")
    number = int(text)
    size = max(config.bytes or DECIMAL_BYTES, (number.bit_length() + 7) // 8)
    return number.to_bytes(size, "big")


def is_random(scan: Scan) -> bool:
    """Tell whether the card, a telephone most likely, shows another number each time."""
    is_uid = scan.technology is Technology.ISO14443A and len(scan.card) == UID_BYTES
    return is_uid and scan.card[0] == RANDOM
