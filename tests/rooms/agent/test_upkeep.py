"""What is asked of an agent for its cameras and for itself."""

from aiohttp import web
import pytest

from custom_components.gatehouse.agent import AgentGarbled, AgentOutdated, AgentRefused
from custom_components.gatehouse.models import CameraStatus
from tests.rooms.agent.loopback import Loopback, golden, says

PRIVATE = golden("camera")["state"] | {"status": "private", "error": None}


async def test_a_camera_is_private_when_its_agent_says_so(loopback: Loopback) -> None:
    asked = []

    async def put(request: web.Request) -> web.Response:
        asked.append((request.match_info["camera"], await request.json()))
        return web.json_response(PRIVATE)

    agent = await loopback.agent(web.put("/api/v1/cameras/{camera}/privacy", put))

    state = await agent.upkeep.set_private("a b/c", True)

    assert (state.status, state.private, state.online) == (CameraStatus.PRIVATE, True, False)
    assert asked == [("a b/c", {"private": True})]


async def test_a_camera_an_agent_and_a_machine_are_begun_anew(loopback: Loopback) -> None:
    asked = []

    async def post(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.json_response({}, status=202)

    agent = await loopback.agent(web.post("/{path:.*}", post))

    await agent.upkeep.restart_camera("front")
    await agent.upkeep.restart()
    await agent.upkeep.reboot()

    assert asked == ["/api/v1/cameras/front/restart", "/api/v1/restart", "/api/v1/reboot"]


async def test_an_agent_that_may_not_reboot_says_what_is_missing(loopback: Loopback) -> None:
    refusal = {"error": {"code": "not_allowed", "message": "Allow it in the unit's file."}}
    agent = await loopback.agent(web.post("/api/v1/reboot", says(refusal, 403)))

    with pytest.raises(AgentRefused, match="Allow it") as caught:
        await agent.upkeep.reboot()

    assert caught.value.code == "not_allowed"


async def test_an_older_agent_is_to_be_updated(loopback: Loopback) -> None:
    unknown = {"error": {"code": "not_found", "message": "There is nothing here."}}
    agent = await loopback.agent(web.route("*", "/{path:.*}", says(unknown, 404)))

    with pytest.raises(AgentOutdated, match="update it"):
        await agent.upkeep.set_private("front", True)
    with pytest.raises(AgentOutdated, match="update it"):
        await agent.upkeep.restart()


async def test_an_answer_that_makes_no_sense_is_told_as_such(loopback: Loopback) -> None:
    agent = await loopback.agent(web.put("/{path:.*}", says({"status": "private"})))

    with pytest.raises(AgentGarbled):
        await agent.upkeep.set_private("front", True)
