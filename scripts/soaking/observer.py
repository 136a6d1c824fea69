"""Watches everything, from outside: what is announced, what is used, and how late loops are."""

import asyncio
from contextlib import closing
from datetime import datetime
import json
from pathlib import Path
import socket
import sqlite3
import time
from typing import Any, Final

from .ledger import Announced, Lag, Ledger, Sample, Sighting, What
from .owner import TROUBLES, Owner
from .schedule import DETECTOR, STORAGE
from .world import World

INCIDENT: Final = "gatehouse_incident"
PASSAGE: Final = "gatehouse_passage"
LOOKS_EVERY: Final = 2.0
LARGEST: Final = 65536

# Of clips and objects no event tells: the rows that cards show do. A part of an appointment goes
# when the movie that is made of it plays.
READY: Final = (
    "SELECT id, camera, stage, object_key FROM footage"
    " WHERE stage IN ('ready', 'uploaded') AND part = 0"
)


async def listen(owner: Owner, ledger: Ledger) -> None:
    """Note all that Home Assistant announces; whenever it is back, too."""
    while True:
        try:
            async with owner.listening(INCIDENT, PASSAGE) as told:
                async for event in told:
                    ledger.announce(announced(event))
        except TROUBLES:
            ledger.count("times that Home Assistant was not heard")
        await asyncio.sleep(0.5)


def announced(event: dict[str, Any]) -> Announced:
    """Return what an event announces."""
    data = event["data"]
    if event["event_type"] == INCIDENT:
        return Announced(
            what=What.INCIDENT, id=data["incident_id"], at=time.time(), about=data["type"]
        )
    moment = datetime.fromisoformat(data["occurred_at"]).timestamp()
    name = f"{data['entity_id']} {moment:.6f}"
    return Announced(what=What.PASSAGE, id=name, at=moment, about=data["type"])


async def hear(path: Path, ledger: Ledger) -> None:
    """Note what the programs say of their loops, and the detector of whom it was shown."""
    heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    heard.setblocking(False)
    heard.bind(str(path))
    loop = asyncio.get_running_loop()
    with closing(heard):
        while True:
            said = json.loads(await loop.sock_recv(heard, LARGEST))
            if "lag" in said:
                late = tuple(said["late"])
                ledger.lags.append(Lag(program=said["lag"], at=time.time(), late=late))
            else:
                ledger.sightings.append(Sighting(**said))


async def look(world: World, ledger: Ledger) -> None:
    """Note what the programs use and which clips are said to be ready, again and again."""
    while True:
        now = time.time()
        for name, program in world.programs.items():
            if program.fell:
                ledger.fallen.setdefault(f"{name} (life {program.life})", program.fell)
            if name not in {DETECTOR, STORAGE} and (use := program.use()):
                ledger.samples.append(
                    Sample(program=name, life=program.life, at=now, rss=use.rss, fds=use.fds)
                )
        for clip, camera, stage, key in await asyncio.to_thread(rows, world.database, READY):
            ledger.announce(Announced(what=What.FOOTAGE, id=clip, at=now, about=camera))
            if stage == "uploaded":
                ledger.announce(Announced(what=What.OBJECT, id=key, at=now, about=clip))
        await asyncio.sleep(LOOKS_EVERY)


def rows(database: Path, statement: str) -> list[tuple[Any, ...]]:
    """Return what a statement finds; nothing while the database is held."""
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=5)) as reader:
            return reader.execute(statement).fetchall()
    except sqlite3.OperationalError:
        return []
