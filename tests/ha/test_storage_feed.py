"""What a card is told of the storage, at once and as it changes."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import MockHAClientWebSocket, WebSocketGenerator

from custom_components.gatehouse import storage, storage_feed, telling
from custom_components.gatehouse.database import DatabaseError
from custom_components.gatehouse.footage import Progress, Transfer
from custom_components.gatehouse.models import Footage, FootageStage
from tests.ha.happened import CLIP, NOON, filmed
from tests.ha.scripted import KEY, ScriptedAgent
from tests.ha.site import site_with, subentry_of
from tests.rooms.footage.storage import KEY_ID, SECRET, Storage, moto
from tests.waiting import eventually

STORAGE: Final[dict[str, Any]] = {"type": "gatehouse/storage/subscribe"}


@pytest.fixture
async def client(
    running_site: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> MockHAClientWebSocket:
    """Somebody who looks at a site with one clip."""
    await filmed(running_site, replace(CLIP, size=1000))
    return await hass_ws_client()


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tell every change at once."""
    monkeypatch.setattr(telling, "AT_MOST_EVERY", timedelta(0))


async def told(client: MockHAClientWebSocket) -> dict[str, Any]:
    """Return the next event."""
    message = await client.receive_json()
    assert message["type"] == "event"
    event: dict[str, Any] = message["event"]
    return event


async def told_that(
    client: MockHAClientWebSocket, is_so: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    """Return the next event that says so."""
    while not is_so(event := await told(client)):
        pass
    return event


async def follow(client: MockHAClientWebSocket) -> dict[str, Any]:
    """Subscribe, and return what is told at once."""
    await client.send_json_auto_id(STORAGE)
    assert (await client.receive_json())["success"]
    return await told(client)


def say(site: MockConfigEntry, row: Footage) -> None:
    """Tell a step of footage, as the chain does."""
    site.runtime_data.storage._tell(row)


@pytest.mark.usefixtures("hasty")
async def test_what_comes_in_is_counted(
    client: MockHAClientWebSocket, running_site: MockConfigEntry
) -> None:
    first = await follow(client)
    another = replace(CLIP, id="f2", size=500)

    await filmed(running_site, another)
    say(running_site, another)

    assert first["here"] == {"files": 1, "bytes": 1000}
    assert (await told(client))["here"] == {"files": 2, "bytes": 1500}


async def test_many_changes_are_told_once_a_second(
    client: MockHAClientWebSocket, running_site: MockConfigEntry
) -> None:
    await follow(client)
    before = asyncio.get_running_loop().time()

    for number in range(2, 30):
        row = replace(CLIP, id=f"f{number}", size=1000)
        await filmed(running_site, row)
        say(running_site, row)

    assert (await told(client))["here"] == {"files": 29, "bytes": 29_000}
    assert asyncio.get_running_loop().time() - before > 0.8


@pytest.mark.usefixtures("hasty")
async def test_a_step_that_changes_no_figure_is_not_told(
    client: MockHAClientWebSocket, running_site: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, news = [], storage_feed._news

    async def counted(parts: storage.Storage) -> dict[str, Any]:
        read.append(await news(parts))
        return read[-1]

    monkeypatch.setattr(storage_feed, "_news", counted)
    await follow(client)
    another = replace(CLIP, id="f2", size=500)

    say(running_site, replace(another, stage=FootageStage.FETCHED))
    await eventually(lambda: len(read) == 2)
    await filmed(running_site, another)
    say(running_site, another)

    assert (await told(client))["here"]["files"] == 2


@pytest.mark.usefixtures("hasty")
async def test_who_unsubscribes_hears_nothing_more(
    client: MockHAClientWebSocket, running_site: MockConfigEntry
) -> None:
    await client.send_json_auto_id(STORAGE)
    feed = (await client.receive_json())["id"]
    await told(client)
    await client.send_json_auto_id({"type": "unsubscribe_events", "subscription": feed})
    assert (await client.receive_json())["success"]

    await filmed(running_site, replace(CLIP, id="f2", size=500))
    say(running_site, CLIP)

    await client.send_json_auto_id({"type": "ping"})
    assert (await client.receive_json())["type"] == "pong"


async def test_the_feed_goes_on_when_the_site_was_reloaded(
    hass: HomeAssistant, client: MockHAClientWebSocket, running_site: MockConfigEntry
) -> None:
    first = await follow(client)

    assert await hass.config_entries.async_reload(running_site.entry_id)

    assert (await told(client))["here"] == first["here"]


async def test_a_database_that_fails_is_told_and_the_feed_goes_on(
    client: MockHAClientWebSocket,
    running_site: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
    hasty: None,
) -> None:
    library = running_site.runtime_data.storage.library
    first = await follow(client)

    async def fail() -> None:
        raise DatabaseError("The disk is broken.")

    with monkeypatch.context() as broken:
        broken.setattr(type(library), "stock", lambda _: fail())
        say(running_site, CLIP)
        failed = await told(client)
    say(running_site, CLIP)

    assert (failed["kind"], failed["code"]) == ("failed", "database_failed")
    assert "The disk is broken." in failed["message"]
    assert (await told(client)) == first


def test_an_upload_is_told_by_how_much_of_it_is_there() -> None:
    progress = Progress(
        uploading=(
            Transfer(footage="f1", camera=KEY, sent=999, size=1000),
            Transfer(footage="f2", camera=KEY, sent=0, size=0),
        ),
        error="storage_unreachable",
        reason="The storage does not answer. Look whether it runs.",
        failing_since=NOON,
    )

    assert storage_feed.progress_json(progress) == {
        "uploading": [
            {"footage": "f1", "camera": KEY, "percent": 99},
            {"footage": "f2", "camera": KEY, "percent": 0},
        ],
        "error": {
            "code": "storage_unreachable",
            "message": "The storage does not answer. Look whether it runs.",
            "since": "2026-11-20T12:00:00+00:00",
        },
    }


async def test_a_clip_is_followed_until_it_is_off_site(
    hass: HomeAssistant,
    agent: ScriptedAgent,
    hass_ws_client: WebSocketGenerator,
    tmp_path: Path,
    hasty: None,
) -> None:
    hass.config.media_dirs = {"local": str(tmp_path / "media")}
    folder = tmp_path / "media" / "gatehouse"
    folder.mkdir(parents=True)
    clip = replace(CLIP, path=folder / "clip.mp4", incident=None, size=200_000)
    (folder / "clip.mp4").write_bytes(bytes(200_000))
    with moto() as address:
        async with Storage(address) as bucket:
            bucket.make_bucket()
            bucket.is_open.clear()
            options = {
                "s3_endpoint": bucket.options().endpoint,
                "s3_bucket": bucket.bucket,
                "s3_region": "us-east-1",
                "s3_key_id": KEY_ID,
                "s3_secret": SECRET,
            }
            site = site_with(subentry_of(agent), detectors=[], **options)
            site.add_to_hass(hass)
            assert await hass.config_entries.async_setup(site.entry_id)
            client = await hass_ws_client()
            assert (await follow(client))["backlog"]["depth"] == 0

            await filmed(site, clip)
            say(site, clip)
            going = await told_that(client, lambda news: bool(news["uploading"]))
            bucket.is_open.set()
            arrived = await told_that(client, lambda news: news["off_site"]["files"] == 1)
            await hass.config_entries.async_unload(site.entry_id)

    since = clip.since.isoformat()
    assert going["backlog"] == {"depth": 1, "bytes": 200_000, "oldest": since}
    assert [each["footage"] for each in going["uploading"]] == ["f1"]
    assert arrived["off_site"] == {"files": 1, "bytes": 200_000}
    assert (arrived["backlog"]["depth"], arrived["error"]) == (0, None)
