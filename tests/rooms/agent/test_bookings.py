"""What an agent is to record by itself, sent ahead."""

from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web
import pytest

from custom_components.gatehouse.agent import (
    AgentGarbled,
    AgentOutdated,
    AgentRefused,
    ErrorCode,
    Planned,
    Underway,
    wire,
)
from tests.rooms.agent.loopback import Loopback, golden, says


def at(seconds: float) -> datetime:
    """Return a time of the agent's clock."""
    return datetime.fromtimestamp(seconds, UTC)


LESSON = Planned(
    id="6f1c2a9e@20261118T180000", camera="front", since=at(1795003600), until=at(1795007200)
)
MATCH = Planned(id="b07d55c1", camera="front", since=at(1795010800), until=at(1795012600.5))
SEGMENT = timedelta(minutes=5)


async def test_a_plan_is_sent_in_the_golden_words(loopback: Loopback) -> None:
    heard: list[Any] = []

    async def put(request: web.Request) -> web.Response:
        heard.append(await request.json())
        return web.json_response(golden("bookings"))

    agent = await loopback.agent(web.put(wire.BOOKINGS, put))

    underway = await agent.plan([LESSON, MATCH], SEGMENT)

    assert heard == [golden("put_bookings")]
    assert underway == (
        Underway(planned=LESSON, recording="5d1b8e03c97f4a26", error=None),
        Underway(planned=MATCH, recording=None, error=ErrorCode.CAMERA_OFFLINE),
    )


async def test_an_empty_plan_is_a_plan(loopback: Loopback) -> None:
    agent = await loopback.agent(web.put(wire.BOOKINGS, says({"segment_s": 300.0, "bookings": []})))

    assert await agent.plan([], SEGMENT) == ()


async def test_an_older_agent_is_to_be_updated(loopback: Loopback) -> None:
    sentence = f"PUT {wire.BOOKINGS}: Not Found."
    error = {"error": {"code": "not_found", "message": sentence}}
    agent = await loopback.agent(web.put(wire.BOOKINGS, says(error, 404)))

    with pytest.raises(AgentOutdated, match="cannot record by appointment; update it"):
        await agent.plan([LESSON], SEGMENT)


async def test_a_plan_that_is_refused_says_why(loopback: Loopback) -> None:
    error = {"error": {"code": "bad_request", "message": "There is no camera 'roof'."}}
    agent = await loopback.agent(web.put(wire.BOOKINGS, says(error, 400)))

    with pytest.raises(AgentRefused, match="no camera 'roof'") as caught:
        await agent.plan([LESSON], SEGMENT)

    assert caught.value.code == ErrorCode.BAD_REQUEST


@pytest.mark.parametrize("body", [{}, {"bookings": None}, {"bookings": [{"id": "a"}]}])
async def test_an_answer_that_makes_no_sense_is_garbled(loopback: Loopback, body: object) -> None:
    agent = await loopback.agent(web.put(wire.BOOKINGS, says(body)))

    with pytest.raises(AgentGarbled):
        await agent.plan([LESSON], SEGMENT)
