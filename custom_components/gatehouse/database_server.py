"""A PostgreSQL server as the place of the database."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, override

from sqlalchemy import Connection, Engine, create_engine, event, exc, func, select
from sqlalchemy.engine import URL, make_url

from .database_errors import DatabaseError, DatabaseLocked, DatabaseUnreachable

if TYPE_CHECKING:
    from psycopg import Connection as Psycopg

if TYPE_CHECKING:
    from psycopg import Connection as Psycopg

# All that is older is untested, and no longer maintained.
OLDEST: Final = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where a server is, and what opens it."""

    url: str
    """`postgresql://user@host:port/database`; with `?sslmode=…` and whatever else libpq takes."""
    password: str | None = field(default=None, repr=False)
    """None: the URL has it, or the server asks for none."""


def server_url(server: Server) -> URL:
    """Return a server's URL with its driver and password; raises DatabaseError if it is none."""
    try:
        url = make_url(server.url)
    except (exc.ArgumentError, ValueError) as error:
        # What it looks like may be a password.
        raise DatabaseError(_NO_URL) from error
    if url.drivername not in _NAMES or not url.database:
        raise DatabaseError(_NO_URL)
    told = {name: value for name, value in url.query.items() if name != "password"}
    return URL.create(
        "postgresql+psycopg",
        username=url.username,
        password=server.password or url.password,
        host=url.host,
        port=url.port,
        database=url.database,
        query={**_PATIENCE, **told},
    )


def without_password(url: str) -> tuple[str, str]:
    """Return an address without its password, and the password, empty if there is none."""
    try:
        parsed = make_url(url)
    except exc.ArgumentError, ValueError:
        return url, ""
    if not parsed.password:
        return url, ""
    bare = parsed._replace(password=None)
    return bare.render_as_string(hide_password=False), str(parsed.password)


def is_same_server(one: Server, other: Server) -> bool:
    """Return whether both mean the same rows, whoever asks for them; raises DatabaseError."""
    places = (server_url(each)._replace(username=None, password=None) for each in (one, other))
    return len({place.set(port=place.port or _PORT) for place in places}) == 1


def server_engines(url: URL, readers: int) -> tuple[Engine, Engine]:
    """Return what writes and what reads; raises DatabaseError if there is no driver."""
    # Reads have one view of all they ask for, as in a file.
    writing = _engine(url, 1)
    reading = _engine(url, readers, isolation_level="REPEATABLE READ")
    event.listen(writing, "connect", _take_over)
    return writing, reading


def server_explanation(url: URL, error: exc.DBAPIError) -> DatabaseError:
    """Return what an error means to whoever runs the server."""
    name, said = server_name(url), _said(url, error.orig)
    state = getattr(error.orig, "sqlstate", None)
    if state in _LOCKED:
        return DatabaseLocked(
            f"{name} is in use by another Gatehouse, or by a program that holds its tables:"
            f" end that one ({said})"
        )
    if state == _FULL:
        return DatabaseError(
            f"there is no room for {name}: delete what is not needed on its server's disk ({said})"
        )
    if error.connection_invalidated or state is None or state[:2] in _AWAY:
        return DatabaseUnreachable(f"{name} cannot be reached, or lets nobody in: {said}")
    return DatabaseError(f"{name} does not work: {said}")


def is_servers_fault(error: exc.DBAPIError) -> bool:
    """Return whether what looks like a mistake of ours is what the server does not permit."""
    return getattr(error.orig, "sqlstate", None) in _NOT_PERMITTED


def server_name(url: URL) -> str:
    """Return what people know it by; no secret is in that."""
    host = f"{url.host}:{url.port}" if url.host and url.port else url.host
    return f"{url.database} on {host or 'this machine'}"


def server_size(connection: Connection) -> int:
    """Return how many bytes the database takes there."""
    size: int = connection.execute(
        select(func.pg_database_size(func.current_database()))
    ).scalar_one()
    return size


_NAMES: Final = ("postgresql", "postgres", "postgresql+psycopg")
_PORT: Final = 5432
_NO_URL: Final = (
    "The address of a PostgreSQL server is written postgresql://user@host:port/database"
)
# A server that is unplugged is noticed within half a minute, and not within hours.
_PATIENCE: Final = {
    "application_name": "gatehouse",
    "connect_timeout": "10",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "20000",
}
# So does the server notice a Home Assistant that is unplugged, and lets the next one in.
_SETTINGS: Final = """
    SET lock_timeout = '5s';
    SET tcp_keepalives_idle = 10;
    SET tcp_keepalives_interval = 5;
    SET tcp_keepalives_count = 3
"""
# One Gatehouse writes a database at a time; the lock goes when its connection does.
_ALONE: Final = "SELECT pg_advisory_lock(hashtextextended('gatehouse ' || current_schema(), 0))"
# lock_not_available, serialization_failure, deadlock_detected
_LOCKED: Final = frozenset({"55P03", "40001", "40P01"})
# disk_full
_FULL: Final = "53100"
# connection exceptions, insufficient resources, operator interventions
_AWAY: Final = frozenset({"08", "53", "57"})
# insufficient_privilege, invalid_schema_name: there is none to make tables in
_NOT_PERMITTED: Final = frozenset({"42501", "3F000"})
_NO_TEXT: Final = "\0"
_INSTEAD: Final = "\N{REPLACEMENT CHARACTER}"


def storable(text: str) -> str:
    """Return a text as a server keeps it: it takes every character but one."""
    return text.replace(_NO_TEXT, _INSTEAD)


def _engine(url: URL, connections: int, **settings: Any) -> Engine:
    try:
        engine = create_engine(
            url,
            hide_parameters=True,
            # What was idle while the server was started anew is noticed before it is used.
            pool_pre_ping=True,
            pool_size=connections,
            max_overflow=0,
            **settings,
        )
    except ImportError as error:
        raise DatabaseError(
            f"What speaks with PostgreSQL cannot be used: install psycopg[binary] ({error})"
        ) from error
    event.listen(engine, "connect", _settle(url))
    return engine


def _settle(url: URL) -> Callable[[Psycopg[Any], object], None]:
    from psycopg.types.string import StrDumperUnknown

    class Storable(StrDumperUnknown):
        @override
        def dump(self, obj: str) -> Any:
            return super().dump(storable(obj))

    def connected(connection: Psycopg[Any], _record: object) -> None:
        _check(url, connection)
        connection.adapters.register_dumper(str, Storable)
        _at_once(connection, _SETTINGS)

    return connected


def _check(url: URL, connection: Psycopg[Any]) -> None:
    """Refuse a server on which something would go wrong later."""
    name, info = server_name(url), connection.info
    if info.server_version < OLDEST * 10_000:
        major = info.server_version // 10_000
        raise DatabaseError(
            f"{name} is PostgreSQL {major}: update it to {OLDEST} or newer ({OLDEST} is the oldest"
            " that Gatehouse is tried on)"
        )
    encoding = info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise DatabaseError(
            f"{name} keeps its texts as {encoding}: make a database for Gatehouse with"
            " ENCODING 'UTF8' TEMPLATE template0"
        )


def _take_over(connection: Psycopg[Any], _record: object) -> None:
    _at_once(connection, _ALONE)


def _at_once(connection: Psycopg[Any], statements: str) -> None:
    """Run what belongs to no transaction: it is to stay whatever becomes of the next one."""
    connection.autocommit = True
    connection.execute(statements)
    connection.autocommit = False


def _said(url: URL, error: object) -> str:
    """Return an error in a line, without the password."""
    said = " ".join(str(error).split())
    return said.replace(url.password, "***") if url.password else said
