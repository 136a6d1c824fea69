"""Whom this agent belongs to: nobody, whom its configuration names, or who paired with it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
import json
import logging
from pathlib import Path
from typing import Final

from .config import AgentConfig
from .durable import write_whole
from .tls import first_certificate

LOGGER = logging.getLogger(__name__)

FILE: Final = "owner.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    """What is known of who paired: the token between both, and its certificate (PEM) if it has one.

    The token is kept as it is and not as a hash: addresses and grants are signed with it.
    """

    token: str = field(repr=False)
    certificate: str | None = None


class Owner:
    """Who may ask for everything, from one moment to the next."""

    def __init__(self, config: AgentConfig) -> None:
        """Read who paired, unless the configuration names the owner; blocks."""
        self._path = config.data / FILE
        self._followers: list[Callable[[], Awaitable[None]]] = []
        self.is_named = config.token is not None
        self.mutual = config.tls.mutual
        self._paired = Paired(token=config.token) if config.token else self._read()

    @property
    def is_there(self) -> bool:
        """Whether anybody owns this agent."""
        return self._paired is not None

    @property
    def token(self) -> str | None:
        """What the owner proves itself with; None while nobody owns this agent."""
        return self._paired.token if self._paired else None

    @property
    def certificate(self) -> str | None:
        """What the owner shows, as PEM."""
        return self._paired.certificate if self._paired else None

    def follow(self, changed: Callable[[], Awaitable[None]]) -> None:
        """Have somebody told when the agent changes hands, before its new owner is."""
        self._followers.append(changed)

    async def take(self, paired: Paired) -> None:
        """Change hands: it is on the disk, and all know of it, on return. Raises OSError."""
        text = json.dumps({"token": paired.token, "certificate": paired.certificate})
        await asyncio.to_thread(write_whole, self._path, text.encode())
        self._paired = paired
        await asyncio.gather(*(changed() for changed in self._followers))

    def _read(self) -> Paired | None:
        try:
            return stored(self._path.parent)
        except (OSError, ValueError) as error:
            LOGGER.error("%s cannot be used (%s): pair again", self._path, error)
        return None


def stored(folder: Path) -> Paired | None:
    """Return who paired, if anybody did; blocks. Raises OSError, or ValueError for nonsense."""
    try:
        found = json.loads((folder / FILE).read_bytes())
    except FileNotFoundError:
        return None
    match found:
        case {"token": str(token), "certificate": None} if token:
            return Paired(token=token)
        case {"token": str(token), "certificate": str(certificate)} if token:
            return Paired(token=token, certificate=first_certificate(certificate))
    raise ValueError("it names nobody")
