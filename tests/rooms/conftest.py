"""Where the databases of the rooms are: in files of their own, or on a server."""

from pathlib import Path
from typing import Final

import pytest

from custom_components.gatehouse.footage import nice
from tests.databases import empty_database, share_statements
from tests.eager import EAGER
from tests.postgresql import Postgres

vars(nice).update(LAUNCHER=EAGER)
share_statements()


# What asks the database for something, and is asked on each that is wanted.
STORES: Final = {"test_store", "test_search", "test_log"}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """With --database=both, do on a server what is done with a file."""
    wants_both = metafunc.config.getoption("--database") == "both"
    if wants_both and "database_kind" in metafunc.fixturenames:
        is_store = metafunc.module.__name__.rpartition(".")[2] in STORES
        kinds = ("sqlite", "postgresql") if is_store else ("sqlite",)
        metafunc.parametrize("database_kind", kinds, indirect=True)


@pytest.fixture
def database_kind(request: pytest.FixtureRequest) -> str:
    """Return what keeps the rows: sqlite or postgresql."""
    asked: str = getattr(request, "param", None) or request.config.getoption("--database")
    return "sqlite" if asked == "both" else asked


@pytest.fixture
def where(request: pytest.FixtureRequest, database_kind: str, tmp_path: Path) -> Path | str:
    """Return the place of a database without rows.

    It is a new file, or a schema on a server that all tests share in turn.
    """
    if database_kind == "sqlite":
        return empty_database(tmp_path / "gatehouse.db")
    server: Postgres = request.getfixturevalue("postgresql")
    server.empty("public")
    return server.url()


@pytest.fixture
def only_in_files(database_kind: str) -> None:
    """Skip what is about SQLite itself."""
    if database_kind != "sqlite":
        pytest.skip("about SQLite itself")
