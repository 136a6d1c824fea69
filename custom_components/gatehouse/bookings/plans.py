"""Appointments that are sent ahead: an agent records by them whether we are there or not."""

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta
import logging
from typing import Final

from ..agent import Agent, AgentError, AgentOutdated, Planned
from ..database import DatabaseError
from .course import BookingOptions, pause_after
from .house import House
from .nouns import Appointment
from .rules import AHEAD, HORIZON
from .store import AppointmentQuery, BookingStore

_LOGGER = logging.getLogger(__name__)

TELLS: Final = timedelta(milliseconds=50)


class Plans:
    """Lets each agent know what it is to record in the next days."""

    def __init__(self, store: BookingStore, options: BookingOptions, house: House) -> None:
        """Meet no agent yet."""
        self._store = store
        self._options = options
        self._house = house
        self._owing: dict[str, asyncio.Event] = {}
        self._back: dict[str, asyncio.Event] = {}
        self._sent: dict[str, tuple[Planned, ...]] = {}
        self._arrived: asyncio.Queue[str] = asyncio.Queue()

    def described(self, agent: str) -> None:
        """Take up an agent that is connected now; it may have lost what it was told."""
        self._sent.pop(agent, None)
        if agent not in self._owing:
            self._owing[agent], self._back[agent] = asyncio.Event(), asyncio.Event()
            self._arrived.put_nowait(agent)
        self._owing[agent].set()
        self._back[agent].set()

    def changed(self) -> None:
        """Look what there is to send."""
        for owing in self._owing.values():
            owing.set()

    async def run(self) -> None:
        """Send what changes, to each agent by itself, until cancelled."""
        self._arrived = asyncio.Queue()
        async with asyncio.TaskGroup() as tasks:
            for agent in self._owing:
                tasks.create_task(self._serve(agent), name=f"gatehouse plan {agent}")
            while True:
                agent = await self._arrived.get()
                tasks.create_task(self._serve(agent), name=f"gatehouse plan {agent}")

    async def _serve(self, agent: str) -> None:
        owing, back, failures = self._owing[agent], self._back[agent], 0
        while True:
            await owing.wait()
            owing.clear()
            back.clear()
            if (client := self._house.agents().get(agent)) is None:
                continue  # it is described when it is back
            try:
                await self._send(agent, client)
                failures = 0
            except AgentOutdated as error:
                # Another try is of no use before it is another agent.
                _LOGGER.warning("What is booked is not recorded by the agent %s: %s", agent, error)
            except (AgentError, DatabaseError) as error:
                failures += 1
                _LOGGER.warning("The agent %s does not know all that is booked: %s", agent, error)
                with suppress(TimeoutError):  # who connects anew is told at once
                    async with asyncio.timeout(
                        pause_after(failures, self._options).total_seconds()
                    ):
                        await back.wait()
                owing.set()

    async def _send(self, agent: str, client: Agent) -> None:
        now = self._house.now()
        query = AppointmentQuery(since=now, until=now + HORIZON, states=AHEAD)
        planned = tuple(
            each
            for row in await self._store.find(query)
            for each in _planned(row, agent, client, now)
        )
        if self._sent.get(agent) == planned:
            return
        try:
            await client.plan(planned, self._options.segment)
        except AgentOutdated:
            if planned:
                raise
        self._sent[agent] = planned


def _planned(row: Appointment, agent: str, client: Agent, now: datetime) -> list[Planned]:
    """Return what an agent is to record of an appointment, by its own clock."""
    owned = (camera.partition("/") for camera in row.cameras)
    names = [camera for owner, _, camera in owned if owner == agent]
    # Measured anew all the time: the same plan is not sent again for a few milliseconds.
    ahead = round(client.clock_ahead / TELLS) * TELLS
    return [
        Planned(id=row.id, camera=name, since=row.start + ahead, until=row.end + ahead)
        for name in names
        if row.end > now
    ]
