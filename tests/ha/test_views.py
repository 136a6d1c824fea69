"""Clips, pictures and frames over HTTP: who may see them, and what is answered if they are gone."""

from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Final

from aiohttp.test_utils import TestClient
from homeassistant.components.http.auth import async_sign_path
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.gatehouse.footage import FootageError
from custom_components.gatehouse.models import Footage, FootageStage, Frame
from tests.ha.happened import CLIP, SEEN, filmed, happened
from tests.ha.raw_http import asked

MINUTE: Final = timedelta(minutes=1)


@pytest.fixture
def media(tmp_path: Path) -> Path:
    """The folder that is ours."""
    media = tmp_path / "media" / "gatehouse"
    media.mkdir(parents=True, exist_ok=True)
    return media


@pytest.fixture
async def client(
    running_site: MockConfigEntry, hass_client: ClientSessionGenerator, media: Path
) -> TestClient:
    """Somebody who is logged in, on a site with an incident whose files are there."""
    names = ("picture.jpg", "first.jpg", "second.jpg", "clip.mp4", "clip.jpg")
    picture, first, second, clip, poster = (media / name for name in names)
    for file in (picture, first, second, clip, poster):
        file.write_bytes(f"what is in {file.name}".encode())
    await happened(
        running_site, replace(SEEN, picture=picture, frames=(Frame(path=first), Frame(path=second)))
    )
    await filmed(running_site, replace(CLIP, path=clip))
    return await hass_client()


SERVED: Final = (
    ("picture/a1", b"what is in picture.jpg", "image/jpeg"),
    ("frame/a1/0", b"what is in first.jpg", "image/jpeg"),
    ("frame/a1/1", b"what is in second.jpg", "image/jpeg"),
    ("footage/f1", b"what is in clip.mp4", "video/mp4"),
    ("footage/f1/poster", b"what is in clip.jpg", "image/jpeg"),
)


async def test_a_file_is_served_by_the_id_of_its_row(
    client: TestClient, subtests: pytest.Subtests
) -> None:
    for path, content, kind in SERVED:
        with subtests.test(path):
            answer = await client.get(f"/api/gatehouse/{path}")

            assert (answer.status, answer.content_type) == (HTTPStatus.OK, kind)
            assert await answer.read() == content
            assert answer.headers["Cache-Control"].startswith("private")


async def test_a_player_may_ask_for_a_part(client: TestClient) -> None:
    answer = await client.get("/api/gatehouse/footage/f1", headers={"Range": "bytes=0-3"})

    assert (answer.status, await answer.read()) == (HTTPStatus.PARTIAL_CONTENT, b"what")


NOT_THERE: Final = (
    "picture/ffff",
    "frame/a1/2",
    "frame/ffff/0",
    "footage/ffff",
    "footage/ffff/poster",
)


async def test_what_is_not_there_is_not_found(
    client: TestClient, subtests: pytest.Subtests
) -> None:
    for path in NOT_THERE:
        with subtests.test(path):
            answer = await client.get(f"/api/gatehouse/{path}")

            assert answer.status == HTTPStatus.NOT_FOUND


async def test_a_file_that_somebody_removed_is_not_found(client: TestClient, media: Path) -> None:
    (media / "picture.jpg").unlink()

    assert (await client.get("/api/gatehouse/picture/a1")).status == HTTPStatus.NOT_FOUND


NO_IDS: Final = ("picture/A1", "picture/a1.jpg", "frame/a1/-1", "frame/a1/first", "frame/a1/99999")


async def test_only_ids_are_asked_for(client: TestClient, subtests: pytest.Subtests) -> None:
    for path in NO_IDS:
        with subtests.test(path):
            answer = await client.get(f"/api/gatehouse/{path}")

            assert answer.status == HTTPStatus.BAD_REQUEST


@pytest.mark.parametrize("path", ["picture/a1", "frame/a1/0", "footage/f1", "footage/f1/poster"])
@pytest.mark.usefixtures("client")
async def test_a_stranger_is_refused_without_a_word_of_an_attack(
    hass_client_no_auth: ClientSessionGenerator, path: str
) -> None:
    stranger = await hass_client_no_auth()

    assert (await stranger.get(f"/api/gatehouse/{path}")).status == HTTPStatus.FORBIDDEN
    forged = {"Authorization": "Bearer forged"}
    answer = await stranger.get(f"/api/gatehouse/{path}", headers=forged)
    assert answer.status == HTTPStatus.UNAUTHORIZED


async def test_a_part_that_did_not_change_is_not_sent_again(client: TestClient) -> None:
    first = await client.get("/api/gatehouse/footage/f1/poster")

    known = {"If-None-Match": first.headers["ETag"]}
    again = await client.get("/api/gatehouse/footage/f1/poster", headers=known)

    assert (again.status, await again.read()) == (HTTPStatus.NOT_MODIFIED, b"")


# --- What our rows may name ------------------------------------------------------------------


NOT_OURS: Final = (
    "notes.txt",
    "page.html",
    "clip.mp4.exe",
    "clip",
    "linked.mp4",
    "../../secrets.mp4",
    "/etc/passwd",
)


async def test_a_row_that_names_no_clip_of_ours_is_refused(
    client: TestClient,
    running_site: MockConfigEntry,
    media: Path,
    caplog: pytest.LogCaptureFixture,
    subtests: pytest.Subtests,
) -> None:
    secret = media.parents[1] / "secrets.mp4"
    for file in (
        secret,
        *(media / name for name in ("notes.txt", "page.html", "clip.mp4.exe", "clip")),
    ):
        file.write_text("private")
    (media / "linked.mp4").symlink_to(secret)

    for number, name in enumerate(NOT_OURS, 2):
        await filmed(running_site, replace(CLIP, id=f"f{number}", path=media / name))
        frames = (Frame(path=media / name),)
        await happened(
            running_site, replace(SEEN, id=f"a{number}", picture=media / name, frames=frames)
        )

        for path in (f"footage/f{number}", f"picture/a{number}", f"frame/a{number}/0"):
            with subtests.test(name, path=path):
                caplog.clear()
                answer = await client.get(f"/api/gatehouse/{path}")
                assert answer.status == HTTPStatus.NOT_FOUND
                assert "is not served" in caplog.text


# --- Off-site --------------------------------------------------------------------------------


class ScriptedOffsite:
    """An off-site storage that has an address for everything, or does not answer."""

    down = False

    async def url(self, row: Footage, lifetime: timedelta, name: str | None = None) -> str:
        return self._address(f"{row.key}?for={lifetime.total_seconds():.0f}")

    async def poster_url(self, row: Footage, lifetime: timedelta) -> str:
        return self._address(f"poster-of-{row.key}?for={lifetime.total_seconds():.0f}")

    def _address(self, key: str) -> str:
        if self.down:
            raise FootageError("The storage does not answer. Look whether it runs.")
        return f"https://storage.example/bucket/{key}"


@pytest.fixture
async def offsite(
    client: TestClient, running_site: MockConfigEntry, monkeypatch: pytest.MonkeyPatch, media: Path
) -> ScriptedOffsite:
    """A site that has uploaded a clip and deleted it here."""
    offsite = ScriptedOffsite()
    monkeypatch.setattr(running_site.runtime_data.storage, "offsite", offsite)
    away = replace(CLIP, stage=FootageStage.UPLOADED, key="f2.mp4", size=1234, path=None)
    await filmed(
        running_site,
        replace(away, id="f2"),
        replace(away, id="f3", path=media / "clip.mp4"),
        replace(away, id="f4", path=media / "removed.mp4"),
        replace(away, id="f5", stage=FootageStage.READY),
    )
    return offsite


ADDRESSES: Final = (
    ("footage/f2", "https://storage.example/bucket/f2.mp4?for=3600"),
    ("footage/f2/poster", "https://storage.example/bucket/poster-of-f2.mp4?for=3600"),
    ("footage/f4", "https://storage.example/bucket/f2.mp4?for=3600"),
)


@pytest.mark.usefixtures("offsite")
async def test_what_is_only_off_site_is_found_there(
    client: TestClient, subtests: pytest.Subtests
) -> None:
    for path, address in ADDRESSES:
        with subtests.test(path):
            answer = await client.get(f"/api/gatehouse/{path}", allow_redirects=False)

            assert (answer.status, answer.headers["Location"]) == (HTTPStatus.FOUND, address)


@pytest.mark.usefixtures("offsite")
async def test_what_is_here_too_is_served_from_here(client: TestClient) -> None:
    answer = await client.get("/api/gatehouse/footage/f3", allow_redirects=False)

    assert (answer.status, await answer.read()) == (HTTPStatus.OK, b"what is in clip.mp4")


@pytest.mark.usefixtures("offsite")
async def test_what_is_not_verified_off_site_is_not_looked_for_there(client: TestClient) -> None:
    answer = await client.get("/api/gatehouse/footage/f5", allow_redirects=False)

    assert answer.status == HTTPStatus.NOT_FOUND


@pytest.mark.usefixtures("offsite")
async def test_a_player_learns_how_long_a_clip_off_site_is(client: TestClient) -> None:
    answer = await client.head("/api/gatehouse/footage/f2", allow_redirects=False)

    assert (answer.status, answer.content_type) == (HTTPStatus.OK, "video/mp4")
    assert answer.headers["Content-Length"] == "1234"
    assert answer.headers["Accept-Ranges"] == "bytes"


async def test_a_storage_that_does_not_answer_is_told(
    client: TestClient, offsite: ScriptedOffsite
) -> None:
    offsite.down = True

    answer = await client.get("/api/gatehouse/footage/f2")

    assert answer.status == HTTPStatus.SERVICE_UNAVAILABLE
    assert (await answer.json())["code"] == "footage_failed"


# --- Who may see it --------------------------------------------------------------------------

CLIP_PATH: Final = "/api/gatehouse/footage/f1"


LETTER_FOR_LETTER: Final = (
    ("GET", CLIP_PATH, 200),
    ("HEAD", CLIP_PATH, 200),
    ("HEAD", "/api/gatehouse/footage/ffff", 404),
    *((method, CLIP_PATH, 405) for method in ("POST", "PUT", "DELETE", "PATCH")),
    ("GET", "/api/gatehouse/footage/..%2ff1", 400),
    ("GET", "/api/gatehouse/footage/%252e%252e%252fsecrets.yaml", 400),
    ("GET", "/api/gatehouse/footage/../../../secrets.yaml", 400),
    ("GET", "/api/gatehouse/footage//etc/passwd", 404),
    ("GET", "/api/gatehouse/footage/%2fetc%2fpasswd", 400),
    ("GET", "/api/gatehouse/footage/%c0%ae%c0%ae%c0%af", 400),
    ("GET", "/api/gatehouse/footage/%EF%BD%861", 400),
    ("GET", "/api/gatehouse/footage/f1%00", 400),
    ("GET", "/api/gatehouse/footage/f1%0a", 400),
    ("GET", "/api/gatehouse/footage/f1.mp4", 400),
    ("GET", "/api/gatehouse/footage/f1/clip.mp4", 404),
    ("GET", "/api/gatehouse/footage/f1/poster/..%2f..", 400),
    ("GET", "/api/gatehouse/footage/%D9%A1", 400),
    ("GET", "/api/gatehouse/footage/", 404),
    ("GET", f"/api/gatehouse/footage/{'f' * 65}", 400),
    ("GET", f"/api/gatehouse/footage/{'f' * 100_000}", 400),
)


async def test_an_address_is_taken_letter_for_letter(
    client: TestClient, hass_access_token: str, subtests: pytest.Subtests
) -> None:
    login = {"Authorization": f"Bearer {hass_access_token}"}

    for method, path, status in LETTER_FOR_LETTER:
        with subtests.test(method=method, path=path):
            assert (await asked(client, path, method, login)).status == status


CHANGED: Final = (
    (("", ""), 200),
    (("f1", "f2"), 403),
    (("footage/f1", "footage/f1/poster"), 403),
    (("footage/f1", "picture/a1"), 403),
    (("?", "?extra=1&"), 403),
    (("authSig=", "authSig=x"), 403),
    (("authSig=", "other="), 403),
)


async def test_a_signature_is_good_for_one_address(
    hass: HomeAssistant,
    client: TestClient,
    hass_client_no_auth: ClientSessionGenerator,
    subtests: pytest.Subtests,
) -> None:
    stranger = await hass_client_no_auth()
    signed = async_sign_path(hass, CLIP_PATH, MINUTE, use_content_user=True)

    for changed, status in CHANGED:
        with subtests.test(str(changed)):
            answer = await asked(stranger, signed.replace(*changed, 1))

            assert answer.status == status


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.usefixtures("client")
async def test_a_signature_of_somebody_who_is_gone_is_refused(
    hass: HomeAssistant,
    hass_client_no_auth: ClientSessionGenerator,
    hass_access_token: str,
    method: str,
) -> None:
    stranger = await hass_client_no_auth()
    login = hass.auth.async_validate_access_token(hass_access_token)
    assert login
    signed = async_sign_path(hass, CLIP_PATH, MINUTE, refresh_token_id=login.id)
    assert (await asked(stranger, signed, method)).status == HTTPStatus.OK

    hass.auth.async_remove_refresh_token(login)

    assert (await asked(stranger, signed, method)).status == HTTPStatus.FORBIDDEN


@pytest.mark.usefixtures("client")
async def test_a_signature_runs_out(
    hass: HomeAssistant, hass_client_no_auth: ClientSessionGenerator
) -> None:
    stranger = await hass_client_no_auth()

    signed = async_sign_path(hass, CLIP_PATH, -MINUTE, use_content_user=True)

    assert (await asked(stranger, signed)).status == HTTPStatus.FORBIDDEN


# --- Troubles --------------------------------------------------------------------------------


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
