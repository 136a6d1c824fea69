"""Messages out of a pipe, however they come."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import os

import pytest

from camera_agent.capture import Message, pack
from camera_agent.intake import ROOM, Intake
from camera_agent.models import Picture, Sound


@asynccontextmanager
async def piped() -> AsyncIterator[tuple[Intake, int]]:
    """Yield an intake and the end of its pipe that a camera's process has."""
    ours, theirs = os.pipe()
    intake = Intake(ours)
    try:
        yield intake, theirs
    finally:
        intake.close()
        os.close(theirs)


def packed(*messages: Picture | Sound) -> bytes:
    return b"".join(part for message in messages for part in pack(message))


async def taken(intake: Intake, count: int) -> list[Message]:
    """Return so many messages, after which it is closed."""
    messages: list[Message] = []

    def take(message: Message) -> None:
        messages.append(message)
        if len(messages) == count:
            intake.close()

    async with asyncio.timeout(30):
        await intake.pass_on(take)
    return messages


async def test_a_message_may_come_byte_by_byte() -> None:
    async with piped() as (intake, theirs):
        taking = asyncio.create_task(taken(intake, 1))
        for each in packed(Picture(b"jpeg", 7)):
            os.write(theirs, bytes([each]))
            await asyncio.sleep(0)

        assert await taking == [Picture(b"jpeg", 7)]


async def test_many_may_come_at_once_and_keep_their_order() -> None:
    sounds = [Sound(b"%d" % number, number) for number in range(1000)]
    async with piped() as (intake, theirs):
        os.write(theirs, packed(*sounds))

        assert await taken(intake, 1000) == sounds


@pytest.mark.parametrize("size", [0, 1, ROOM - 24, ROOM, ROOM + 1, 5 * ROOM])
async def test_a_message_may_be_larger_than_what_is_kept_ready(size: int) -> None:
    pictures = [Picture(bytes([number]) * size, number) for number in range(4)]
    async with piped() as (intake, theirs):
        writing = asyncio.create_task(asyncio.to_thread(_write, theirs, packed(*pictures)))
        messages = await taken(intake, 4)
        await writing

    assert messages == pictures


async def test_a_camera_waits_while_nobody_takes() -> None:
    pictures = [Picture(b"x" * 100_000, number) for number in range(20)]
    async with piped() as (intake, theirs):
        writing = asyncio.create_task(asyncio.to_thread(_write, theirs, packed(*pictures)))
        await asyncio.wait({writing}, timeout=0.2)
        assert not writing.done()

        assert await taken(intake, 20) == pictures
        await writing


async def test_a_message_is_taken_before_anybody_else_has_a_turn() -> None:
    async with piped() as (intake, theirs):
        turns: list[str] = []
        loop = asyncio.get_running_loop()
        taking = asyncio.create_task(intake.pass_on(lambda _: turns.append("message")))
        await asyncio.sleep(0)
        os.write(theirs, packed(Picture(b"jpeg", 7)))
        loop.call_soon(loop.call_soon, turns.append, "somebody else")

        while len(turns) < 2:
            await asyncio.sleep(0)
        taking.cancel()

    assert turns == ["message", "somebody else"]


async def test_at_the_end_of_the_pipe_half_a_message_is_none() -> None:
    ours, theirs = os.pipe()
    intake = Intake(ours)
    os.write(theirs, packed(Picture(b"jpeg", 7))[:-1])
    os.close(theirs)
    messages: list[Message] = []

    await intake.pass_on(messages.append)
    await intake.pass_on(messages.append)

    assert messages == []


async def test_who_waits_for_the_end_is_told_when_it_is_closed() -> None:
    async with piped() as (intake, _):
        taking = asyncio.create_task(intake.pass_on(print))
        await asyncio.sleep(0)
        intake.close()

        async with asyncio.timeout(30):
            await taking


async def test_nothing_is_handed_over_after_it_is_closed() -> None:
    async with piped() as (intake, theirs):
        os.write(theirs, packed(Picture(b"one", 1), Picture(b"two", 2)))

        assert await taken(intake, 1) == [Picture(b"one", 1)]


async def test_who_fails_to_take_a_message_gets_no_other(caplog: pytest.LogCaptureFixture) -> None:
    messages: list[Message] = []

    def take(message: Message) -> None:
        messages.append(message)
        raise ValueError("too much")

    async with piped() as (intake, theirs):
        os.write(theirs, packed(Picture(b"one", 1), Picture(b"two", 2)))
        async with asyncio.timeout(30):
            await intake.pass_on(take)

    assert messages == [Picture(b"one", 1)]
    assert "too much" in caplog.text


def _write(pipe: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(pipe, view) :]
