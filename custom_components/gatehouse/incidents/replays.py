"""What happened while nobody listened: an agent's clips become incidents with their true times."""

import asyncio
from collections.abc import Iterable
from contextlib import aclosing, suppress
from dataclasses import replace
from datetime import datetime, timedelta
import logging
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from ..database import DatabaseError
from ..footage import FootageFlow, Library
from ..models import Footage, Group, Incident, IncidentState, Passage
from ..vision import VisionError
from .album import Album
from .house import House
from .news import IncidentNews, NewsKind
from .nouns import IncidentOptions, Sign
from .place import remembered
from .rules import (
    LONGEST_STORY,
    begun,
    belongs,
    ended,
    goes_on,
    group_of,
    group_of_door,
    is_told,
    retry_delay,
    with_passage,
    with_sign,
)
from .screening import Screening
from .search import IncidentQuery
from .store import IncidentStore

_LOGGER = logging.getLogger(__name__)

# Who has a clip says so; this is for a file that comes back with its disk.
LOOK_EVERY: Final = timedelta(minutes=5)


class Replays:
    """Looks at clips that nobody asked for, one after the other; the column `replay` is the queue.

    Whoever is seen makes an incident that is told to lists and nobody else; a clip that goes on
    where another ended, or that another camera of the group took, is of the same incident. Run it
    only where somebody looks.
    """

    def __init__(
        self,
        library: Library,
        footage: FootageFlow,
        screening: Screening,
        store: IncidentStore,
        options: IncidentOptions,
        house: House,
    ) -> None:
        """Look at nothing before run()."""
        self._library = library
        self._footage = footage
        self._screening = screening
        self._store = store
        self._options = options
        self._house = house
        self._woken = asyncio.Event()
        self._failures = 0
        self._missing: set[str] = set()
        self._writing = asyncio.Lock()

    def wake(self) -> None:
        """See whether there is something to look at."""
        self._woken.set()

    async def join(self, passage: Passage) -> str:
        """Make what happened at a door long ago part of an incident of that time; return its id.

        Raises DatabaseError.
        """
        identity = _identity(passage.id)
        name = self._house.camera_names().get(passage.door, passage.door)
        group = group_of_door(passage.door, name, self._options)
        async with self._writing:
            near = await self._near(group, passage.at, passage.at)
            same = [each for each in near if belongs(passage, each, self._options)]
            new = replace(begun(identity, group, passage.at), replayed=True)
            incident = min(same, key=lambda each: each.started, default=new)
            if (joined := with_passage(incident, passage)) != incident:
                stored = await self._save(self._over(joined))
                self._house.incident(IncidentNews(kind=NewsKind.REPLAYED, incident=stored))
        return incident.id

    async def run(self) -> None:
        """Look at what is pending, the oldest first, until cancelled."""
        while True:
            self._woken.clear()
            try:
                for clip in await self._library.to_replay():
                    await self._take(clip)
                    self._failures = 0
                pause = LOOK_EVERY
            except (VisionError, DatabaseError) as error:
                pause = self._put_off(error)
            with suppress(TimeoutError):
                async with asyncio.timeout(pause.total_seconds()):
                    await self._woken.wait()

    def _put_off(self, error: VisionError | DatabaseError) -> timedelta:
        self._failures += 1
        if self._failures == 1:
            _LOGGER.warning("What happened in the absence is looked at later: %s", error)
        return retry_delay(self._failures, self._options.tick)

    async def _take(self, clip: Footage) -> None:
        try:
            async with self._writing:
                await self._replay(clip)
        except OSError as error:
            if clip.id not in self._missing:
                _LOGGER.warning("Footage %s is looked at once it is back: %s", clip.id, error)
            self._missing.add(clip.id)

    async def _replay(self, clip: Footage) -> None:
        incident, live, album = None, None, Album(self._footage)
        ahead = self._house.clock_ahead(clip.camera)
        near = await self._near(self._group(clip), clip.since - ahead, clip.until - ahead)
        async with aclosing(self._screening.signs(clip, ahead)) as signs:
            async for sign, sight in signs:
                if told := next((each for each in near if is_told(each, sign)), None):
                    live = told
                    continue
                news = replace(sign, since=_news_since(sign, near))
                incident = with_sign(incident or await self._begun(clip, news), news)
                album.keep(incident, clip.camera, sight)
        if incident:
            await self._keep(clip, incident, album)
        elif live:
            # Who was there as somebody listened again is told of; this is how it began.
            await self._library.replayed(clip.id, live.id, live.level)
        else:
            await self._library.replayed(clip.id, None, None)

    async def _begun(self, clip: Footage, sign: Sign) -> Incident:
        """Return the incident of what a clip shows first, the same one whenever it is asked for."""
        identity = _identity(clip.id)
        if own := await self._store.get(identity):
            return own
        group = self._group(clip)
        near = await self._near(group, sign.since, sign.captured)
        same = [each for each in near if goes_on(each, sign, self._options)]
        new = replace(begun(identity, group, sign.since), replayed=True)
        return min(same, key=lambda each: each.started, default=new)

    async def _near(self, group: Group, since: datetime, until: datetime) -> list[Incident]:
        """Return the incidents of a group that may tell of what was between these."""
        earliest, latest = since - LONGEST_STORY, until + self._options.idle
        return await self._store.find(IncidentQuery(group=group.id, since=earliest, until=latest))

    def _group(self, clip: Footage) -> Group:
        name = self._house.camera_names().get(clip.camera, clip.camera)
        return group_of(clip.camera, name, self._options)

    async def _keep(self, clip: Footage, incident: Incident, album: Album) -> None:
        """Write an incident, then that the clip was looked at: killed in between, all is the same.

        The pictures of one that goes on stay.
        """
        over = self._over(incident)
        if over.picture is None:
            await album.file_picture(over)
            await album.file_frames(over)
            over = replace(over, picture=album.picture, frames=album.frames)
        stored = await self._save(over)
        await self._library.replayed(clip.id, stored.id, stored.level)
        self._house.incident(IncidentNews(kind=NewsKind.REPLAYED, incident=stored))

    def _over(self, incident: Incident) -> Incident:
        over = ended(incident, IncidentState.CLOSED, timedelta(), self._options)
        return remembered(over, self._house, self._screening.sensitive(over.cameras))

    async def _save(self, incident: Incident) -> Incident:
        stored = await self._store.save(incident)
        if stored.level:
            await self._footage.grade(stored.id, stored.level)
        return stored


def _news_since(sign: Sign, near: Iterable[Incident]) -> datetime:
    """Return when what a clip shows begins to be news: what somebody saw of it was told of."""
    told = (each.ended for each in near if not each.replayed)
    return max([sign.since, *(ended for ended in told if ended and ended <= sign.captured)])


def _identity(of: str) -> str:
    """Return the id of the incident that begins with a clip or a passage: always the same one."""
    return uuid5(NAMESPACE_URL, f"gatehouse:replay:{of}").hex
