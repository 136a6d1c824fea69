"""The rows of share links."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Integer, RowMapping, Table, Text, or_, select, update

from ..database import Database, Moment, metadata

LINKS: Final = Table(
    "links",
    metadata,
    Column("id", Text, primary_key=True),
    Column("token", Text, nullable=False),
    Column("footage", Text, nullable=False),
    Column("created", Moment, nullable=False),
    Column("expires", Moment, nullable=False),
    Column("most_uses", Integer),
    Column("uses", Integer, nullable=False),
    Column("revoked", Moment),
    Column("note", Text, nullable=False),
)
_COLUMNS: Final = LINKS.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What lets somebody without a login see one clip for a while."""

    id: str
    token: str = field(repr=False)
    """What the address has in it; who has it may see the clip."""
    footage: str
    created: datetime
    expires: datetime
    most_uses: int | None = None
    """How often it may be played; None for as often as one likes."""
    uses: int = 0
    revoked: datetime | None = None
    note: str = ""
    """For whom it is."""


class LinkStore:
    """Keeps share links."""

    def __init__(self, database: Database) -> None:
        """Keep the rows in this database."""
        self._database = database

    async def add(self, link: Link) -> None:
        """Keep a new link."""
        values = {column.name: getattr(link, column.name) for column in _COLUMNS}
        await self._database.write(lambda db: db.execute(LINKS.insert().values(values)))

    async def by_token(self, token: str) -> Link | None:
        """Return the link with this in its address."""
        query = select(LINKS).where(_COLUMNS.token == token)
        row = await self._database.read(lambda db: db.execute(query).mappings().one_or_none())
        return None if row is None else _link(row)

    async def use(self, link: str, now: datetime) -> bool:
        """Count a use; False if the link is over, of which two at once never both hear True."""
        change = update(LINKS).where(_COLUMNS.id == link, *_is_living(now))
        more = change.values(uses=_COLUMNS.uses + 1)
        return await self._database.write(lambda db: db.execute(more).rowcount == 1)

    async def revoke(self, link: str, at: datetime) -> Link | None:
        """End a link, used up or not, and return it; None if its time is over or it was ended."""
        change = update(LINKS).where(_COLUMNS.id == link, *_lasts(at)).values(revoked=at)
        ended = change.returning(LINKS)
        row = await self._database.write(lambda db: db.execute(ended).mappings().one_or_none())
        return None if row is None else _link(row)

    async def living(self, now: datetime) -> list[Link]:
        """Return the links that may still be used, newest first."""
        query = select(LINKS).where(*_is_living(now)).order_by(_COLUMNS.created.desc())
        return await self._database.read(
            lambda db: [_link(row) for row in db.execute(query).mappings()]
        )

    async def forget(self, before: datetime) -> int:
        """Remove the links that expired or were revoked before a moment; returns how many."""
        over = or_(_COLUMNS.expires < before, _COLUMNS.revoked < before)
        return await self._database.write(
            lambda db: db.execute(LINKS.delete().where(over)).rowcount
        )


def _is_living(now: datetime) -> tuple[ColumnElement[bool], ...]:
    left = or_(_COLUMNS.most_uses.is_(None), _COLUMNS.uses < _COLUMNS.most_uses)
    return (*_lasts(now), left)


def _lasts(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (_COLUMNS.expires > now, _COLUMNS.revoked.is_(None))


def _link(row: RowMapping) -> Link:
    values: dict[str, Any] = dict(row)
    return Link(**values)
