"""What all tests share; it imports nothing of Home Assistant."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
import gc
import logging
from pathlib import Path
from typing import Final

from hypothesis import HealthCheck, settings
import pytest

from tests import waiting
from tests.postgresql import Postgres, serving

# Home Assistant's plugin has every statement written down, which takes longer than the statement.
logging.getLogger("sqlalchemy.engine").setLevel(logging.WARNING)
# And each entity, request and step of a set-up, which takes a twentieth of the time of all tests:
# who wants to read the log gets all of it by `caplog`.
logging.getLogger().setLevel(logging.WARNING)
# A test makes a whole Home Assistant and lets go of it: looking for what is garbage every two
# thousand objects takes a twentieth of the time. The plugin looks for all of it after each module.
gc.set_threshold(20_000, 50, 50)
# How fast examples are made and tried tells how busy the machine is, and nothing of what is tested.
settings.register_profile(
    "busy", parent=settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("busy")

# How many tests without a Home Assistant take as long as one with it.
WHOLE: Final = 20

Eventually = Callable[..., Awaitable[None]]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the tests of the rooms be run on another database."""
    parser.addoption(
        "--database",
        choices=("sqlite", "postgresql", "both"),
        default="sqlite",
        help="where the rooms keep their rows",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest: the processes are to be done at the same time.

    That is a file that is said to be long or in which a test may be, and after those one with many
    tests that have a whole Home Assistant each.
    """
    said = ("long", "timeout")
    long = {item.path for item in items if any(map(item.get_closest_marker, said))}
    weight = Counter[Path]()
    for item in items:
        weight[item.path] += WHOLE if "hass" in getattr(item, "fixturenames", ()) else 1
    items.sort(key=lambda item: (item.path not in long, -weight[item.path], item.path))


def pytest_collection_finish() -> None:
    """Never look again whether all that is imported by now is garbage."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def enable_event_loop_debug() -> None:
    """Leave loops as they are, where Home Assistant's plugin has them debugged.

    Each future would keep the whole stack that made it: a quarter of the time of all tests.
    """


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Postgres]:
    """Return a PostgreSQL server, which all tests of a process share."""
    with serving() as server:
        yield server


@pytest.fixture
def eventually() -> Eventually:
    """Wait until a condition holds, for five seconds at most if nobody says otherwise."""

    async def wait(condition: Callable[[], object], within: float = 5.0) -> None:
        await waiting.eventually(condition, within)

    return wait
