"""Simulated doors of a real agent: what they may decide, and somebody who stands before them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
import hashlib
import hmac
import json
from pathlib import Path
import time
from typing import Any

from camera_agent.door_config import DoorConfig
from camera_agent.reader_config import ReaderConfig, ReaderKind
from camera_agent.vault import sign
from camera_agent.wire import Direction
from tests.waiting import eventually

NO_TIME = timedelta(0)
TOKEN = "correct horse battery staple"
KEY = bytes(range(100, 132))
SALT = bytes(range(200, 216))
COST = {"n": 16, "r": 1, "p": 1}  # of a PIN's hash: quick, for it is nobody's

ANNA, BERT, VISITOR, STRANGER = "0102030405", "0A0B0C0D0E", "04A1B2C3D4E5F6", "FFFFFFFF01"
PIN = "82736451"


def card_hash(card: str) -> str:
    return hmac.digest(KEY, card.encode(), "sha256").hex()


def pin_hash(pin: str) -> str:
    return hashlib.scrypt(pin.encode(), salt=SALT, dklen=32, **COST).hex()


def credential(person: str, **changes: Any) -> dict[str, Any]:
    plain = {"id": f"card of {person}", "person": person, "disabled": False, "profile": 0}
    return plain | {"from": None, "until": None, "pin": None, "uses": None, "used": 0} | changes


def rules(**changes: Any) -> dict[str, Any]:
    plain = {"mode": "normal", "mode_until": None, "verify": "card"}
    return plain | {"antipassback": "off", "antipassback_reset_s": 43200.0} | changes


def policy(version: int = 1, **changes: Any) -> dict[str, Any]:
    """Anna, who has a PIN, and Bert enter at any time; the visitor may do so once."""
    now = time.time()
    pin = pin_hash(PIN)
    return {
        "version": version,
        "agent": "porch",
        "issued": now - 60,
        "until": now + 3600,
        "key": KEY.hex(),
        "pin": {"salt": SALT.hex(), **COST},
        "site": "normal",
        "windows": [[[now - 3600, now + 3600]]],
        "profiles": [{"front": 0}],
        "doors": {"front": rules()},
        "cards": {
            card_hash(ANNA): credential("anna", pin=pin),
            card_hash(BERT): credential("bert"),
            card_hash(VISITOR): credential("visitor", uses=1),
        },
        "pins": {pin: credential("anna", id="PIN of anna")},
    } | changes


def signed(document: dict[str, Any]) -> tuple[str, str]:
    text = json.dumps(document)
    return text, sign(TOKEN, text)


def door(path: Path, name: str = "front", **changes: Any) -> DoorConfig:
    """Configure a simulated door with a reader on either side; nothing is debounced."""
    socket = str(path)
    outside = ReaderConfig(
        id="outside",
        kind=ReaderKind.SIMULATED,
        device=socket,
        direction=Direction.IN,
        keypad=True,
        debounce=NO_TIME,
    )
    inside = replace(outside, id="inside", direction=Direction.OUT, keypad=False)
    plain: dict[str, Any] = {"id": name, "name": name.capitalize(), "readers": (outside, inside)}
    return DoorConfig(**plain | {"simulated": socket} | changes)


class Person(asyncio.Protocol):
    """Somebody at the socket of a simulated door, who does things there and sees what happens."""

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []
        self.is_there = True
        self._looked_at = 0
        self._half = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        *lines, self._half = (self._half + data).split(b"\n")
        self.seen += [json.loads(line) for line in lines]

    def connection_lost(self, _: Exception | None) -> None:
        self.is_there = False

    def does(self, **what: Any) -> None:
        self._transport.write(json.dumps(what).encode() + b"\n")

    def presents(self, card: str, reader: str = "outside") -> None:
        self.does(present=card, reader=reader)

    def types(self, keys: str, reader: str = "outside") -> None:
        for key in keys:
            self.does(key=key, reader=reader)

    def leaves(self) -> None:
        self._transport.close()

    async def sees(self, **what: Any) -> None:
        """Watch from where it was seen last until something has these fields."""
        await eventually(lambda: self._sees(what), what=f"{what} in {self.seen}")

    def _sees(self, what: dict[str, Any]) -> bool:
        while self._looked_at < len(self.seen):
            self._looked_at += 1
            if what.items() <= self.seen[self._looked_at - 1].items():
                return True
        return False


@asynccontextmanager
async def somebody_at(path: Path) -> AsyncIterator[Person]:
    """Stand before a simulated door, as soon as it is there."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(30):
        while True:
            try:
                _, person = await loop.create_unix_connection(Person, str(path))
                break
            except (FileNotFoundError, ConnectionRefusedError):
                await asyncio.sleep(0.01)
    try:
        yield person
    finally:
        person.leaves()
