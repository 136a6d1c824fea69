"""Share links: one clip, for somebody without a login, for a while."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import re
import secrets
from typing import Final
from uuid import uuid4

from .errors import FootageError
from .linkstore import Link, LinkStore

SHORTEST: Final = timedelta(minutes=1)
LONGEST: Final = timedelta(days=30)
MOST_USES: Final = 1000
LONGEST_NOTE: Final = 200

# A player asks for many parts of a clip, and asks again after every pause.
ONE_VIEWING: Final = timedelta(hours=6)

# Who has a link can make up viewings; the oldest is then forgotten, and counts again.
MOST_VIEWINGS: Final = 10_000

REMEMBERED: Final = timedelta(days=30)

# 192 bits: nobody finds one by trying.
_TOKEN_BYTES: Final = 24
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{32}")


class LinkUnknown(FootageError):
    """There is no such link, or it has been over for so long that it is forgotten."""

    code = "link_unknown"


class LinkOver(FootageError):
    """The link may not be used any more."""

    code = "link_over"


class LinkExpired(LinkOver):
    """Its time is over."""

    code = "link_expired"


class LinkRevoked(LinkOver):
    """Somebody took it back."""

    code = "link_revoked"


class LinkUsedUp(LinkOver):
    """It was played as often as it may be."""

    code = "link_used_up"


class LinkRefused(FootageError):
    """No such link can be made."""

    code = "link_refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Viewing:
    until: datetime
    counted: asyncio.Task[bool]


class Links:
    """Makes links, and says whether one may be used.

    A use is one viewing: all that a player asks for within hours, by the id that its page gave it.
    """

    def __init__(
        self, store: LinkStore, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        """Keep links in this store."""
        self._store = store
        self._now = now
        self._viewings: dict[tuple[str, str], _Viewing] = {}

    async def create(
        self, footage: str, lifetime: timedelta, most_uses: int | None = None, note: str = ""
    ) -> Link:
        """Make a link to one clip; raises LinkRefused."""
        _check(lifetime, most_uses, note)
        now = self._now()
        link = Link(
            id=uuid4().hex,
            token=secrets.token_urlsafe(_TOKEN_BYTES),
            footage=footage,
            created=now,
            expires=now + lifetime,
            most_uses=most_uses,
            note=note,
        )
        await self._store.add(link)
        return link

    async def open(self, token: str, viewing: str = "") -> Link:
        """Return a link that may be used, by this viewing if one is named; counts nothing.

        Raises LinkUnknown or LinkOver.
        """
        link = await self._found(token)
        used_up = link.most_uses is not None and link.uses >= link.most_uses
        if used_up and self._viewing(link, viewing) is None:
            raise LinkUsedUp("The link was used as often as it may be.")
        return link

    async def play(self, token: str, viewing: str) -> Link:
        """Return a link that may be used, and count a use if this viewing is new.

        Raises LinkUnknown or LinkOver.
        """
        link = await self._found(token)
        known = self._viewing(link, viewing) or self._begin(link, viewing)
        # A player hangs up as soon as it has seen enough; what was begun is counted all the same.
        if not await asyncio.shield(known.counted):
            raise LinkUsedUp("The link was used as often as it may be.")
        return link

    async def revoke(self, link: str) -> Link | None:
        """End a link, and what is being watched by it; None if there is none that is not over."""
        return await self._store.revoke(link, self._now())

    async def living(self) -> list[Link]:
        """Return the links that may still be used, newest first."""
        return await self._store.living(self._now())

    async def forget_old(self) -> int:
        """Forget the links that have been over for a month; returns how many."""
        return await self._store.forget(self._now() - REMEMBERED)

    async def _found(self, token: str) -> Link:
        link = await self._store.by_token(token) if _TOKEN.fullmatch(token) else None
        if link is None:
            raise LinkUnknown("There is no such link.")
        if link.revoked is not None:
            raise LinkRevoked("The link was taken back.")
        if link.expires <= self._now():
            raise LinkExpired("The link has expired.")
        return link

    def _viewing(self, link: Link, viewing: str) -> _Viewing | None:
        known = self._viewings.get((link.id, viewing))
        return known if known is not None and self._now() < known.until else None

    def _begin(self, link: Link, viewing: str) -> _Viewing:
        """Have a new viewing counted; all that ask for it meanwhile wait for the same count."""
        self._make_room()
        counting = asyncio.create_task(self._count(link.id, viewing), name="gatehouse link")
        begun = _Viewing(until=self._now() + ONE_VIEWING, counted=counting)
        self._viewings[link.id, viewing] = begun
        return begun

    async def _count(self, link: str, viewing: str) -> bool:
        counted = False
        try:
            counted = await self._store.use(link, self._now())
        finally:
            if not counted:
                self._viewings.pop((link, viewing), None)
        return counted

    def _make_room(self) -> None:
        """Forget the viewings that are over, and the oldest if there are too many."""
        now = self._now()
        for key, viewing in tuple(self._viewings.items()):
            if now < viewing.until and len(self._viewings) < MOST_VIEWINGS:
                break
            del self._viewings[key]


def _check(lifetime: timedelta, most_uses: int | None, note: str) -> None:
    if not SHORTEST <= lifetime <= LONGEST:
        raise LinkRefused("A link lasts from a minute to 30 days. Choose another lifetime.")
    if most_uses is not None and not 1 <= most_uses <= MOST_USES:
        raise LinkRefused(f"A link has 1 to {MOST_USES} uses. Choose another number, or none.")
    if len(note) > LONGEST_NOTE:
        raise LinkRefused(f"The note is too long. Shorten it to {LONGEST_NOTE} characters.")
