"""Recordings that are done go as a whole, whoever else is busy with them."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from camera_agent.allowance import Allowance
from camera_agent.config import BookingsConfig, SpoolConfig
from camera_agent.ledger import Ledger
from camera_agent.shelf import Recording, Shelf
from camera_agent.stock import Stock
from camera_agent.wire import RecordingStatus

CLIP = Recording(
    id="00a1",
    camera="front",
    status=RecordingStatus.COMPLETE,
    started=1795000000.0,
    until=1795000010.0,
    duration_s=10.0,
    bytes=3,
)


@pytest.fixture
def stock(tmp_path: Path) -> Iterator[Stock]:
    """One with a clip of an earlier run."""
    shelf = Shelf(tmp_path / "recordings")
    shelf.save(CLIP)
    shelf.path(CLIP).write_bytes(b"MP4")
    allowance = Allowance(spool=SpoolConfig(), bookings=BookingsConfig())
    stock = Stock(tmp_path / "recordings", allowance, Ledger(tmp_path / "ledger"), lambda: 0)
    yield stock
    stock.close()


def files(stock: Stock) -> list[str]:
    return sorted(path.name for path in stock.path(CLIP).parent.iterdir())


def unremovable(stock: Stock, clip: Recording) -> None:
    """Have the disk refuse to delete what belongs to a clip."""
    stock.path(clip).unlink(missing_ok=True)
    stock.path(clip).mkdir(parents=True)


async def test_what_is_redated_while_it_is_deleted_is_gone(stock: Stock) -> None:
    _, redated = await asyncio.gather(stock.remove(CLIP), stock.redate(CLIP.id, 3600.0))

    assert (redated, list(stock), files(stock)) == (None, [], [])


async def test_what_is_deleted_while_it_is_redated_is_gone(stock: Stock) -> None:
    redated, _ = await asyncio.gather(stock.redate(CLIP.id, 3600.0), stock.remove(CLIP))

    assert (redated, list(stock), files(stock)) == (None, [], [])


async def test_what_the_disk_does_not_delete_is_kept(stock: Stock) -> None:
    unremovable(stock, CLIP)

    with pytest.raises(OSError, match=r"00a1\.mp4"):
        await stock.remove(CLIP)

    assert list(stock) == [CLIP]


async def test_what_was_never_done_is_not_kept_because_the_disk_does_not_delete_it(
    stock: Stock,
) -> None:
    running = replace(CLIP, id="00b2", status=RecordingStatus.RECORDING)
    unremovable(stock, running)

    with pytest.raises(OSError, match=r"00b2\.mp4"):
        await stock.remove(running)

    assert list(stock) == [CLIP]
