"""The rows of who may enter: people, credentials, schedules, holidays, doors, and the site's."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import BigInteger, Column, Connection, Integer, Table, Text, select

from ..agent import SiteMode
from ..database import Database, Moment, metadata
from .people import Credential, DoorGroup, DoorRules, Holiday, Person, Schedule
from .rows import SHAPES, Noun, key_of

_PEOPLE: Final = Table(
    "people",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("active", Integer, nullable=False),
    Column("valid_from", Moment),
    Column("valid_until", Moment),
    Column("permissions", Text, nullable=False),
    Column("note", Text, nullable=False),
)
_CREDENTIALS: Final = Table(
    "credentials",
    metadata,
    Column("id", Text, primary_key=True),
    Column("person", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("active", Integer, nullable=False),
    Column("valid_from", Moment),
    Column("valid_until", Moment),
    Column("max_uses", Integer),
    Column("visitor", Integer, nullable=False),
)
_SCHEDULES: Final = Table(
    "schedules",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("windows", Text, nullable=False),
    Column("special", Text, nullable=False),
    Column("holidays", Text, nullable=False),
)
_HOLIDAYS: Final = Table(
    "holidays",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("first", Text, nullable=False),
    Column("last", Text, nullable=False),
    Column("yearly", Integer, nullable=False),
)
_DOOR_GROUPS: Final = Table(
    "door_groups",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("doors", Text, nullable=False),
)
_DOOR_RULES: Final = Table(
    "door_rules",
    metadata,
    Column("door", Text, primary_key=True),
    Column("mode", Text, nullable=False),
    Column("mode_until", Moment),
    Column("verify", Text, nullable=False),
    Column("antipassback", Text, nullable=False),
    Column("antipassback_reset_us", BigInteger, nullable=False),
)
_SITE: Final = Table(
    "access_site",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("mode", Text, nullable=False),
    Column("card_key", Text, nullable=False),
    Column("pin_salt", Text, nullable=False),
)
_TABLES: Final[Mapping[type[Noun], Table]] = {
    Person: _PEOPLE,
    Credential: _CREDENTIALS,
    Schedule: _SCHEDULES,
    Holiday: _HOLIDAYS,
    DoorGroup: _DOOR_GROUPS,
    DoorRules: _DOOR_RULES,
}
_ONLY: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What holds for all doors."""

    key: bytes = field(repr=False)
    """The key of the hashes of cards."""
    salt: bytes = field(repr=False)
    """The salt of the hashes of PINs."""
    mode: SiteMode = SiteMode.NORMAL


class PolicyStore:
    """Keeps who may enter, and when."""

    def __init__(self, database: Database) -> None:
        """Keep the rows in this database."""
        self._database = database

    async def load(self) -> tuple[Site | None, list[Noun]]:
        """Return all that is kept; a new site has nothing."""
        return await self._database.read(_read)

    async def save(self, nouns: Iterable[Noun]) -> None:
        """Keep some nouns, or none of them; their rows may be there or not."""
        rows = [(_TABLES[type(noun)], SHAPES[type(noun)].values(noun)) for noun in nouns]

        def work(db: Connection) -> None:
            for table, values in rows:
                _put(db, table, values)

        await self._database.write(work)

    async def delete(self, nouns: Iterable[Noun]) -> None:
        """Forget some nouns, or none of them."""
        keys = [(_TABLES[type(noun)], key_of(noun)) for noun in nouns]

        def work(db: Connection) -> None:
            for table, key in keys:
                (column,) = table.primary_key
                db.execute(table.delete().where(column == key))

        await self._database.write(work)

    async def save_site(self, site: Site) -> None:
        """Keep what holds for all doors."""
        values = {
            "id": _ONLY,
            "mode": site.mode.value,
            "card_key": site.key.hex(),
            "pin_salt": site.salt.hex(),
        }
        await self._database.write(lambda db: _put(db, _SITE, values))


def _read(db: Connection) -> tuple[Site | None, list[Noun]]:
    site = db.execute(select(_SITE)).mappings().one_or_none()
    kept = None if site is None else _site(site)
    return kept, [
        SHAPES[kind].noun(row)
        for kind, table in _TABLES.items()
        for row in db.execute(select(table)).mappings()
    ]


def _site(row: Mapping[Any, Any]) -> Site:
    return Site(
        key=bytes.fromhex(row["card_key"]),
        salt=bytes.fromhex(row["pin_salt"]),
        mode=SiteMode(row["mode"]),
    )


def _put(db: Connection, table: Table, values: Mapping[str, Any]) -> None:
    (key,) = table.primary_key
    changed = table.update().where(key == values[key.name]).values(values)
    if not db.execute(changed).rowcount:
        db.execute(table.insert().values(values))
