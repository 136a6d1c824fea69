"""The statements that made the tables, schema by schema."""

from collections.abc import Mapping
from typing import Final

from .access import ADMITTED
from .bookings import BOOKED
from .footage import KEPT
from .incidents import FIRST, MARKED, SEARCHED, TOLD
from .logs import LOGGED

# Frozen once released: a change of the schema is a new version at the end. The SQL is
# what SQLite and PostgreSQL both take; moments are BIGINT microseconds since the epoch.
# What only one of them takes stands beside the other's words for it.
MIGRATIONS: Final[tuple[tuple[str | Mapping[str, str], ...], ...]] = (
    FIRST,
    TOLD,
    KEPT,
    ADMITTED,
    BOOKED,
    SEARCHED,
    LOGGED,
    MARKED,
)
