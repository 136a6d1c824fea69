"""The tables of what is booked, and of what came of it."""

from typing import Final

BOOKED: Final[tuple[str, ...]] = (
    "ALTER TABLE footage ADD COLUMN booking TEXT",
    "ALTER TABLE footage ADD COLUMN part INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE footage ADD COLUMN wanted INTEGER",
    "CREATE INDEX footage_by_booking ON footage (booking) WHERE booking IS NOT NULL",
    # A series is the row without a recurrence, its edited hours are the others of its uid.
    """
    CREATE TABLE bookings (
        uid TEXT NOT NULL,
        recurrence TEXT NOT NULL,
        calendar TEXT NOT NULL,
        summary TEXT NOT NULL,
        description TEXT NOT NULL,
        zone TEXT NOT NULL,
        starts TEXT NOT NULL,
        stops TEXT NOT NULL,
        rrule TEXT,
        exceptions TEXT NOT NULL,
        cameras TEXT NOT NULL,
        layout TEXT NOT NULL,
        owner TEXT NOT NULL,
        owner_id TEXT,
        upload INTEGER NOT NULL,
        share INTEGER NOT NULL,
        notify TEXT NOT NULL,
        source TEXT,
        source_uid TEXT,
        changed BIGINT,
        begins BIGINT NOT NULL,
        ends BIGINT,
        PRIMARY KEY (uid, recurrence)
    )
    """,
    "CREATE INDEX bookings_by_end ON bookings (ends)",
    """
    CREATE TABLE appointments (
        id TEXT NOT NULL PRIMARY KEY,
        booking TEXT NOT NULL,
        calendar TEXT NOT NULL,
        recurrence TEXT,
        begins BIGINT NOT NULL,
        ends BIGINT NOT NULL,
        summary TEXT NOT NULL,
        cameras TEXT NOT NULL,
        layout TEXT NOT NULL,
        owner TEXT NOT NULL,
        owner_id TEXT,
        upload INTEGER NOT NULL,
        share INTEGER NOT NULL,
        notify TEXT NOT NULL,
        state TEXT NOT NULL,
        recorded_since BIGINT,
        recorded_until BIGINT,
        movie TEXT,
        link TEXT,
        error TEXT,
        attempts INTEGER NOT NULL,
        retry_at BIGINT,
        changed BIGINT
    )
    """,
    "CREATE INDEX appointments_by_time ON appointments (begins, id)",
    "CREATE INDEX appointments_by_state ON appointments (state, begins)",
    "CREATE INDEX appointments_by_booking ON appointments (booking, begins)",
    "CREATE INDEX appointments_by_owner ON appointments (owner_id, begins)"
    " WHERE owner_id IS NOT NULL",
)
