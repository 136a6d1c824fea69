"""The doors of this machine: who may enter, what happened, and how they stand."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
import time
from typing import Final

from . import messages
from .door_config import DoorConfig
from .entrance import Entrance
from .errors import Refused
from .grants import Grants
from .hardware.wiring import kept
from .journal import Journal
from .keeper import Keeper
from .logbook import Logbook
from .messages import Message
from .vault import Vault
from .wire import ErrorCode

LOOK: Final = 1.0  # seconds between two looks at what the grants want of the doors


class Doors:
    """All doors and what they share; once it runs, cards open them with nobody's help."""

    def __init__(
        self,
        configs: Sequence[DoorConfig],
        data: Path,
        token: str | None,
        tell: Callable[[Message], None],
    ) -> None:
        """Read grants and journal in the folder; tell gets what the feed is to say."""
        self._vault = Vault(data / "grants.json", token)
        self._vault.load()
        self.logbook = Logbook(Journal(data / "passages.jsonl"), self.grants, tell)
        self._keeper = Keeper([one for config in configs if (one := kept(config))])
        self._entrances = {
            config.id: Entrance(config, self._keeper, self.logbook, self.grants)
            for config in configs
        }

    def grants(self) -> Grants | None:
        """By which grants the doors decide now."""
        return self._vault.grants

    async def run(self) -> None:
        """Let people in until cancelled; all doors are locked after it."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._keeper.run(), name="keeper")
                tasks.create_task(self.logbook.run(), name="journal")
                tasks.create_task(self._keep_modes(), name="modes")
                for name, entrance in self._entrances.items():
                    tasks.create_task(entrance.run(), name=f"entrance {name}")
        finally:
            await asyncio.to_thread(self.logbook.journal.close)

    async def accept(self, document: str, signature: str) -> None:
        """Decide by other grants before this returns; raises Refused, or OSError.

        Those that cannot be stored are obeyed all the same while this agent runs.
        """
        before = self.grants()
        try:
            await self._vault.accept(document, signature)
        finally:
            if self.grants() is not before:
                self._obey()
                self.logbook.tell(messages.access(self.access()))

    async def obey(self, token: str) -> None:
        """Belong to another owner, whose grants are signed with this token; there are none yet."""
        await self._vault.obey(token)
        self._obey()
        self.logbook.tell(messages.access(self.access()))

    def door(self, name: str) -> Entrance:
        """Return a door; raises Refused."""
        if name not in self._entrances:
            has = ", ".join(self._entrances)
            sentence = f"There is no door {name!r} on this agent; it has: {has}."
            raise Refused(ErrorCode.NOT_FOUND, sentence)
        return self._entrances[name]

    def state(self) -> Message:
        """How all doors are, and what access says."""
        doors = {name: entrance.state() for name, entrance in self._entrances.items()}
        return {"doors": doors, "access": self.access()}

    def access(self) -> Message:
        """By which grants the doors decide, how fast, and what waits to be fetched."""
        return {"grants": messages.grants(self.grants()), **self.logbook.state()}

    def _obey(self) -> None:
        now = time.time()
        for entrance in self._entrances.values():
            entrance.obey(now)

    async def _keep_modes(self) -> None:
        while True:
            self._obey()
            await asyncio.sleep(LOOK)
