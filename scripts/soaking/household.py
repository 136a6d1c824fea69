"""What the people of the house do: give cards and take them back, unlock, record, upload."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import cycle
from random import Random
import time
from typing import Final

from scripts.demonstration.dashboard import Entities

from .film import UPLOADS, jpeg
from .ledger import Ledger, Revoked
from .owner import TROUBLES, Owner
from .visitors import Cards
from .world import World

GUESTS: Final = "Guests"
EVERY: Final = (2.0, 6.0)
RECORDED_S: Final = 5
AHEAD: Final = timedelta(seconds=4)
BOOKED: Final = timedelta(seconds=10)


class Household:
    """Acts as the owner; what is refused while things are wrong is tried again another time."""

    def __init__(self, world: World, owner: Owner, ledger: Ledger, cards: Cards) -> None:
        self._world = world
        self._owner = owner
        self._ledger = ledger
        self._cards = cards
        self._credentials: dict[str, str] = {}
        self._locks: list[str] = []
        self._turns: Iterator[str] = iter(())

    async def move_in(self) -> None:
        """Say who lives here, once everything is known; raises TimeoutError."""
        places = self._world.places.values()
        async with asyncio.timeout(60):
            while not self._locks:
                entities = Entities(await self._owner.commands("config/entity_registry/list"))
                try:
                    self._turns = cycle(
                        [
                            entities.of(place.memory.id, f"camera{number}", "camera")
                            for place in places
                            for number in place.cameras
                        ]
                    )
                    self._locks = [entities.of(place.door, "lock") for place in places]
                except KeyError:
                    await asyncio.sleep(0.5)
        for name in ("Residents", GUESTS):
            await self._owner.asks("set_user", name=name, doors=self._locks)
        for card in self._cards.residents:
            await self._owner.asks("set_credential", user_id="Residents", name=card, number=card)

    async def live(self, random: Random) -> None:
        """Do one thing after the other."""
        coming, going = (self._give, self._unlock, self._take), (self._give, self._book, self._take)
        for deed in cycle((*coming, self._upload, *going, self._record)):
            await asyncio.sleep(random.uniform(*EVERY))
            name = deed.__name__.strip("_")
            try:
                await deed()
            except TROUBLES as error:
                self._ledger.count(f"{name} refused")
                self._ledger.refusals.append(f"{time.time():.1f} {name}: {error!r}")
            else:
                self._ledger.count(name)

    async def _give(self) -> None:
        card = self._cards.guest()
        given = await self._owner.asks("set_credential", user_id=GUESTS, name=card, number=card)
        self._credentials[card] = given["credential"]["id"]
        self._cards.guests.append(card)

    async def _take(self) -> None:
        """Take a card back; it is revoked when all agents have confirmed that."""
        if not self._cards.guests:
            return
        card = self._cards.guests.pop(0)
        try:
            said = await self._owner.asks(
                "delete_credential", credential_id=self._credentials[card]
            )
        except TROUBLES:
            # Perhaps it was done and only the answer is lost: nobody has promised anything.
            self._cards.guests.append(card)
            raise
        if not said["unconfirmed"]:
            self._ledger.revoked.append(Revoked(card=card, at=time.time()))
            self._cards.revoked.append(card)
        else:
            self._ledger.count("cards taken back while an agent was away")

    async def _unlock(self) -> None:
        for lock in self._locks:
            await self._owner.asks("unlock", door=lock)

    async def _record(self) -> None:
        camera = next(self._turns)
        await self._owner.asks("record", entity_id=[camera], duration=RECORDED_S)

    async def _book(self) -> None:
        begins = datetime.now(UTC) + AHEAD
        await self._owner.asks(
            "book",
            summary="Tennis",
            start=begins.isoformat(),
            end=(begins + BOOKED).isoformat(),
            cameras=[next(self._turns)],
        )

    async def _upload(self) -> None:
        for step in range(4):
            picture = self._world.uploads / f"{time.time_ns()}.jpg"
            picture.write_bytes(jpeg(UPLOADS, step / 4))
            await asyncio.sleep(0.5)
