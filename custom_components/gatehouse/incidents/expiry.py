"""Which pictures of incidents are deleted, and when; nothing here deletes."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from ..footage import RetentionOptions, lifetime
from ..models import Footage, FootageStage, Incident

# Footage that may still come, or is nowhere any more, or only off-site.
OVER: Final = frozenset({FootageStage.UPLOADED, FootageStage.EXPIRED, FootageStage.FAILED})


def to_expire(
    incidents: Iterable[Incident],
    footage: Iterable[Footage],
    options: RetentionOptions,
    now: datetime,
) -> list[Incident]:
    """Return the incidents whose pictures are to be deleted, given all footage of them.

    They stay as long as footage of the same cameras may, and while any of theirs is here.
    """
    filmed = {row.incident for row in footage if row.path or row.stage not in OVER}
    return [
        incident
        for incident in incidents
        if incident.id not in filmed
        and incident.started < now - lifetime(incident.level, incident.cameras, options)
    ]
