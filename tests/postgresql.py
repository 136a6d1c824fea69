"""A real PostgreSQL server on loopback, with as many empty places as tests want."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
import shutil
import signal
import subprocess
from tempfile import NamedTemporaryFile
import time
from urllib.parse import quote
from uuid import uuid4

import pytest

from tests.ports import free_ports

SCRIPT = Path(__file__).parents[1] / "scripts" / "postgres"
USER, PASSWORD = "gatehouse", "gate/house@home"
_EMPTY = """
    DO $$ DECLARE name text; BEGIN
        FOR name IN SELECT tablename FROM pg_tables
            WHERE schemaname = 'one_site' AND tablename <> 'schema_version'
        LOOP EXECUTE format('DELETE FROM one_site.%I', name); END LOOP;
    END $$
"""
READY = "ready to accept connections"


@dataclass(frozen=True)
class Postgres:
    """A server that runs; it is gone with all that is in it when the tests are over."""

    port: int

    def url(self, schema: str = "public", *, password: str | None = PASSWORD) -> str:
        """Return the address of a schema: tests share the database, and nothing in it."""
        secret = "" if password is None else f":{quote(password, safe='')}"
        place = f"{USER}{secret}@127.0.0.1:{self.port}/gatehouse"
        return f"postgresql://{place}?options=-csearch_path%3D{schema}"

    def run(self, *statements: str) -> None:
        """Let somebody else, who may everything, do something."""
        import psycopg

        with psycopg.connect(self.url(), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def empty(self, schema: str) -> None:
        """Take every row out of a schema but those that say how its tables were made."""
        self.run(_EMPTY.replace("one_site", schema))

    def schema(self) -> str:
        """Make an empty schema, and return its name."""
        name = f"site_{uuid4().hex}"
        self.run(f"CREATE SCHEMA {name}")
        return name


@contextmanager
def serving(*options: str) -> Iterator[Postgres]:
    """Run a server; skips who wants one where none can be had."""
    if shutil.which("sh") is None:
        pytest.skip("no PostgreSQL: scripts/postgres needs a POSIX shell")
    fetched = subprocess.run([SCRIPT], check=False, capture_output=True, text=True)
    if fetched.returncode:
        pytest.skip(fetched.stderr.strip() or "scripts/postgres could not fetch PostgreSQL")
    (port,) = free_ports(1)
    with NamedTemporaryFile("r", suffix=".log") as log:
        server = subprocess.Popen([SCRIPT, "serve", str(port), *options], stderr=log.fileno())
        try:
            while READY not in log.read():
                if server.poll() is not None:
                    log.seek(0)
                    pytest.skip(log.read().strip())
                log.seek(0)
                time.sleep(0.05)
            yield Postgres(port)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait()
