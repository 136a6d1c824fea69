"""The agent's own log, told to who listens."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
import json
import logging
from pathlib import Path
import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest

from camera_agent import log_feed as module
from camera_agent.log_feed import KEPT, LONGEST, MOST, NEWEST, Batch, LogFeed
from camera_agent.server import AccessLogger
from tests.waiting import eventually

from .caring import TOKEN, Cared, cared, owned
from .conftest import Configured

WIRE = Path(__file__).parents[1] / "wire"


@pytest.fixture
def log() -> LogFeed:
    log = LogFeed()
    log.conceal(lambda: TOKEN)
    return log


@pytest.fixture
def logger(log: LogFeed) -> Iterator[logging.Logger]:
    """A logger of the agent, which nobody else listens to."""
    logger = logging.getLogger("camera_agent.cameras")
    before = logger.level
    logger.addHandler(log)
    logger.setLevel(logging.DEBUG)
    yield logger
    logger.removeHandler(log)
    logger.setLevel(before)


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The moment by the monotonic clock of the log, which the test moves."""
    now = [100.0]
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: now[0]))
    return now


@pytest.fixture
async def told(log: LogFeed, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[Batch]]:
    """All that is told, as soon as it is there."""
    monkeypatch.setattr(module, "PAUSE", 0.005)
    told: list[Batch] = []
    story = asyncio.create_task(log.run(told.append))
    yield told
    story.cancel()
    with suppress(asyncio.CancelledError):
        await story


def texts(batches: list[Batch]) -> list[str]:
    return [line.text for batch in batches for line in batch.records]


async def test_what_is_logged_is_told_in_the_words_of_the_wire(
    logger: logging.Logger, told: list[Batch]
) -> None:
    logger.debug("nobody hears this")
    logger.info("Agent %s is there", "0.1.0")
    logger.warning("Camera front: %s", "No frame for 2 s.")
    logger.critical("It ends")

    await eventually(lambda: len(texts(told)) == 3)

    lines = [line for batch in told for line in batch.records]
    assert [(line.seq, line.level, line.text) for line in lines] == [
        (1, "info", "Agent 0.1.0 is there"),
        (2, "warning", "Camera front: No frame for 2 s."),
        (3, "critical", "It ends"),
    ]
    assert {line.source for line in lines} == {"camera_agent.cameras"}
    assert lines[0].at == pytest.approx(time.time(), abs=10)
    assert {batch.lost for batch in told} == {0}


async def test_each_line_is_told_once(logger: logging.Logger, told: list[Batch]) -> None:
    for number in range(5):
        logger.info("line %d", number)
        await eventually(lambda: f"line {number}" in texts(told))  # noqa: B023

    assert texts(told) == [f"line {number}" for number in range(5)]
    assert len({batch.run for batch in told}) == 1


async def test_a_flood_is_counted_and_not_told(
    logger: logging.Logger, told: list[Batch], seconds: list[float]
) -> None:
    for number in range(1000):
        logger.info("flood %d", number)
    seconds[0] += 1.0
    logger.info("after it")

    await eventually(lambda: "after it" in texts(told))

    assert texts(told) == [*(f"flood {number}" for number in range(MOST)), "after it"]
    assert told[-1].lost == 1000 - MOST
    assert told[-1].records[-1].seq == MOST + 1


async def test_many_lines_come_in_batches(
    log: LogFeed, logger: logging.Logger, told: list[Batch], seconds: list[float]
) -> None:
    for number in range(120):
        seconds[0] += 1.0
        logger.info("line %d", number)

    await eventually(lambda: len(texts(told)) == 120)

    assert [len(batch.records) for batch in told] == [50, 50, 20]


async def test_who_comes_hears_the_newest_that_others_have_heard(
    log: LogFeed, logger: logging.Logger, told: list[Batch], seconds: list[float]
) -> None:
    for number in range(NEWEST + 20):
        seconds[0] += 1.0
        logger.info("line %d", number)
    assert list(log.recent()) == []
    await eventually(lambda: len(texts(told)) == NEWEST + 20)

    recent = list(log.recent())

    assert texts(recent) == [f"line {number}" for number in range(20, NEWEST + 20)]
    assert {len(batch.records) for batch in recent} == {50}


def test_only_so_many_lines_are_kept(
    log: LogFeed, logger: logging.Logger, seconds: list[float]
) -> None:
    for number in range(KEPT + 100):
        seconds[0] += 1.0
        logger.info("line %d", number)

    assert [line.seq for line in log._kept()] == list(range(101, KEPT + 101))


def test_threads_may_log_at_the_same_time(
    log: LogFeed, logger: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST", 10_000)

    def work(name: str) -> None:
        for number in range(50):
            logger.info("%s %d", name, number)

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcdefgh"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    lines = log._kept()
    assert [line.seq for line in lines] == list(range(1, 401))
    assert len({line.text for line in lines}) == 400


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (f"token {TOKEN} is wrong", "token […] is wrong"),
        ("GET /live.ts?expires=1&auth=0a1b2c", "GET /live.ts?expires=1&auth=[…]"),
        ("{'Authorization': 'Bearer abc'}\nnext", "{'Authorization[…]\nnext"),
        ("authorization: Basic abc", "authorization[…]"),
        ("Cannot open rtsp://me:secret@cam/live?x=1.", "Cannot open rtsp://cam"),
        ("Pair with the code 7KQ2-M9XD-W4TR within", "Pair with the code […] within"),
        ("What the author said", "What the author said"),
    ],
)
def test_secrets_are_not_told(log: LogFeed, logger: logging.Logger, said: str, told: str) -> None:
    logger.info("%s", said)

    assert [line.text for line in log._kept()] == [told]


def test_a_token_that_changes_is_hidden_from_then_on(log: LogFeed, logger: logging.Logger) -> None:
    token: list[str | None] = [None]
    log.conceal(lambda: token[0])
    logger.info("new-token")
    token[0] = "new-token"
    logger.info("new-token")

    assert [line.text for line in log._kept()] == ["new-token", "[…]"]


def test_of_a_long_line_its_beginning_and_its_end_are_told(
    log: LogFeed, logger: logging.Logger
) -> None:
    logger.info("%s", "begin" + "x" * 5000 + "end")

    (line,) = log._kept()
    assert len(line.text) == LONGEST
    assert line.text.startswith("begin")
    assert line.text.endswith("end")


def test_an_exception_is_told_with_where_it_was_raised(
    log: LogFeed, logger: logging.Logger
) -> None:
    try:
        json.loads("{")
    except ValueError:
        logger.exception("It failed")

    (line,) = log._kept()
    assert line.text.startswith("It failed\nTraceback")
    assert "JSONDecodeError" in line.text


def test_a_line_with_too_few_arguments_is_told_as_it_is(log: LogFeed) -> None:
    log.handle(logging.LogRecord("x", logging.INFO, "", 0, "%s of %s", ("one",), None))

    assert [line.text for line in log._kept()] == ["%s of %s"]


def test_requests_are_not_in_it(log: LogFeed, logger: logging.Logger) -> None:
    class Request:
        """As much of a request as its line in the log needs."""

        method = "GET"
        rel_url = type("Url", (), {"raw_path": "/health"})()

    answer: Any = type("Answer", (), {"status": 200})()
    request: Any = Request()
    AccessLogger(logger, "").log(request, answer, 0.1)

    assert log._kept() == []


@pytest.fixture
async def agent(configured: Configured, tmp_path: Path) -> AsyncIterator[Cared]:
    async with cared(owned(tmp_path, configured())) as agent:
        yield agent


async def test_listeners_hear_the_log_after_the_state(
    agent: Cared, monkeypatch: pytest.MonkeyPatch
) -> None:
    example = json.loads((WIRE / "logs.json").read_text())
    agent.hub._log.handle(logging.LogRecord("x", logging.INFO, "", 0, "first", (), None))
    async with agent.session.ws_connect("/api/v1/feed") as feed:
        assert (await feed.receive_json())["type"] == "state"
        heard = await feed.receive_json(timeout=30)
    async with agent.session.ws_connect("/api/v1/feed") as feed:
        assert (await feed.receive_json())["type"] == "state"
        again = await feed.receive_json(timeout=30)

    assert heard == again
    assert heard.keys() == example.keys()
    assert heard["records"][0].keys() == example["records"][0].keys()
    assert heard["records"][0]["text"] == "first"
