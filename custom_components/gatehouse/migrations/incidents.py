"""The tables of incidents and of where cameras look; with the first of them, that of footage."""

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


FIRST: Final[tuple[str, ...]] = (
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
    "CREATE INDEX footage_unfinished ON footage (retry_at) WHERE stage NOT IN ('ready', 'failed')",
)

TOLD: Final[tuple[str | Mapping[str, str], ...]] = (
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
        "postgresql": "CREATE TABLE incident_text (rowid BIGINT PRIMARY KEY, text TEXT,"
        " words TSVECTOR GENERATED ALWAYS AS (array_to_tsvector(string_to_array(text, ' ')))"
        " STORED)",
    },
    {
        "postgresql": "CREATE INDEX incident_text_words ON incident_text USING gin (words)",
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
)

SEARCHED: Final[tuple[str, ...]] = (
    # What is kept can be looked for (incidents/search.py).
    "UPDATE incident_text SET text = text || ' _k'"
    " WHERE rowid IN (SELECT number FROM incidents WHERE kept = 1)",
)

MARKED: Final[tuple[str, ...]] = (
    # What was detected on the frames that were kept before is not known any more.
    "ALTER TABLE incidents ADD COLUMN detections TEXT NOT NULL DEFAULT '[]'",
)
