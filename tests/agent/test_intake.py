"""Messages out of a pipe, however they come."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import os

import pytest

from camera_agent.capture import pack
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


async def test_a_message_may_come_byte_by_byte() -> None:
    async with piped() as (intake, theirs):
        reading = asyncio.create_task(intake.read())
        for each in packed(Picture(b"jpeg", 7)):
            os.write(theirs, bytes([each]))
            await asyncio.sleep(0)

        assert await reading == Picture(b"jpeg", 7)


async def test_many_may_come_at_once_and_keep_their_order() -> None:
    sounds = [Sound(b"%d" % number, number) for number in range(1000)]
    async with piped() as (intake, theirs):
        os.write(theirs, packed(*sounds))

        assert [await intake.read() for _ in sounds] == sounds


@pytest.mark.parametrize("size", [0, 1, ROOM - 24, ROOM, ROOM + 1, 5 * ROOM])
async def test_a_message_may_be_larger_than_what_is_kept_ready(size: int) -> None:
    pictures = [Picture(bytes([number]) * size, number) for number in range(4)]
    async with piped() as (intake, theirs):
        writing = asyncio.create_task(asyncio.to_thread(_write, theirs, packed(*pictures)))
        read = [await intake.read() for _ in pictures]
        await writing

    assert read == pictures


async def test_a_camera_waits_while_nobody_reads() -> None:
    pictures = [Picture(b"x" * 100_000, number) for number in range(20)]
    async with piped() as (intake, theirs):
        writing = asyncio.create_task(asyncio.to_thread(_write, theirs, packed(*pictures)))
        first = await intake.read()
        await asyncio.wait({writing}, timeout=0.2)
        assert not writing.done()

        assert [first, *[await intake.read() for _ in pictures[1:]]] == pictures
        await writing


async def test_at_the_end_of_the_pipe_half_a_message_is_none() -> None:
    ours, theirs = os.pipe()
    intake = Intake(ours)
    os.write(theirs, packed(Picture(b"jpeg", 7))[:-1])
    os.close(theirs)

    assert await intake.read() is None
    assert await intake.read() is None


async def test_who_reads_is_told_when_it_is_closed() -> None:
    async with piped() as (intake, _):
        reading = asyncio.create_task(intake.read())
        await asyncio.sleep(0)
        intake.close()

        assert await reading is None


def _write(pipe: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(pipe, view) :]
