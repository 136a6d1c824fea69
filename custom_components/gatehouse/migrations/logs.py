"""The table of the records of all logs."""

from typing import Final

LOGGED: Final[tuple[str, ...]] = (
    # A record is told again whenever its source is connected anew: its key says that it is known.
    """
    CREATE TABLE log_records (
        source TEXT NOT NULL,
        run TEXT NOT NULL,
        seq BIGINT NOT NULL,
        at BIGINT NOT NULL,
        level INTEGER NOT NULL,
        logger TEXT NOT NULL,
        text TEXT NOT NULL,
        PRIMARY KEY (source, run, seq)
    )
    """,
    "CREATE INDEX log_records_by_time ON log_records (at, source, run, seq)",
    "CREATE INDEX log_records_by_source ON log_records (source, at, run, seq)",
)
