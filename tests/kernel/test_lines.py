"""A door's lines, on a chip of the kernel's own."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
import time

import pytest

from camera_agent.hardware import LineError
from camera_agent.hardware.gpio import GpioLine
from camera_agent.line_config import LineConfig
from tests.waiting import eventually

from .chip import Chip

DEBOUNCE = timedelta(milliseconds=100)


def test_an_output_drives_its_wire_as_long_as_it_is_open(header: Chip) -> None:
    header.pull(17, high=True)
    relay = GpioLine(LineConfig(line=17), rest=False)
    assert relay.get() is False
    assert header.is_high(17) is False
    relay.set(True)
    assert header.is_high(17) is True
    relay.set(False)
    assert header.is_high(17) is False
    relay.close()
    assert header.is_high(17) is True


def test_an_output_that_is_active_when_low_is_the_other_way_round(header: Chip) -> None:
    relay = GpioLine(LineConfig(line=17, active_low=True), rest=False)
    relay.set(False)
    assert header.is_high(17) is True
    relay.set(True)
    assert header.is_high(17) is False
    assert relay.get() is True
    relay.close()


def test_an_output_begins_at_rest_without_a_moment_of_anything_else(header: Chip) -> None:
    relay = GpioLine(LineConfig(line=17, active_low=True), rest=True)
    header.pull(17, high=True)
    assert relay.get() is True
    assert header.is_high(17) is False
    relay.close()


async def test_an_input_tells_what_outlasts_bouncing(header: Chip) -> None:
    contact = GpioLine(LineConfig(line=23, active_low=True, debounce=DEBOUNCE))
    changes = contact.changes()
    assert await anext(changes) is False  # pulled up by the chip itself

    waiting = asyncio.ensure_future(anext(changes))
    for _ in range(10):
        header.pull(23, high=False)
        header.pull(23, high=True)
    await asyncio.sleep(2 * DEBOUNCE.total_seconds())
    assert not waiting.done()

    for high in (False, True, False, True, False):
        header.pull(23, high=high)
    assert await waiting is True
    header.pull(23, high=True)
    assert await anext(changes) is False
    await changes.aclose()
    contact.close()


async def test_every_press_is_heard_although_the_agent_was_busy(header: Chip) -> None:
    button = GpioLine(LineConfig(line=24, active_low=True, debounce=timedelta(0)))
    changes = button.changes()
    assert await anext(changes) is False
    heard = asyncio.ensure_future(_collect(changes, 14))
    await asyncio.sleep(0)
    for high in (False, True) * 7:  # the kernel keeps 16 edges, if its thread is in time for each
        header.pull(24, high=high)
        time.sleep(0.02)
    assert await asyncio.wait_for(heard, 10) == [True, False] * 7
    await changes.aclose()
    button.close()


async def test_edges_that_the_kernel_dropped_leave_the_truth(header: Chip) -> None:
    contact = GpioLine(LineConfig(line=23, debounce=timedelta(0)))
    told: list[bool] = []
    story = asyncio.create_task(_note(contact.changes(), told))
    await eventually(lambda: told)
    for _ in range(200):
        header.pull(23, high=False)
        header.pull(23, high=True)
    header.pull(23, high=False)
    await asyncio.sleep(1)
    assert told[0] is True
    assert told[-1] is False
    story.cancel()
    await asyncio.gather(story, return_exceptions=True)
    contact.close()


def test_a_line_that_is_taken_names_who_has_it(header: Chip) -> None:
    first, second = (GpioLine(LineConfig(line=17), rest=False) for _ in range(2))
    first.set(True)
    with pytest.raises(LineError) as caught:
        second.set(False)
    assert str(caught.value) == (
        "Line 17 of the pin header is in use by gatehouse:"
        " end it, or take another line in agent.toml."
    )
    assert header.is_high(17) is True
    first.close()
    second.set(True)
    second.close()


def test_what_is_not_there_is_told(header: Chip) -> None:
    with pytest.raises(LineError, match=r"^Line 40 of the pin header does not exist: correct"):
        GpioLine(LineConfig(line=40)).get()
    with pytest.raises(LineError, match=r"^Line 1 of expander is not there: name its chip"):
        GpioLine(LineConfig(line=1, chip="expander")).get()


def test_another_chip_is_found_by_its_label(header: Chip) -> None:
    lamp = GpioLine(LineConfig(line=3, chip="raspberrypi-exp-gpio"), rest=False)
    lamp.set(True)
    assert header.is_high(3) is False
    lamp.close()


async def test_a_chip_that_is_unplugged_is_told_and_may_come_back() -> None:
    config = LineConfig(line=2, chip="expander", debounce=timedelta(0))
    expander = Chip("expander", lines=4)
    line = GpioLine(config)
    changes = line.changes()
    assert await anext(changes) is True
    waiting = asyncio.ensure_future(anext(changes))
    await asyncio.sleep(0)
    expander.unplug()
    with pytest.raises(LineError, match="Line 2 of expander cannot be used: No such device"):
        await asyncio.wait_for(waiting, 10)
    with pytest.raises(LineError, match="is not there"):
        line.get()

    back = Chip("expander", lines=4)
    await eventually(line.get)
    line.close()
    back.unplug()


def test_an_output_of_a_chip_that_is_unplugged_is_told() -> None:
    expander = Chip("expander", lines=4)
    relay = GpioLine(LineConfig(line=2, chip="expander"), rest=False)
    relay.set(True)
    expander.unplug()
    with pytest.raises(LineError, match="cannot be used: No such device"):
        relay.set(False)


async def _collect(changes: AsyncIterator[bool], number: int) -> list[bool]:
    return [await anext(changes) for _ in range(number)]


async def _note(changes: AsyncIterator[bool], told: list[bool]) -> None:
    async for active in changes:
        told += [active]
