"""What Gatehouse itself writes into Home Assistant's log."""

from collections.abc import Iterator
import logging
import threading

import pytest

from custom_components.gatehouse.agent import LogLevel
from custom_components.gatehouse.logs import SiteLog
from custom_components.gatehouse.logs.site import KEPT


@pytest.fixture
def own() -> SiteLog:
    return SiteLog()


@pytest.fixture
def logger(own: SiteLog) -> Iterator[logging.Logger]:
    """A logger that tells nobody else."""
    logger = logging.getLogger("gatehouse_of_a_test")
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    logger.addHandler(own)
    yield logger
    logger.removeHandler(own)


def test_lines_are_told_once_in_their_order(own: SiteLog, logger: logging.Logger) -> None:
    logger.debug("Too small")
    logger.info("One of %s", 3)
    logger.warning("Two")
    logger.getChild("cameras").critical("Three")

    first, second = own.take(), own.take()

    assert [(each.seq, each.level, each.text) for each in first.lines] == [
        (1, LogLevel.INFO, "One of 3"),
        (2, LogLevel.WARNING, "Two"),
        (3, LogLevel.CRITICAL, "Three"),
    ]
    assert first.lines[2].logger == "gatehouse_of_a_test.cameras"
    assert (second.lines, second.run) == ((), first.run)


def test_what_was_raised_is_told_with_its_place(own: SiteLog, logger: logging.Logger) -> None:
    try:
        {}["nothing there"]
    except LookupError:
        logger.exception("It failed")

    [line] = own.take().lines

    assert line.level is LogLevel.ERROR
    assert line.text.startswith("It failed\nTraceback")
    assert line.text.endswith("KeyError: 'nothing there'")


def test_a_line_with_the_wrong_arguments_is_told_as_it_is(
    own: SiteLog, logger: logging.Logger
) -> None:
    words = "%d of %d"
    logger.warning(words, "many")

    assert [each.text for each in own.take().lines] == ["%d of %d"]


def test_of_a_flood_from_threads_the_newest_are_held_and_the_others_counted(
    own: SiteLog, logger: logging.Logger
) -> None:
    threads = [
        threading.Thread(target=lambda: [logger.info("Line") for _ in range(KEPT)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    told = own.take()

    assert [each.seq for each in told.lines] == list(range(3 * KEPT + 1, 4 * KEPT + 1))
    assert told.lost == 3 * KEPT
