"""Clips, pictures and frames over HTTP: who may see them, and what is answered if they are gone."""

from dataclasses import replace
from http import HTTPStatus
from pathlib import Path

from aiohttp.test_utils import TestClient
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from tests.ha.happened import CLIP, SEEN, filmed, happened


@pytest.fixture
async def client(
    running_site: MockConfigEntry, hass_client: ClientSessionGenerator, tmp_path: Path
) -> TestClient:
    """Somebody who is logged in, on a site with an incident whose files are there."""
    names = ("picture.jpg", "first.jpg", "second.jpg", "clip.mp4")
    picture, first, second, clip = (tmp_path / name for name in names)
    for file in (picture, first, second, clip):
        file.write_bytes(f"what is in {file.name}".encode())
    await happened(running_site, replace(SEEN, picture=picture, frames=(first, second)))
    await filmed(running_site, replace(CLIP, path=clip))
    return await hass_client()


@pytest.mark.parametrize(
    ("path", "content", "kind"),
    [
        ("picture/a1", b"what is in picture.jpg", "image/jpeg"),
        ("frame/a1/0", b"what is in first.jpg", "image/jpeg"),
        ("frame/a1/1", b"what is in second.jpg", "image/jpeg"),
        ("footage/f1", b"what is in clip.mp4", "video/mp4"),
    ],
)
async def test_a_file_is_served_by_the_id_of_its_row(
    client: TestClient, path: str, content: bytes, kind: str
) -> None:
    answer = await client.get(f"/api/gatehouse/{path}")

    assert (answer.status, answer.content_type) == (HTTPStatus.OK, kind)
    assert await answer.read() == content
    assert answer.headers["Cache-Control"].startswith("private")


async def test_a_player_may_ask_for_a_part(client: TestClient) -> None:
    answer = await client.get("/api/gatehouse/footage/f1", headers={"Range": "bytes=0-3"})

    assert (answer.status, await answer.read()) == (HTTPStatus.PARTIAL_CONTENT, b"what")


@pytest.mark.parametrize("path", ["picture/ffff", "frame/a1/2", "frame/ffff/0", "footage/ffff"])
async def test_what_is_not_there_is_not_found(client: TestClient, path: str) -> None:
    answer = await client.get(f"/api/gatehouse/{path}")

    assert answer.status == HTTPStatus.NOT_FOUND


async def test_a_file_that_somebody_removed_is_not_found(
    client: TestClient, tmp_path: Path
) -> None:
    (tmp_path / "picture.jpg").unlink()

    assert (await client.get("/api/gatehouse/picture/a1")).status == HTTPStatus.NOT_FOUND


@pytest.mark.parametrize(
    "path", ["picture/A1", "picture/a1.jpg", "frame/a1/-1", "frame/a1/first", "frame/a1/99999"]
)
async def test_only_ids_are_asked_for(client: TestClient, path: str) -> None:
    answer = await client.get(f"/api/gatehouse/{path}")

    assert answer.status == HTTPStatus.BAD_REQUEST


@pytest.mark.parametrize("path", ["picture/a1", "frame/a1/0", "footage/f1"])
@pytest.mark.usefixtures("client")
async def test_a_stranger_is_refused_without_a_word_of_an_attack(
    hass_client_no_auth: ClientSessionGenerator, path: str
) -> None:
    stranger = await hass_client_no_auth()

    assert (await stranger.get(f"/api/gatehouse/{path}")).status == HTTPStatus.FORBIDDEN
    forged = {"Authorization": "Bearer forged"}
    answer = await stranger.get(f"/api/gatehouse/{path}", headers=forged)
    assert answer.status == HTTPStatus.UNAUTHORIZED


async def test_a_database_that_fails_is_told(
    client: TestClient, running_site: MockConfigEntry
) -> None:
    await running_site.runtime_data.database.close()

    answer = await client.get("/api/gatehouse/picture/a1")

    assert answer.status == HTTPStatus.SERVICE_UNAVAILABLE
    assert (await answer.json())["code"] == "database_failed"


async def test_without_a_site_there_is_nothing(
    hass: HomeAssistant, client: TestClient, running_site: MockConfigEntry
) -> None:
    await hass.config_entries.async_unload(running_site.entry_id)

    assert (await client.get("/api/gatehouse/picture/a1")).status == HTTPStatus.NOT_FOUND
