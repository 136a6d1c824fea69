"""The statements that made the tables, schema by schema."""

from collections.abc import Mapping
from typing import Final

# What schema 1 knew of an incident, as incidents/search.py would say it: all of it plain English.
_OLD_TEXT: Final = """
    INSERT INTO incident_text (rowid, text)
    SELECT number, {words} || ' _c' || {key} || ' _g' || {key} || ' _s' || substr(state, 1, 1)
        || CASE WHEN risk >= 0 THEN ' _l0' ELSE '' END
        || CASE WHEN risk >= 30 THEN ' _l30' ELSE '' END
        || CASE WHEN risk >= 60 THEN ' _l60' ELSE '' END
        || CASE WHEN risk >= 85 THEN ' _l85' ELSE '' END
        || ' _u _t'
    FROM incidents
"""

# Frozen once released: a change of the schema is a new version at the end. The SQL is
# what SQLite and PostgreSQL both take; moments are BIGINT microseconds since the epoch.
# What only one of them takes stands beside the other's words for it.
MIGRATIONS: Final[tuple[tuple[str | Mapping[str, str], ...], ...]] = (
    (
        """
        CREATE TABLE incidents (
            id TEXT NOT NULL PRIMARY KEY,
            camera TEXT NOT NULL,
            state TEXT NOT NULL,
            started BIGINT NOT NULL,
            last_seen BIGINT NOT NULL,
            ended BIGINT,
            confirmed BIGINT,
            labels TEXT NOT NULL,
            count INTEGER NOT NULL,
            score DOUBLE PRECISION NOT NULL,
            picture TEXT,
            risk INTEGER,
            level TEXT,
            reasons TEXT
        )
        """,
        "CREATE INDEX incidents_by_time ON incidents (started, id)",
        "CREATE INDEX incidents_by_camera ON incidents (camera, started, id)",
        "CREATE INDEX incidents_open ON incidents (camera) WHERE state = 'open'",
        """
        CREATE TABLE footage (
            id TEXT NOT NULL PRIMARY KEY,
            camera TEXT NOT NULL,
            incident TEXT,
            stage TEXT NOT NULL,
            since BIGINT NOT NULL,
            until BIGINT NOT NULL,
            recording TEXT,
            path TEXT,
            duration_us BIGINT,
            attempts INTEGER NOT NULL,
            retry_at BIGINT,
            error TEXT
        )
        """,
        "CREATE INDEX footage_by_time ON footage (since, id)",
        "CREATE INDEX footage_by_camera ON footage (camera, since, id)",
        "CREATE INDEX footage_by_incident ON footage (incident)",
        "CREATE INDEX footage_unfinished ON footage (retry_at)"
        " WHERE stage NOT IN ('ready', 'failed')",
    ),
    (
        # What was never confirmed was never told to anybody.
        "DELETE FROM incidents WHERE confirmed IS NULL",
        "DROP INDEX incidents_by_time",
        "DROP INDEX incidents_by_camera",
        "DROP INDEX incidents_open",
        "ALTER TABLE incidents ADD COLUMN number BIGINT NOT NULL DEFAULT 0",
        "ALTER TABLE incidents ADD COLUMN place TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE incidents ADD COLUMN zones TEXT NOT NULL DEFAULT '[]'",
        "ALTER TABLE incidents ADD COLUMN sightings TEXT NOT NULL DEFAULT '[]'",
        "ALTER TABLE incidents ADD COLUMN passages TEXT NOT NULL DEFAULT '[]'",
        "ALTER TABLE incidents ADD COLUMN frames TEXT NOT NULL DEFAULT '[]'",
        "ALTER TABLE incidents ADD COLUMN risk_floor INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE incidents ADD COLUMN summary TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE incidents ADD COLUMN author TEXT NOT NULL DEFAULT 'facts'",
        "ALTER TABLE incidents ADD COLUMN assessing TEXT NOT NULL DEFAULT 'none'",
        "ALTER TABLE incidents ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE incidents ADD COLUMN retry_at BIGINT",
        "ALTER TABLE incidents ADD COLUMN assessed BIGINT",
        "ALTER TABLE incidents ADD COLUMN reviewed BIGINT",
        "ALTER TABLE incidents ADD COLUMN false_alarm INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE incidents ADD COLUMN note TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE incidents ADD COLUMN notified BIGINT",
        # A number is the microsecond of the beginning, or the next one that is free: the order of
        # numbers is the order of time.
        """
        UPDATE incidents SET place = camera, number = numbered.number
        FROM (
            SELECT id, nth + max(started - nth) OVER (ORDER BY nth) AS number
            FROM (
                SELECT id, started, row_number() OVER (ORDER BY started, id) AS nth FROM incidents
            ) AS ordered
        ) AS numbered
        WHERE numbered.id = incidents.id
        """,
        # Where in the picture it was is not known any more: an empty box.
        {
            "sqlite": """
                UPDATE incidents SET sightings = json_array(json_object(
                    'camera', camera, 'first', started, 'last', last_seen,
                    'label', coalesce(json_extract(labels, '$[0]'), ''), 'score', score,
                    'box', json_array(0, 0, 0, 0)
                ))
                """,
            "postgresql": """
                UPDATE incidents SET sightings = json_build_array(json_build_object(
                    'camera', camera, 'first', started, 'last', last_seen,
                    'label', coalesce(labels::json ->> 0, ''), 'score', score,
                    'box', json_build_array(0, 0, 0, 0)
                ))::text
                """,
        },
        "ALTER TABLE incidents RENAME COLUMN camera TO place_group",
        "ALTER TABLE incidents DROP COLUMN confirmed",
        "ALTER TABLE incidents DROP COLUMN score",
        "CREATE UNIQUE INDEX incidents_by_number ON incidents (number)",
        "CREATE INDEX incidents_open ON incidents (place_group) WHERE state = 'open'",
        "CREATE INDEX incidents_to_assess ON incidents (number) WHERE assessing = 'pending'",
        "CREATE INDEX incidents_assessed ON incidents (assessed) WHERE assessed IS NOT NULL",
        "CREATE INDEX incidents_notified ON incidents (place_group, notified)"
        " WHERE notified IS NOT NULL",
        # The words and the marks of each incident, by its number (incidents/search.py). Words are
        # searched by their beginnings, and each length of those needs its own index to be quick.
        {
            "sqlite": "CREATE VIRTUAL TABLE incident_text USING fts5(text, detail = none,"
            " columnsize = 0, prefix = '1 2 3 4 5 6 7 8 9 10 11',"
            " tokenize = \"ascii tokenchars '_'\")",
            "postgresql": "CREATE TABLE incident_text (rowid BIGINT PRIMARY KEY, text TEXT)",
        },
        {
            "postgresql": "CREATE INDEX incident_text_words ON incident_text"
            " USING gin (array_to_tsvector(string_to_array(text, ' ')))",
        },
        {
            "sqlite": _OLD_TEXT.format(
                words="replace(place || ' ' || labels || ' ' || coalesce(reasons, ''), '_', ' ')",
                key="lower(hex(place_group))",
            ),
            "postgresql": _OLD_TEXT.format(
                words="trim(regexp_replace(lower(place || ' ' || labels || ' ' ||"
                " coalesce(reasons, '')), '[^a-z0-9]+', ' ', 'g'))",
                key="encode(convert_to(place_group, 'UTF8'), 'hex')",
            ),
        },
        """
        CREATE TABLE zones (
            id TEXT NOT NULL PRIMARY KEY,
            camera TEXT NOT NULL,
            kind TEXT NOT NULL,
            name TEXT NOT NULL,
            points TEXT NOT NULL,
            sensitive INTEGER NOT NULL
        )
        """,
        """
        CREATE TABLE ignore_boxes (
            id TEXT NOT NULL PRIMARY KEY,
            camera TEXT NOT NULL,
            label TEXT NOT NULL,
            box TEXT NOT NULL,
            created BIGINT NOT NULL,
            incident TEXT
        )
        """,
        """
        CREATE TABLE tunings (
            camera TEXT NOT NULL PRIMARY KEY,
            threshold DOUBLE PRECISION,
            certainty DOUBLE PRECISION,
            smallest DOUBLE PRECISION NOT NULL,
            largest DOUBLE PRECISION NOT NULL
        )
        """,
    ),
    (
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
    ),
    (
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
    ),
    (
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
    ),
)
