"""The tables of who may enter, and of who did."""

from typing import Final

ADMITTED: Final[tuple[str, ...]] = (
    """
    CREATE TABLE people (
        id TEXT NOT NULL PRIMARY KEY,
        name TEXT NOT NULL,
        active INTEGER NOT NULL,
        valid_from BIGINT,
        valid_until BIGINT,
        permissions TEXT NOT NULL,
        note TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE credentials (
        id TEXT NOT NULL PRIMARY KEY,
        person TEXT NOT NULL,
        kind TEXT NOT NULL,
        name TEXT NOT NULL,
        hash TEXT NOT NULL,
        active INTEGER NOT NULL,
        valid_from BIGINT,
        valid_until BIGINT,
        max_uses INTEGER,
        visitor INTEGER NOT NULL
    )
    """,
    "CREATE UNIQUE INDEX credentials_by_hash ON credentials (kind, hash)",
    """
    CREATE TABLE schedules (
        id TEXT NOT NULL PRIMARY KEY,
        name TEXT NOT NULL,
        windows TEXT NOT NULL,
        special TEXT NOT NULL,
        holidays TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE holidays (
        id TEXT NOT NULL PRIMARY KEY,
        name TEXT NOT NULL,
        first TEXT NOT NULL,
        last TEXT NOT NULL,
        yearly INTEGER NOT NULL
    )
    """,
    """
    CREATE TABLE door_groups (
        id TEXT NOT NULL PRIMARY KEY,
        name TEXT NOT NULL,
        doors TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE door_rules (
        door TEXT NOT NULL PRIMARY KEY,
        mode TEXT NOT NULL,
        mode_until BIGINT,
        verify TEXT NOT NULL,
        antipassback TEXT NOT NULL,
        antipassback_reset_us BIGINT NOT NULL
    )
    """,
    # One row: what holds for the whole site.
    """
    CREATE TABLE access_site (
        id INTEGER NOT NULL PRIMARY KEY,
        mode TEXT NOT NULL,
        card_key TEXT NOT NULL,
        pin_salt TEXT NOT NULL
    )
    """,
    # A number is the microsecond of the passage, or the next one that is free.
    """
    CREATE TABLE passages (
        number BIGINT NOT NULL PRIMARY KEY,
        id TEXT NOT NULL,
        door TEXT NOT NULL,
        kind TEXT NOT NULL,
        at BIGINT NOT NULL,
        holder TEXT,
        person TEXT,
        credential_id TEXT,
        credential TEXT,
        card TEXT,
        reader TEXT,
        authentication TEXT,
        direction TEXT,
        reason TEXT,
        warning TEXT,
        latency_us BIGINT,
        decided_by TEXT,
        replayed INTEGER NOT NULL,
        incident TEXT
    )
    """,
    "CREATE UNIQUE INDEX passages_by_id ON passages (id)",
    "CREATE INDEX passages_by_door ON passages (door, number)",
    "CREATE INDEX passages_by_kind ON passages (kind, number)",
    "CREATE INDEX passages_by_holder ON passages (holder, number) WHERE holder IS NOT NULL",
    # How often a credential opened something, by who let it; it outlives the passages.
    """
    CREATE TABLE credential_uses (
        credential TEXT NOT NULL,
        decider TEXT NOT NULL,
        uses BIGINT NOT NULL,
        PRIMARY KEY (credential, decider)
    )
    """,
)
