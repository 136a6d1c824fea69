"""The rows of zones, ignore boxes and tunings."""

from collections import defaultdict
from dataclasses import asdict, replace
import json
from typing import Any, Final

from sqlalchemy import (
    DOUBLE_PRECISION,
    Column,
    Connection,
    Integer,
    RowMapping,
    Table,
    Text,
    select,
)

from ..database import Database, Moment, metadata
from ..models import Box, IgnoreBox, Tuning, Zone, ZoneKind
from .rules import CameraZones, with_ignored, with_zone

ZONES: Final = Table(
    "zones",
    metadata,
    Column("id", Text, primary_key=True),
    Column("camera", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("points", Text, nullable=False),
    Column("sensitive", Integer, nullable=False),
)
IGNORE_BOXES: Final = Table(
    "ignore_boxes",
    metadata,
    Column("id", Text, primary_key=True),
    Column("camera", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("box", Text, nullable=False),
    Column("created", Moment, nullable=False),
    Column("incident", Text),
)
TUNINGS: Final = Table(
    "tunings",
    metadata,
    Column("camera", Text, primary_key=True),
    Column("threshold", DOUBLE_PRECISION),
    Column("certainty", DOUBLE_PRECISION),
    Column("smallest", DOUBLE_PRECISION, nullable=False),
    Column("largest", DOUBLE_PRECISION, nullable=False),
)


class ZoneStore:
    """Keeps what people say about the cameras' pictures."""

    def __init__(self, database: Database) -> None:
        """Keep the rows in this database."""
        self._database = database

    async def load(self) -> dict[str, CameraZones]:
        """Return all that is kept, by camera."""
        return await self._database.read(_read)

    async def save(self, kept: Zone | IgnoreBox) -> None:
        """Keep a zone, a mask or an ignore box, whether its row is there or not."""
        table, values = _row(kept)
        await self._database.write(lambda db: _put(db, table, values))

    async def delete(self, kept: Zone | IgnoreBox) -> None:
        """Forget a zone, a mask or an ignore box."""
        table, _ = _row(kept)
        forgotten = table.delete().where(table.c.id == kept.id)
        await self._database.write(lambda db: db.execute(forgotten))

    async def tune(self, camera: str, tuning: Tuning) -> None:
        """Keep a camera's tuning."""
        values = {"camera": camera, **asdict(tuning)}
        await self._database.write(lambda db: _put(db, TUNINGS, values))


def _read(db: Connection) -> dict[str, CameraZones]:
    kept: dict[str, CameraZones] = defaultdict(CameraZones)
    for zone in map(_zone, db.execute(select(ZONES)).mappings()):
        kept[zone.camera] = with_zone(kept[zone.camera], zone)
    for box in map(_ignore_box, db.execute(select(IGNORE_BOXES)).mappings()):
        kept[box.camera] = with_ignored(kept[box.camera], box)
    for row in db.execute(select(TUNINGS)).mappings():
        kept[row["camera"]] = replace(kept[row["camera"]], tuning=_tuning(row))
    return dict(kept)


def _put(db: Connection, table: Table, values: dict[str, Any]) -> None:
    (key,) = table.primary_key
    changed = table.update().where(key == values[key.name]).values(values)
    if not db.execute(changed).rowcount:
        db.execute(table.insert().values(values))


def _row(kept: Zone | IgnoreBox) -> tuple[Table, dict[str, Any]]:
    values = asdict(kept)
    if isinstance(kept, Zone):
        return ZONES, {
            **values,
            "kind": kept.kind.value,
            "points": json.dumps(kept.points),
            "sensitive": int(kept.sensitive),
        }
    return IGNORE_BOXES, {**values, "box": json.dumps(kept.box)}


def _zone(row: RowMapping) -> Zone:
    return Zone(
        id=row["id"],
        camera=row["camera"],
        kind=ZoneKind(row["kind"]),
        name=row["name"],
        points=tuple((x, y) for x, y in json.loads(row["points"])),
        sensitive=bool(row["sensitive"]),
    )


def _ignore_box(row: RowMapping) -> IgnoreBox:
    return IgnoreBox(
        id=row["id"],
        camera=row["camera"],
        label=row["label"],
        box=Box(*json.loads(row["box"])),
        created=row["created"],
        incident=row["incident"],
    )


def _tuning(row: RowMapping) -> Tuning:
    return Tuning(
        threshold=row["threshold"],
        certainty=row["certainty"],
        smallest=row["smallest"],
        largest=row["largest"],
    )
