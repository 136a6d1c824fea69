"""A visit that outlives the house: its clip off-site, deleted here, and played all the same."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
import hashlib
from http import HTTPStatus
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, WebSocketGenerator

from custom_components.gatehouse.models import Footage, FootageStage
from tests.e2e.browser import Viewing
from tests.rooms.footage.storage import KEY_ID, SECRET, moto
from tests.waiting import eventually

from .conftest import AgentProcess
from .visiting import clip_of, play, resolved, visited

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

BUCKET = "gatehouse"


@pytest.fixture
def storage() -> Iterator[str]:
    """The address of an S3 storage with an empty bucket."""
    with moto() as address:
        client(address).create_bucket(Bucket=BUCKET)
        yield address


@pytest.fixture
def options(storage: str) -> dict[str, Any]:
    """What a site has that keeps its clips in this storage."""
    return {
        "s3_endpoint": storage,
        "s3_bucket": BUCKET,
        "s3_key_id": KEY_ID,
        "s3_secret": SECRET,
    }


async def test_a_clip_is_off_site_byte_for_byte_and_plays_when_it_is_no_longer_here(
    hass: HomeAssistant,
    site: MockConfigEntry,
    agent: AgentProcess,
    storage: str,
    hass_client_no_auth: ClientSessionGenerator,
    hass_ws_client: WebSocketGenerator,
    viewing: Viewing,
) -> None:
    incident = await visited(hass, agent)
    row = await uploaded(site, incident)
    here = await asyncio.to_thread(row.path.read_bytes)
    beside = await asyncio.to_thread(row.path.with_suffix(".jpg").read_bytes)

    there = await asyncio.to_thread(objects, storage)
    key = Path(row.key)
    assert there[str(key)] == here
    assert there[str(key.with_suffix(".jpg"))] == beside
    assert hashlib.sha256(here).hexdigest() == row.sha256

    assert await made_room(site) >= len(here)
    assert not await asyncio.to_thread(row.path.exists)
    assert not await asyncio.to_thread(row.path.with_suffix(".jpg").exists)

    outside = await hass_client_no_auth()
    path = await resolved(hass_ws_client, incident["clip"])
    told = await outside.get(path, allow_redirects=False)
    assert told.status == HTTPStatus.FOUND
    assert told.headers["Location"].startswith(f"{storage}/{BUCKET}/{row.key}?")
    part = await outside.get(path, headers={"Range": "bytes=100-299"})
    assert (part.status, await part.read()) == (HTTPStatus.PARTIAL_CONTENT, here[100:300])

    async with viewing() as page:
        await play(page, str(outside.make_url(path)))


async def uploaded(site: MockConfigEntry, incident: dict[str, Any]) -> Footage:
    """Wait until an incident's clip is off-site; return its row."""

    async def found() -> Footage | None:
        row = await clip_of(site, incident)
        return row if row.stage is FootageStage.UPLOADED else None

    return await eventually(found, 20, "the upload")


async def made_room(site: MockConfigEntry) -> int:
    """Sweep as if the media folder had no room at all; return how many bytes are free again."""
    retention = site.runtime_data.storage.retention
    retention._options = replace(retention._options, most_bytes=1)
    freed: int = (await retention.sweep()).size
    return freed


def client(address: str) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=address,
        aws_access_key_id=KEY_ID,
        aws_secret_access_key=SECRET,
        region_name="us-east-1",
        config=Config(s3={"addressing_style": "path"}),
    )


def objects(address: str) -> dict[str, bytes]:
    """Return all that is in the bucket."""
    asked = client(address)
    keys = [each["Key"] for each in asked.list_objects_v2(Bucket=BUCKET)["Contents"]]
    return {key: asked.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys}
