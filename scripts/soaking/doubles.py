"""What is there twice: passages, incidents, clips, and their objects off-site."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise

from .clocks import CLOCKS_S, is_misdated
from .evidence import ClipRow, Evidence, IncidentRow, Object
from .ledger import Ledger


def nothing_is_doubled(ledger: Ledger, evidence: Evidence) -> Iterator[str]:
    """A card shown once is one passage, one visit one incident, one span of a camera one clip."""
    for shown in ledger.shown:
        if len(shown.rows) > 1:
            yield f"the card shown at {shown.at:.1f} was written down as {', '.join(shown.rows)}"
    for earlier, later in _overlapping(evidence.incidents):
        # A clock that is set ends what is open, also where nobody was seen any more.
        if not is_misdated(ledger, (earlier.started, later.ended or later.last_seen)):
            yield f"{earlier.id} and {later.id} are of {later.place} at the same time"
    for before, clip in _twice_recorded(evidence.clips):
        if not is_misdated(ledger, (before.since, clip.until)):
            yield f"the clips {before.id} and {clip.id} are of {clip.camera} at the same time"
    keys = Counter(row.key for row in evidence.clips if row.key)
    yield from (f"{key} is the object of {n} clips" for key, n in keys.items() if n > 1)
    # A film in a loop gives the same bytes again and again, but not of the same moment.
    for keys_of in _alike(evidence.objects):
        # A visit in which a clock is set is two incidents, each with a clip of it.
        spans = [(row.since, row.until) for row in evidence.clips if row.key in keys_of]
        misdated = all(is_misdated(ledger, span) for span in spans)
        if len(spans) < len(keys_of) or not misdated:
            yield f"the same clip is there as {' and '.join(keys_of)}"


def _overlapping(rows: Iterable[IncidentRow]) -> Iterator[tuple[IncidentRow, IncidentRow]]:
    places: defaultdict[str, list[IncidentRow]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.started):
        places[row.place].append(row)
    for at_one in places.values():
        for earlier, later in pairwise(at_one):
            if later.started < earlier.last_seen - CLOCKS_S / 2:
                yield earlier, later


def _alike(objects: Mapping[str, Object]) -> Iterator[list[str]]:
    """Return the keys of clips that are the same, each time that there are several."""
    contents: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for key, one in objects.items():
        if key.endswith(".mp4"):
            contents[key.rpartition("-")[0], one.digest].append(key)
    return (keys for keys in contents.values() if len(keys) > 1)


def _twice_recorded(rows: Iterable[ClipRow]) -> Iterator[tuple[ClipRow, ClipRow]]:
    of_each: defaultdict[tuple[str, str], list[ClipRow]] = defaultdict(list)
    for row in rows:
        if row.incident and row.stage in {"ready", "uploaded"}:
            of_each[row.camera, row.incident].append(row)
    for clips in of_each.values():
        # An agent that is not listened to does not know whether what it records for Home
        # Assistant will be fetched: what it keeps of the absence begins with its own pre-roll.
        for kind in (True, False):
            alike = sorted(
                (row for row in clips if row.of_absence is kind), key=lambda row: row.since
            )
            for before, clip in pairwise(alike):
                if clip.since < before.until - CLOCKS_S:
                    yield before, clip
