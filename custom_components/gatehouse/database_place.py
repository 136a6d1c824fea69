"""The place of the database: a file or a server, each with its own engines, names and errors."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, exc
from sqlalchemy.engine import URL, make_url

from .database_errors import DatabaseError
from .database_file import FILE, file_engines, file_explanation, file_name, file_url
from .database_server import (
    Server,
    is_servers_fault,
    server_engines,
    server_explanation,
    server_name,
    server_url,
)

type Place = Path | str | Server
"""A SQLite file, made if missing, or a server. A text is the path of a file, or a URL."""

# They are no states of the database.
_OUR_MISTAKES: Final = (exc.IntegrityError, exc.ProgrammingError, exc.DataError)


def engines_of(where: Place, readers: int) -> tuple[Engine, Engine]:
    """Return what writes and what reads; nothing is connected yet."""
    url = _url(where)
    if is_server(url):
        return server_engines(url, readers)
    return file_engines(url)


def is_server(url: URL) -> bool:
    """Whether it is no file."""
    return url.get_backend_name() != FILE


def name_of(url: URL) -> str:
    """Return what people know a database by."""
    return server_name(url) if is_server(url) else file_name(url)


@contextmanager
def explained(url: URL) -> Iterator[None]:
    """Raise what the driver says as a DatabaseError; our own mistakes stay what they are."""
    try:
        yield
    except exc.DBAPIError as error:
        if isinstance(error, _OUR_MISTAKES) and not is_servers_fault(error):
            raise
        raise _explanation(url, error) from error


def _explanation(url: URL, error: exc.DBAPIError) -> DatabaseError:
    return server_explanation(url, error) if is_server(url) else file_explanation(url, error.orig)


def _url(where: Place) -> URL:
    if isinstance(where, Server):
        return server_url(where)
    if isinstance(where, Path) or "://" not in where:
        return file_url(where)
    return make_url(where) if where.startswith(FILE) else server_url(Server(url=where))
