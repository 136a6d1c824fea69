"""An agent that is killed at any moment: whoever was let in is in the book, once and in order."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
import random
import sys
import time

from aiohttp import ClientSession

from camera_agent.messages import Message
from tests.ports import free_port
from tests.waiting import eventually

from .admitting import TOKEN, card_hash, credential, policy, signed, somebody_at

ROUNDS = 5
CARDS = 4000
CONFIG = """
[agent]
id = "porch"
token = "{token}"
host = "127.0.0.1"
port = {port}
data = "data"
announce = false

[tls]
enabled = false

[[doors]]
id = "front"
simulated = "front.sock"
unlock = 0.2

[[doors.readers]]
id = "outside"
kind = "simulated"
"""


class Site:
    """An agent that is started again and again, and who fetches what it has to tell."""

    def __init__(self, folder: Path) -> None:
        self._port = free_port()
        self.folder = folder
        self.kept: list[Message] = []
        (folder / "agent.toml").write_text(CONFIG.format(token=TOKEN, port=self._port))

    @asynccontextmanager
    async def living(self) -> AsyncIterator[ClientSession]:
        """Run the agent until it is killed, which it is in the end."""
        command = [sys.executable, "-m", "camera_agent", "--config", "agent.toml"]
        with (self.folder / "log").open("ab") as log:
            self._agent = await asyncio.create_subprocess_exec(
                *command, cwd=self.folder, env={"PYTHONPATH": ":".join(sys.path)}, stderr=log
            )
        address, who = f"http://127.0.0.1:{self._port}", {"Authorization": f"Bearer {TOKEN}"}
        try:
            async with ClientSession(address, headers=who) as session:
                await eventually(lambda: _answers(session), 30)
                yield session
        finally:
            await self.kill()

    async def kill(self) -> None:
        with suppress(ProcessLookupError):
            self._agent.kill()
        await self._agent.wait()

    async def fetch(self, agent: ClientSession) -> None:
        """Keep what the agent has to tell, and let it forget that."""
        async with agent.get("/api/v1/passages", params={"limit": 10_000}) as answer:
            page = await answer.json()
        self.kept += page["passages"]
        query = {"until": page["last"], "journal": page["journal"]}
        async with agent.delete("/api/v1/passages", params=query) as answer:
            assert answer.status == 204


async def _answers(agent: ClientSession) -> bool:
    try:
        async with agent.get("/health/live") as answer:
            return answer.status == 200
    except OSError:
        return False


async def test_whoever_was_let_in_is_in_the_book_whenever_the_agent_is_killed(
    tmp_path: Path,
) -> None:
    chance = random.Random(5)
    site = Site(tmp_path)
    cards = {card_hash(f"{n:010X}"): credential(f"p{n}") for n in range(CARDS)}
    document, signature = signed(policy(cards=cards))
    presented, admitted = 0, []

    async with site.living() as agent:
        body = {"document": document, "signature": signature}
        async with agent.put("/api/v1/grants", json=body) as answer:
            assert answer.status == 200
    for _ in range(ROUNDS):
        first = presented
        async with site.living() as agent, somebody_at(tmp_path / "front.sock") as person:
            await site.fetch(agent)
            death = time.monotonic() + chance.uniform(0.05, 0.5)
            while time.monotonic() < death:
                person.presents(f"{presented:010X}")
                presented += 1
                await asyncio.sleep(chance.choice([0.0, 0.0, 0.001, 0.03, 0.25]))
            await site.kill()
            await eventually(lambda: not person.is_there)
        opened = [one for one in person.seen if one.get("relay")]
        admitted += [f"p{first + n}" for n in range(len(opened))]
        await eventually(lambda: (tmp_path / "front.relay").read_text() == "0\n")

    async with site.living() as agent:
        await site.fetch(agent)
    seqs = [one["seq"] for one in site.kept]
    people = [one["person"] for one in site.kept if one["kind"] == "granted"]

    assert len(admitted) > ROUNDS
    assert set(admitted) <= set(people)
    assert len(people) <= presented
    assert len(set(people)) == len(people)
    assert seqs == sorted(set(seqs))
    assert len({one["journal"] for one in site.kept}) == 1
