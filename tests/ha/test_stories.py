"""A story that fails is started again, and one that keeps failing is told of."""

import asyncio
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest

from custom_components.gatehouse.stories import FAILURES_TO_REPORT, Stories
from tests.ha.site import site_with
from tests.waiting import eventually


class Fragile:
    """A story that fails so many times before it goes on and on."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.runs = 0

    async def run(self) -> None:
        self.runs += 1
        if self.runs <= self.failures:
            raise RuntimeError("the story broke")
        await asyncio.Event().wait()


@pytest.fixture
def stories(hass: HomeAssistant) -> Stories:
    entry = site_with()
    entry.add_to_hass(hass)
    return Stories(hass, entry)


async def test_a_story_that_fails_is_started_again(
    stories: Stories, caplog: pytest.LogCaptureFixture
) -> None:
    story = Fragile(failures=2)

    with patch("custom_components.gatehouse.stories.RESTART_FIRST", 0.01):
        stories.start("watch porch", story.run)
        await eventually(lambda: story.runs == 3)

    assert caplog.text.count("The story 'watch porch' failed and is started again") == 2
    await stories.cancel()


async def test_a_story_that_keeps_failing_is_a_repair_issue_until_it_holds(
    hass: HomeAssistant, stories: Stories
) -> None:
    story = Fragile(failures=FAILURES_TO_REPORT + 1)
    issue = ("gatehouse", "story_failing_footage")

    with (
        patch("custom_components.gatehouse.stories.RESTART_FIRST", 0.01),
        patch("custom_components.gatehouse.stories.STEADY", 0.05),
    ):
        stories.start("footage", story.run)
        await eventually(lambda: ir.async_get(hass).async_get_issue(*issue))
        assert story.runs == FAILURES_TO_REPORT

        await eventually(lambda: story.runs > FAILURES_TO_REPORT + 1)
        assert ir.async_get(hass).async_get_issue(*issue)
        await eventually(lambda: ir.async_get(hass).async_get_issue(*issue) is None)

    await stories.cancel()


async def test_a_story_that_has_ended_can_be_told_again(
    hass: HomeAssistant, stories: Stories
) -> None:
    told: list[int] = []

    async def tell() -> None:
        told.append(len(told))

    stories.start("clip a1", tell)
    await eventually(lambda: told == [0])
    await hass.async_block_till_done(wait_background_tasks=True)
    stories.start("clip a1", tell)

    await eventually(lambda: told == [0, 1])


async def test_a_name_runs_one_story_at_a_time(stories: Stories) -> None:
    first, second = Fragile(failures=0), Fragile(failures=0)

    stories.start("watch porch", first.run)
    stories.start("watch porch", second.run)
    await eventually(lambda: first.runs == 1)

    assert second.runs == 0
    await stories.cancel()
