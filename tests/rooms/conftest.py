"""Where the databases of the rooms are: in files of their own, or on a server."""

from pathlib import Path

import pytest

from tests.databases import empty_database, share_statements
from tests.postgresql import Postgres

share_statements()


@pytest.fixture
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """Return the place of a database without rows.

    It is a new file, or with --database=postgresql a server that all tests share in turn.
    """
    if request.config.getoption("--database") == "sqlite":
        return empty_database(tmp_path / "gatehouse.db")
    server: Postgres = request.getfixturevalue("postgresql")
    server.empty("public")
    return server.url()


@pytest.fixture
def only_in_files(request: pytest.FixtureRequest) -> None:
    """Skip what is about SQLite itself."""
    if request.config.getoption("--database") != "sqlite":
        pytest.skip("about SQLite itself")
