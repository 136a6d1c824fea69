"""The flows, the diagnostics, the live stream and a reload, on the newest Home Assistant."""

from io import BytesIO
import json
from urllib.parse import urljoin

from aiohttp import web
import av
import pytest

from scripts.demonstration.gatehouse import ENTRIES
from scripts.demonstration.places import LOCAL
from tests.ports import free_port
from tests.waiting import eventually

from .log import betrayed, complaints
from .site import Site

pytestmark = [pytest.mark.timeout(400), pytest.mark.asyncio(loop_scope="session")]

AGENT_FLOW = f"{ENTRIES}/subentries/flow"


async def errors(site: Site, **typed: object) -> dict[str, str]:
    """Try to add an agent with what was typed; return what the form shows, in words."""
    step = await site.home.post(AGENT_FLOW, {"handler": [site.entry, "agent"]})
    assert (step["type"], step["step_id"]) == ("form", "user")
    step = await site.home.post(f"{AGENT_FLOW}/{step['flow_id']}", {**site.address, **typed})
    assert (step["type"], step["step_id"]) == ("form", "user")
    await site.home.delete(f"{AGENT_FLOW}/{step['flow_id']}")
    words = await site.home.ask(
        "frontend/get_translations",
        language="en",
        category="config_subentries",
        integration="gatehouse",
    )
    prefix = "component.gatehouse.config_subentries.agent.error."
    return {field: words["resources"][prefix + key] for field, key in step["errors"].items()}


async def test_an_agent_of_the_site_is_not_added_again_whatever_its_token(site: Site) -> None:
    step = await site.home.post(AGENT_FLOW, {"handler": [site.entry, "agent"]})
    typed = {**site.address, "token": "not the token"}

    step = await site.home.post(f"{AGENT_FLOW}/{step['flow_id']}", typed)

    assert (step["type"], step["reason"]) == ("abort", "already_configured")


async def test_an_address_where_nobody_is_is_told(site: Site) -> None:
    shown = await errors(site, port=free_port())

    assert shown["base"].startswith("Nothing answers at this address.")


async def test_an_address_that_is_none_is_told_at_the_address(site: Site) -> None:
    shown = await errors(site, host="http://porch.local/agent")

    assert shown["host"].startswith("This cannot be an address.")


async def test_a_server_that_is_no_agent_is_told(site: Site) -> None:
    async def hello(_: web.Request) -> web.Response:
        return web.Response(text="<h1>My printer</h1>", content_type="text/html")

    app = web.Application()
    app.router.add_get("/{tail:.*}", hello)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, LOCAL, 0).start()

    shown = await errors(site, port=runner.addresses[0][1])

    await runner.cleanup()
    assert shown["base"].startswith("Something answers at this address, but it is not")


async def test_an_agent_is_added_once(site: Site) -> None:
    step = await site.home.post(AGENT_FLOW, {"handler": [site.entry, "agent"]})

    end = await site.home.post(f"{AGENT_FLOW}/{step['flow_id']}", site.address)

    assert (end["type"], end["reason"]) == ("abort", "already_configured")


async def test_there_is_one_site(site: Site) -> None:
    end = await site.home.post(f"{ENTRIES}/flow", {"handler": "gatehouse"})

    assert (end["type"], end["reason"]) == ("abort", "already_configured")


async def test_the_diagnostics_tell_all_but_the_token_and_the_host(site: Site) -> None:
    status, body = await site.home.fetch(f"/api/diagnostics/config_entry/{site.entry}")

    assert status == 200
    assert site.agent.token.encode() not in body
    assert LOCAL.encode() not in body
    told = json.loads(body)["data"]
    assert told["detector"]["status"] == "ready"
    assert told["agents"][0]["connected"] is True
    assert list(told["cameras"]) == [f"{site.agent.id}/{site.place.camera}"]


async def test_home_assistants_own_stream_plays_the_camera(site: Site) -> None:
    camera = await site.entity("camera")

    url = (await site.home.ask("camera/stream", entity_id=camera, format="hls"))["url"]

    master = await _lines(site, url)
    playlist = urljoin(url, master[-1])

    async def segment() -> str | None:
        return next((line for line in await _lines(site, playlist) if line[0] != "#"), None)

    first = await eventually(segment, 30, "the first segment")
    start, body = [await _get(site, urljoin(playlist, name)) for name in ("init.mp4", first)]
    with av.open(BytesIO(start + body), "r") as container:
        video = container.streams.video[0]
        frames = list(container.decode(video))
    assert video.codec_context.name == "h264"
    assert len(frames) >= 10
    assert frames[0].width > frames[0].height > 200


async def test_browsers_may_watch_the_camera_straight_from_its_agent(site: Site) -> None:
    camera = await site.entity("camera")

    told = await site.home.ask("camera/capabilities", entity_id=camera)
    helped = await site.home.ask("camera/webrtc/get_client_config", entity_id=camera)

    assert sorted(told["frontend_stream_types"]) == ["hls", "web_rtc"]
    assert "configuration" in helped


async def test_a_reload_brings_everything_back_without_a_complaint_in_the_log(site: Site) -> None:
    answer = await site.home.post(f"{ENTRIES}/entry/{site.entry}/reload", {})
    await site.is_ready()

    assert answer == {"require_restart": False}
    assert complaints(site.log) == []
    assert betrayed(site.log, site.memory.password, site.agent.token) == []


async def test_a_stream_that_breaks_leaves_no_signature_in_the_log(site: Site) -> None:
    camera = await site.entity("camera")
    url = (await site.home.ask("camera/stream", entity_id=camera, format="hls"))["url"]
    await _lines(site, url)

    await site.stop_agent()
    await eventually(lambda: "Error from stream worker" in site.log, 20, "the stream's error")
    await site.start_agent()
    await site.is_ready()

    assert betrayed(site.log) == []


async def _lines(site: Site, url: str) -> list[str]:
    return [line for line in (await _get(site, url)).decode().splitlines() if line]


async def _get(site: Site, url: str) -> bytes:
    status, body = await site.home.fetch(url)
    assert status == 200
    return body
