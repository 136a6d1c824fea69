"""What scripts/llama measure tells of a service is what the service did."""

import asyncio
from pathlib import Path
import re
import subprocess
import sys
from typing import Any

from aiohttp import web
from aiohttp.test_utils import unused_port

from scripts.questioning.measuring import Measuring
from tests.rooms.language.servers import FINE, TEXT, Scripted, refuses, says, spoken

ROOT = Path(__file__).parents[3]
LIMIT = 3  # how many questions the service answers as fast as one
TAKES = 0.1


class Service:
    """Answers after a while, and so many at once."""

    def __init__(self) -> None:
        self.answers: list[Any] = []
        self.busy = 0
        self.busiest: list[int] = []
        self._places = asyncio.Semaphore(LIMIT)

    async def answer(self, request: web.Request, body: Any) -> web.StreamResponse:
        self.busy += 1
        self.busiest.append(self.busy)
        try:
            async with self._places:
                await asyncio.sleep(TAKES)
            answer = self.answers.pop(0) if self.answers else FINE
            return await answer(request, body)  # type: ignore[no-any-return]
        finally:
            self.busy -= 1


async def told(server: Scripted, at_once: int, **settings: Any) -> list[str]:
    measuring = Measuring(address=server.url, model="small", **{"questions": 6, **settings})
    return [line async for line in measuring.run(at_once)]


def rate(line: str) -> float:
    found = re.search(r"([\d.]+) answers a minute", line)
    assert found
    return float(found[1])


async def test_several_at_once_are_compared_with_one_at_a_time(server: Scripted) -> None:
    service = Service()
    server.chat(service.answer)

    one, several, ratio = await told(server, 3)

    assert one.startswith("1 at once: ")
    assert several.startswith("3 at once: ")
    assert max(service.busiest[:7]) == 1
    assert max(service.busiest[7:]) == 3
    assert len(server.questions) == 13  # one of them before anything is counted
    assert 2 * rate(one) < rate(several) <= 60 / TAKES * LIMIT
    assert "3 at once give " in ratio
    for line in (one, several):
        assert "100% in the shape asked for, 100% with a summary" in line


async def test_no_question_is_asked_twice(server: Scripted) -> None:
    server.chat(FINE)

    await told(server, 4, questions=20)

    words = [asked.words for asked in server.questions]
    assert len(set(words)) == len(words) == 41


async def test_what_is_of_no_use_is_told(server: Scripted) -> None:
    service = Service()
    chatty, empty = says(spoken(f"Sure! {TEXT}")), says(spoken(TEXT.replace("Somebody rang.", "")))
    risky = says(spoken(TEXT.replace("40", "400")))
    service.answers = [FINE, chatty, empty, risky, refuses("the queue is full", 503), FINE, FINE]
    server.chat(service.answer)

    [one] = await told(server, 1)

    assert "60% in the shape asked for, 80% with a summary; 1 failed: " in one
    assert "the queue is full" in one


async def test_the_times_are_those_of_the_answers(server: Scripted) -> None:
    server.chat(Service().answer)

    [one] = await told(server, 1)

    found = re.search(r"each after ([\d.]+) s, 95 % within ([\d.]+) s", one)
    assert found
    middle, slow = map(float, found.groups())
    assert TAKES <= middle <= slow < 10 * TAKES
    assert rate(one) <= 60 / TAKES


async def test_each_question_shows_the_pictures(server: Scripted) -> None:
    server.chat(FINE)

    await told(server, 2, questions=2, pictures=(b"\xff\xd8 one", b"\xff\xd8 two"))

    assert [len(asked.pictures) for asked in server.questions] == [2] * 5
    assert "Pictures attached, in the order of time: 2." in server.questions[0].words


async def test_the_command_tells_it_on_one_line_each(server: Scripted) -> None:
    server.chat(FINE)
    command = [sys.executable, "-m", "scripts.questioning", server.url]

    done = await asyncio.to_thread(
        subprocess.run,
        [*command, "--at-once", "2", "--questions", "3"],
        cwd=ROOT,
        env={"OPENAI_API_KEY": "sk-secret"},
        capture_output=True,
        text=True,
        check=True,
    )

    lines = done.stdout.splitlines()
    assert [line.split(" answers")[0].split(":")[0] for line in lines[:2]] == [
        "1 at once",
        "2 at once",
    ]
    assert len(lines) == 3
    assert {asked.authorization for asked in server.questions} == {"Bearer sk-secret"}
    assert "sk-secret" not in done.stdout + done.stderr


async def test_nobody_there_is_told_and_is_a_failure(socket_enabled: None) -> None:
    command = [sys.executable, "-m", "scripts.questioning", f"http://127.0.0.1:{unused_port()}"]

    done = await asyncio.to_thread(
        subprocess.run, command, cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert done.stdout == ""
    assert "cannot be asked" in done.stderr
    assert "Traceback" not in done.stderr
