"""The tables of footage, of where it is kept and with whom it is shared."""

from typing import Final

KEPT: Final[tuple[str, ...]] = (
    "DROP INDEX footage_unfinished",
    "ALTER TABLE footage ADD COLUMN level TEXT",
    "ALTER TABLE footage ADD COLUMN kept INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE footage ADD COLUMN replay TEXT NOT NULL DEFAULT 'none'",
    "ALTER TABLE footage ADD COLUMN bytes BIGINT",
    "ALTER TABLE footage ADD COLUMN sha256 TEXT",
    "ALTER TABLE footage ADD COLUMN md5 TEXT",
    "ALTER TABLE footage ADD COLUMN optimised INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE footage ADD COLUMN object_key TEXT",
    "ALTER TABLE footage ADD COLUMN upload TEXT",
    "CREATE INDEX footage_unfinished ON footage (since)"
    " WHERE stage IN ('requested', 'recording', 'fetched', 'checked')",
    "CREATE INDEX footage_to_upload ON footage (since, id) WHERE stage = 'ready'",
    "CREATE INDEX footage_to_replay ON footage (since) WHERE replay = 'pending'",
    "CREATE INDEX footage_here ON footage (since, id) WHERE path IS NOT NULL",
    "CREATE INDEX footage_away ON footage (since, id) WHERE object_key IS NOT NULL",
    "UPDATE footage SET level = (SELECT incidents.level FROM incidents"
    " WHERE incidents.id = footage.incident)",
    "CREATE TABLE tallies (name TEXT NOT NULL PRIMARY KEY, total BIGINT NOT NULL)",
    """
    CREATE TABLE links (
        id TEXT NOT NULL PRIMARY KEY,
        token TEXT NOT NULL,
        footage TEXT NOT NULL,
        created BIGINT NOT NULL,
        expires BIGINT NOT NULL,
        most_uses INTEGER,
        uses INTEGER NOT NULL,
        revoked BIGINT,
        note TEXT NOT NULL
    )
    """,
    "CREATE UNIQUE INDEX links_by_token ON links (token)",
    "CREATE INDEX links_by_end ON links (expires)",
    "ALTER TABLE incidents ADD COLUMN kept INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE incidents ADD COLUMN replayed INTEGER NOT NULL DEFAULT 0",
    "CREATE INDEX incidents_pictured ON incidents (started)"
    " WHERE picture IS NOT NULL OR frames <> '[]'",
)
