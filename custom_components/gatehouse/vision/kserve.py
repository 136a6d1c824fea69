"""Servers of one model that speak KServe v2: what waits goes to those that are free, in batches."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
import logging
from time import monotonic
from typing import Any, Final

import aiohttp
from yarl import URL

from ..models import Detection, Picture
from .detector import DetectorOptions, Sight
from .errors import BadPicture, DetectorFailed, VisionError
from .kserve_server import KServeServer
from .lineup import LONGEST_REST, Form

_LOGGER: Final = logging.getLogger(__name__)

CLOSED: Final = "The detector was closed."


@dataclass(slots=True, kw_only=True, eq=False)
class _Waiting:
    """A camera in the line, and who has failed with its picture."""

    newest: Callable[[], Picture]
    sight: asyncio.Future[Sight]
    picture: Picture | None = None
    """The same for every server that tries: an upload camera has no other."""
    errors: dict[_Place, DetectorFailed] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True, eq=False)
class _Place:
    """A server, with what it has in hand and its record."""

    server: KServeServer
    form: Form = field(default_factory=Form)
    in_hand: int = 0

    @property
    def is_free(self) -> bool:
        return self.server.model is not None and self.in_hand < self.server.lanes


class KServeDetector:
    """Lets servers look, each at all that waits when it is free, as far as its model takes it.

    Of the servers that are free, whoever has least in hand comes first. One that fails is left out,
    for 2 s and then for twice as long each time, up to 60 s, or until nobody else is well; then it
    has to show that it is ready before it gets a picture. What it had goes to the others at once.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        urls: Sequence[str],
        model: str,
        options: DetectorOptions,
        *,
        version: str | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Take the servers' addresses, the model's name there, their own version of it."""
        addresses = list(dict.fromkeys(map(URL, urls)))
        if not addresses:
            raise ValueError("Detection by KServe needs the address of a server.")
        servers = [
            KServeServer(session, address, model, options, version=version) for address in addresses
        ]
        if len(servers) > 1:  # on one host there may be several
            for server, address in zip(servers, addresses, strict=True):
                server.service.name = f"{address.host}:{address.port}"
        self._places = [_Place(server=server) for server in servers]
        self._clock = clock
        self._line: list[_Waiting] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._called = False

    async def detect(self, newest: Callable[[], Picture]) -> Sight:
        loop = asyncio.get_running_loop()
        one = _Waiting(newest=newest, sight=loop.create_future())
        self._line.append(one)
        self._call()
        try:
            return await one.sight
        finally:
            with suppress(ValueError):
                self._line.remove(one)

    @property
    def is_meeting(self) -> bool:
        """Whether a server is being asked what it serves."""
        return any(place.form.tried for place in self._places)

    async def close(self) -> None:
        """Let go of the servers; who still waits is told so, and the session is its maker's."""
        for one in self._line:
            _fail(one, DetectorFailed(CLOSED))
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def compare(self) -> None:
        """Ask each server; raises DetectorFailed if one fails, or serves another model."""
        servers = [place.server for place in self._places]
        first, *others = [(await server.meet()).likeness for server in servers]
        for server, other in zip(servers[1:], others, strict=True):
            if other != first:
                raise server.service.failed(
                    f"serves another model ({other}) than {servers[0].service.name} ({first});"
                    " let all of them serve the same one"
                )

    def _call(self) -> None:
        """Share out what waits, soon: who comes in the same moment goes in the same request."""
        if not self._called:
            self._called = True
            asyncio.get_running_loop().call_soon(self._share_out)

    def _share_out(self) -> None:
        self._called = False
        self._line[:] = [one for one in self._line if not one.sight.done()]
        for place in self._places:
            if self._line and self._is_to_be_met(place):
                place.form = replace(place.form, tried=True)
                self._start(self._meet(place), self._line)
        while free := self._free():
            if not sum(map(self._hand_out, free, range(len(free), 0, -1), strict=True)):
                break

    def _free(self) -> list[_Place]:
        """Return the servers that take another request; of those, who has least in hand."""
        free = [place for place in self._places if place.is_free]
        least = min((place.in_hand for place in free), default=0)
        return [place for place in free if place.in_hand == least]

    def _hand_out(self, place: _Place, left: int) -> bool:
        """Give a server its share of the line, so many being left; return whether it was any."""
        waiting = [one for one in self._line if place not in one.errors]
        # What two could look at side by side does not wait for one.
        batch = waiting[: min(place.server.limit, -(-len(waiting) // left))]
        if not batch:
            return False
        self._line[:] = [one for one in self._line if one not in batch]
        place.in_hand += 1
        self._start(self._look(place, batch), batch)
        return True

    def _is_to_be_met(self, place: _Place) -> bool:
        """Return whether to see if a server is well: after its rest, or where nobody is."""
        if place.server.model is not None or place.form.tried:
            return False
        if self._somebody_is_well:
            return place.form.takes(self._clock(), LONGEST_REST)
        return any(place not in one.errors for one in self._line)

    @property
    def _somebody_is_well(self) -> bool:
        return any(place.server.model is not None for place in self._places)

    def _start(self, work: Coroutine[Any, Any, None], waiting: Sequence[_Waiting]) -> None:
        """Work for those who wait; what nobody foresaw is told to them."""
        task = asyncio.get_running_loop().create_task(work, name="gatehouse kserve")
        self._tasks.add(task)
        task.add_done_callback(partial(self._ended, waiting))

    def _ended(self, waiting: Sequence[_Waiting], task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        for one in waiting:
            if error := DetectorFailed(CLOSED) if task.cancelled() else task.exception():
                _fail(one, error)
        self._call()

    async def _meet(self, place: _Place) -> None:
        before = place.form
        try:
            await place.server.meet()
        except DetectorFailed as error:
            waiting, self._line[:] = list(self._line), []
            self._failed(place, waiting, error, before)
        finally:
            place.form = replace(place.form, tried=False)

    async def _look(self, place: _Place, batch: Sequence[_Waiting]) -> None:
        before = place.form
        try:
            shown = [(one, picture) for one in batch if (picture := _picture(one)) is not None]
            seen = await place.server.look([picture.jpeg for _, picture in shown])
        except DetectorFailed as error:
            self._failed(place, batch, error, before)
        else:
            if not all(isinstance(each, BadPicture) for each in seen):
                self._answered(place)
            for (one, picture), each in zip(shown, seen, strict=True):
                _tell(one, picture, each)
        finally:
            place.in_hand -= 1

    def _answered(self, place: _Place) -> None:
        if place.form.failures:
            _LOGGER.info("%s looks at pictures again", place.server.service.name)
        place.form = replace(place.form, failures=0)

    def _failed(
        self, place: _Place, batch: Sequence[_Waiting], error: DetectorFailed, before: Form
    ) -> None:
        """Leave a server out, and give what it had back to the line or up."""
        if place.form.failures == 0 and self._somebody_is_well:
            _LOGGER.warning("The other servers look at the pictures for now: %s", error)
        # Of requests that were under way together, all failed once.
        failures = max(place.form.failures, before.failures + 1)
        place.form = replace(place.form, failures=failures, failed=self._clock())
        for one in batch:
            one.errors[place] = error
        lost = [one for one in batch if len(one.errors) == len(self._places)]
        for one in lost:
            _fail(one, DetectorFailed(str(one.errors[self._places[0]])))
        self._line[:0] = [one for one in batch if one not in lost]


def _picture(one: _Waiting) -> Picture | None:
    """Return the newest picture of a camera whose turn has come, if it still wants one seen."""
    if one.picture is None and not one.sight.done():
        try:
            one.picture = one.newest()
        except VisionError as error:
            _fail(one, error)
    return one.picture


def _tell(one: _Waiting, picture: Picture, seen: list[Detection] | BadPicture) -> None:
    if isinstance(seen, BadPicture):
        _fail(one, seen)
    elif not one.sight.done():
        one.sight.set_result(Sight(picture=picture, detections=tuple(seen)))


def _fail(one: _Waiting, error: BaseException) -> None:
    if not one.sight.done():
        one.sight.set_exception(error)
