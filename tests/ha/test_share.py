"""Share links: what somebody without a login gets to see, and what not."""

from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from http import HTTPStatus
from itertools import product
import logging
from pathlib import Path
import re
from typing import Final

from aiohttp import ClientSession, web
from aiohttp.test_utils import TestClient, TestServer
from homeassistant.components.http.ban import KEY_FAILED_LOGIN_ATTEMPTS
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
from yarl import URL

from custom_components.gatehouse.footage import (
    Disk,
    FootageStore,
    Link,
    Links,
    LinkStore,
    Offsite,
    OffsiteOptions,
    StorageUnreachable,
)
from custom_components.gatehouse.guesses import GUESSES_A_MINUTE, MINUTE, MOST_ADDRESSES, Guesses
from custom_components.gatehouse.models import Footage, FootageStage
from custom_components.gatehouse.share_address import share_path
from tests.ha.happened import CLIP, NOON, SEEN, filmed, happened
from tests.ha.raw_http import Answer, asked
from tests.rooms.footage.storage import Storage, moto

CONTENT: Final = bytes(range(250)) * 4
POSTER: Final = b"what is in clip.jpg"
VIEWING: Final = "a-viewing-of-a-page"
DAY: Final = timedelta(days=1)


class ScriptedOffsite:
    """An off-site storage on loopback that holds every clip and poster."""

    def __init__(self) -> None:
        self.lifetimes: list[timedelta] = []
        self.names: list[str | None] = []
        self.down = False
        app = web.Application()
        app.router.add_get("/bucket/{key:.*}", self._object)
        self.server = TestServer(app)

    async def url(self, row: Footage, lifetime: timedelta, name: str | None = None) -> str:
        self.names.append(name)
        return self._signed(f"{row.key}", lifetime)

    async def poster_url(self, row: Footage, lifetime: timedelta) -> str:
        return self._signed(f"{row.key}".replace(".mp4", ".jpg"), lifetime)

    def _signed(self, key: str, lifetime: timedelta) -> str:
        if self.down:
            raise StorageUnreachable("The storage does not answer. Look whether it runs.")
        self.lifetimes.append(lifetime)
        return str(self.server.make_url(f"/bucket/{key}").with_query(Signature="signed-for-you"))

    async def _object(self, request: web.Request) -> web.Response:
        return web.Response(body=f"{request.match_info['key']} off-site".encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """A site with one clip, and somebody outside."""

    site: MockConfigEntry
    media: Path
    outside: TestClient

    @property
    def links(self) -> Links:
        found: Links = self.site.runtime_data.storage.links
        return found

    async def film(self, **changes: object) -> Footage:
        """Put another clip into the database."""
        row = replace(CLIP, path=self.media / "clip.mp4", **changes)  # type: ignore[arg-type]
        await filmed(self.site, row)
        return row

    async def link(self, footage: str = "f1", most_uses: int | None = None, note: str = "") -> Link:
        return await self.links.create(footage, DAY, most_uses, note)

    async def over(self, **ended: object) -> Link:
        """Put a link into the database that is over."""
        living = await self.link()
        token = living.token[::-1]
        link = replace(living, id=f"over-{living.id}", token=token, **ended)  # type: ignore[arg-type]
        await LinkStore(self.site.runtime_data.database).add(link)
        return link

    async def uses(self) -> list[int]:
        return [link.uses for link in await self.links.living()]

    async def page(self, link: Link) -> Answer:
        return await asked(self.outside, share_path(link))

    async def clip(
        self, link: Link, viewing: str = VIEWING, method: str = "GET", **headers: str
    ) -> Answer:
        path = f"{share_path(link)}/clip?viewing={viewing}"
        return await asked(self.outside, path, method, headers)


@pytest.fixture
async def house(
    running_site: MockConfigEntry, hass_client_no_auth: ClientSessionGenerator, tmp_path: Path
) -> House:
    media = tmp_path / "media" / "gatehouse"
    media.mkdir(parents=True, exist_ok=True)
    (media / "clip.mp4").write_bytes(CONTENT)
    (media / "clip.jpg").write_bytes(POSTER)
    house = House(site=running_site, media=media, outside=await hass_client_no_auth())
    await happened(running_site, SEEN)
    await house.film()
    return house


@pytest.fixture
async def offsite(house: House, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ScriptedOffsite]:
    offsite = ScriptedOffsite()
    await offsite.server.start_server(shutdown_timeout=0.1)
    monkeypatch.setattr(house.site.runtime_data.storage, "offsite", offsite)
    yield offsite
    await offsite.server.close()


# --- What is shown ---------------------------------------------------------------------------


async def test_the_page_says_where_and_when_and_for_whom(house: House, hass: HomeAssistant) -> None:
    await hass.config.async_set_time_zone("Europe/Berlin")
    link = await house.link(note="For Ann & <script>alert(1)</script>")

    page = await house.page(link)

    text = page.body.decode()
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "<title>Front door · 2026-11-20 12:59:55 CET</title>" in text
    assert 'datetime="2026-11-20T12:59:55+01:00"' in text
    assert "For Ann &amp; &lt;script&gt;alert(1)&lt;/script&gt;" in text


async def test_the_page_tells_nothing_else_of_the_house(house: House, hass: HomeAssistant) -> None:
    text = (await house.page(await house.link())).body.decode()

    secrets = [CLIP.id, SEEN.id, CLIP.camera, "clip.mp4", "medium", "person", "rang", "Drive"]
    secrets += [hass.config.location_name, str(house.media), "http:", "https:", "<script"]
    assert not [secret for secret in secrets if re.search(rf"\b{re.escape(secret)}\b", text)]


async def test_a_browser_may_do_nothing_but_show_the_page(house: House) -> None:
    link = await house.link()

    for answer in (await house.page(link), await house.clip(link)):
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "media-src 'self';" in policy
        assert "script-src" not in policy
        assert "unsafe" not in policy
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Robots-Tag"].startswith("noindex")


async def test_the_style_of_the_page_is_the_one_that_is_allowed(house: House) -> None:
    page = await house.page(await house.link())

    style = re.search(r"<style>(.*?)</style>", page.body.decode(), re.DOTALL)
    assert style
    digest = b64encode(sha256(style[1].encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in page.headers["Content-Security-Policy"]


async def test_what_the_page_names_is_there(house: House) -> None:
    text = (await house.page(await house.link(most_uses=1))).body.decode()

    poster = re.search(r'poster="([^"]+)"', text)
    sources = re.findall(r'<source src="([^"]+)"', text)
    assert poster
    assert (await asked(house.outside, poster[1])).body == POSTER
    assert [(await asked(house.outside, source)).body for source in sources] == [CONTENT]


async def test_the_clip_is_shown_and_not_downloaded(house: House, hass: HomeAssistant) -> None:
    await hass.config.async_set_time_zone("Europe/Berlin")

    clip = await house.clip(await house.link())

    assert clip.headers["Content-Type"] == "video/mp4"
    assert (
        clip.headers["Content-Disposition"] == 'inline; filename="front_door_2026-11-20_125955.mp4"'
    )


async def test_the_movie_of_an_appointment_is_shown_like_a_clip(house: House) -> None:
    await house.film(id="f2", incident=None, camera="01JD3K9PAIR", booking="tennis", wanted=True)
    link = await house.link("f2")

    page, movie = await house.page(link), await house.clip(link)

    assert (page.status, movie.status, movie.body) == (200, 200, CONTENT)
    assert "01JD3K9PAIR" not in page.body.decode()


async def test_a_refusal_speaks_the_language_of_the_house(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def german(*_: object) -> dict[str, str]:
        key = "component.gatehouse.exceptions.link_unknown.message"
        return {key: "Diesen Link gibt es nicht & gab es nie."}

    monkeypatch.setattr("custom_components.gatehouse.share_view.async_get_translations", german)

    answer = await asked(house.outside, "/gatehouse/share/never")

    assert "<p>Diesen Link gibt es nicht &amp; gab es nie.</p>" in answer.body.decode()


# --- How often -------------------------------------------------------------------------------


async def test_a_preview_in_a_messenger_uses_nothing(house: House) -> None:
    link = await house.link(most_uses=1)

    for method in ("GET", "HEAD"):
        for part in ("", "/picture"):
            assert (await asked(house.outside, share_path(link) + part, method)).status == 200
    assert (await house.clip(link, method="HEAD")).status == 200

    assert await house.uses() == [0]


async def test_a_player_that_asks_for_many_parts_uses_the_link_once(house: House) -> None:
    link = await house.link(most_uses=1)

    parts = [await house.clip(link, Range=f"bytes={at}-{at + 99}") for at in range(0, 1000, 100)]
    picture = await asked(house.outside, f"{share_path(link)}/picture?viewing={VIEWING}")

    assert {part.status for part in parts} == {206}
    assert b"".join(part.body for part in parts) == CONTENT
    assert picture.body == POSTER
    assert (await house.clip(link, viewing="another-viewing-of-it")).status == 410


async def test_each_page_is_a_viewing_of_its_own(house: House) -> None:
    link = await house.link()

    sources = [
        re.findall(r'<source src="([^"]+)"', (await house.page(link)).body.decode())
        for _ in range(3)
    ]

    for (source,) in sources:
        await asked(house.outside, source)
    assert await house.uses() == [3]


# --- Off-site --------------------------------------------------------------------------------


async def test_an_uploaded_clip_is_watched_from_the_storage(
    house: House, offsite: ScriptedOffsite
) -> None:
    await house.film(id="f2", stage=FootageStage.UPLOADED, key="2026/f2.mp4", size=1000)
    link = await house.link("f2")

    answer = await house.clip(link)

    assert answer.status == 302
    assert answer.headers["Location"].startswith(str(offsite.server.make_url("/bucket/2026/f2")))
    assert answer.headers["Cache-Control"] == "no-store"
    assert offsite.lifetimes == [timedelta(hours=1)]
    assert offsite.names[0] is not None
    assert offsite.names[0].startswith("front_door_")


async def test_an_outsider_plays_from_a_real_storage(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "gatehouse/2026/11/20/front_door/125955-f2.mp4"
    gone = replace(CLIP, id="f2", stage=FootageStage.UPLOADED, key=key, size=1000, path=None)
    await filmed(house.site, gone)
    rows = FootageStore(house.site.runtime_data.database)
    disk = Disk(house.media, dt_util.get_default_time_zone())
    link = await house.link("f2", most_uses=1)
    with moto() as address:
        async with Storage(address) as bucket, ClientSession() as browser:
            bucket.make_bucket()
            for name, content in ((key, CONTENT), (key.replace(".mp4", ".jpg"), POSTER)):
                bucket.client.put_object(Bucket=bucket.bucket, Key=name, Body=content)
            offsite = Offsite(rows, bucket.s3(), disk, OffsiteOptions(), lambda _: None)
            monkeypatch.setattr(house.site.runtime_data.storage, "offsite", offsite)
            page = (await house.page(link)).body.decode()
            source, poster = re.findall(r'(?:src|poster)="([^"]+)"', page)[::-1]
            clip_at = (await asked(house.outside, source)).headers["Location"]
            picture_at = (await asked(house.outside, poster)).headers["Location"]

            part = await browser.get(URL(clip_at, encoded=True), headers={"Range": "bytes=9-99"})
            picture = await browser.get(URL(picture_at, encoded=True))

            assert (part.status, await part.read()) == (206, CONTENT[9:100])
            assert part.headers["Content-Type"] == "video/mp4"
            assert part.headers["Content-Disposition"].startswith("inline")
            assert (picture.status, await picture.read()) == (200, POSTER)


async def test_the_page_of_an_uploaded_clip_names_both_copies(
    house: House, offsite: ScriptedOffsite
) -> None:
    await house.film(id="f2", stage=FootageStage.UPLOADED, key="2026/f2.mp4")
    link = await house.link("f2")

    page = await house.page(link)

    away, here = re.findall(r'<source src="([^"]+)"', page.body.decode())
    origin = str(offsite.server.make_url("/")).rstrip("/")
    assert f"media-src 'self' {origin};" in page.headers["Content-Security-Policy"]
    assert "Signature" not in page.headers["Content-Security-Policy"]
    assert here == f"{away}&amp;from=here"
    served = await asked(house.outside, here.replace("&amp;", "&"))
    assert (served.status, served.body) == (200, CONTENT)


async def test_both_copies_are_one_use(house: House, offsite: ScriptedOffsite) -> None:
    await house.film(id="f2", stage=FootageStage.UPLOADED, key="2026/f2.mp4")
    link = await house.link("f2", most_uses=2)

    await house.clip(link)
    await house.clip(link, viewing=f"{VIEWING}&from=here")

    assert await house.uses() == [1]


async def test_an_address_of_the_storage_lives_no_longer_than_the_link(
    house: House, offsite: ScriptedOffsite
) -> None:
    await house.film(id="f2", stage=FootageStage.UPLOADED, key="2026/f2.mp4")
    link = await house.links.create("f2", timedelta(minutes=5))

    await house.clip(link)

    assert timedelta(minutes=4) < offsite.lifetimes[0] <= timedelta(minutes=5)


async def test_without_the_storage_the_clip_comes_from_the_house(
    house: House, offsite: ScriptedOffsite
) -> None:
    offsite.down = True
    await house.film(id="f2", stage=FootageStage.UPLOADED, key="2026/f2.mp4")
    link = await house.link("f2")

    assert (await house.clip(link)).body == CONTENT
    assert (await house.page(link)).body.count(b"<source") == 1


async def test_what_is_only_off_site_is_shown_from_there(
    house: House, offsite: ScriptedOffsite
) -> None:
    gone = replace(CLIP, id="f2", stage=FootageStage.UPLOADED, key="2026/f2.mp4", size=1234)
    await filmed(house.site, replace(gone, path=None))
    link = await house.link("f2")

    assert (await house.page(link)).body.count(b"<source") == 1
    picture = await asked(house.outside, f"{share_path(link)}/picture")
    assert picture.headers["Location"].endswith("/2026/f2.jpg?Signature=signed-for-you")
    head = await house.clip(link, method="HEAD")
    assert (head.status, head.headers["Content-Length"], head.body) == (200, "1234", b"")
    assert head.headers["Content-Type"] == "video/mp4"


async def test_what_is_only_off_site_waits_for_the_storage(
    house: House, offsite: ScriptedOffsite
) -> None:
    offsite.down = True
    gone = replace(CLIP, id="f2", stage=FootageStage.UPLOADED, key="2026/f2.mp4", path=None)
    await filmed(house.site, gone)
    link = await house.link("f2", most_uses=1)

    assert (await house.page(link)).status == 503
    assert (await house.clip(link)).status == 503
    assert (await asked(house.outside, f"{share_path(link)}/picture")).status == 404
    assert await house.uses() == [0]


# --- What is refused -------------------------------------------------------------------------

LINK: Final = "/gatehouse/share/{token}"
CLIP_OF: Final = f"{LINK}/clip?viewing={VIEWING}"
ABUSE: Final = ",".join(["0-1"] * 10_000)


LETTER_FOR_LETTER: Final = (
    ("GET", LINK, 200),
    ("HEAD", LINK, 200),
    ("HEAD", CLIP_OF, 200),
    ("HEAD", f"{LINK}/picture", 200),
    *((method, LINK, 405) for method in ("POST", "PUT", "DELETE", "PATCH", "TRACE")),
    *((method, CLIP_OF, 405) for method in ("POST", "PUT", "DELETE", "PATCH")),
    # Pages of others may not even ask.
    ("OPTIONS", LINK, 403),
    # Links that never were.
    ("GET", "/gatehouse/share/never", 404),
    ("GET", f"{LINK}x", 404),
    ("GET", f"{LINK}%00", 404),
    ("GET", f"{LINK}%E2%80%AE", 404),
    ("GET", f"/gatehouse/share/{'a' * 32}", 404),
    ("GET", f"/gatehouse/share/{'a' * 5000}", 404),
    ("GET", f"/gatehouse/share/{'a' * 100_000}", 400),
    ("HEAD", f"/gatehouse/share/{'a' * 32}/clip?viewing={VIEWING}", 404),
    ("GET", "/gatehouse/share/", 404),
    ("GET", "/gatehouse/share", 404),
    ("GET", "/gatehouse/", 404),
    # Other places by a good link.
    ("GET", f"{LINK}/", 404),
    ("GET", f"{LINK}/clip.mp4", 404),
    ("GET", f"{LINK}/clip/f2?viewing={VIEWING}", 404),
    ("GET", f"{LINK}/../../../api/states", 400),
    ("GET", f"{LINK}/..%2f..%2fapi/states", 400),
    ("GET", f"{LINK}/%2e%2e%2f%2e%2e%2fsecrets.yaml", 400),
    ("GET", f"{LINK}/%252e%252e%252fsecrets.yaml", 400),
    ("GET", f"{LINK}/%c0%ae%c0%ae/secrets.yaml", 404),
    ("GET", f"{LINK}/%EF%BC%8E%EF%BC%8E/secrets.yaml", 404),
    ("GET", f"{LINK}//etc/passwd", 404),
    ("GET", "/gatehouse/share/%2fetc%2fpasswd", 404),
    ("GET", "/gatehouse/share/..%5c..%5csecrets.yaml", 404),
    # A token is no login.
    ("GET", "/api/gatehouse/footage/f1?token={token}", 403),
    ("GET", "/api/gatehouse/footage/f1?authSig={token}", 403),
    # Viewings that no page gave.
    ("GET", f"{LINK}/clip", 400),
    ("GET", f"{LINK}/clip?viewing=", 400),
    ("GET", f"{LINK}/clip?viewing=short", 400),
    ("GET", f"{LINK}/clip?viewing={'v' * 65}", 400),
    ("GET", f"{LINK}/clip?viewing=with%20blanks%20in%20it", 400),
)


async def test_a_link_is_followed_letter_for_letter(
    house: House, subtests: pytest.Subtests
) -> None:
    link = await house.link()

    for method, path, status in LETTER_FOR_LETTER:
        with subtests.test(method=method, path=path):
            answer = await asked(house.outside, path.format(token=link.token), method)

            assert answer.status == status
            assert CONTENT not in answer.body
            assert await house.uses() == [0]


RANGES: Final = (
    ("bytes=0-3", 206, CONTENT[:4]),
    ("bytes=996-", 206, CONTENT[996:]),
    ("bytes=-4", 206, CONTENT[-4:]),
    ("bytes=-5000", 206, CONTENT),
    ("bytes=990-99999999999999999999", 206, CONTENT[990:]),
    ("bytes=1000-", 416, b""),
    ("bytes=99999999999999999999-", 416, b""),
    (f"bytes={'9' * 5000}-", 416, b""),
    ("bytes=5-2", 416, b""),
    ("bytes=-", 416, b""),
    ("bytes=", 416, b""),
    ("bytes=a-b", 416, b""),
    ("bytes=--4", 416, b""),
    ("bytes=-1-4", 416, b""),
    ("bytes=0x0-0x3", 416, b""),
    ("bytes=٠-٣", 416, b""),
    ("bytes=0-3,6-9", 416, b""),
    ("bytes=0-9,5-14,0-999", 416, b""),
    (f"bytes={ABUSE[:8000]}", 416, b""),
    (f"bytes={ABUSE}", 400, None),
    ("lines=0-3", 416, b""),
)


async def test_ranges_give_what_they_say_or_nothing(
    house: House, subtests: pytest.Subtests
) -> None:
    for asked_for, status, content in RANGES:
        with subtests.test(range=asked_for):
            answer = await house.clip(await house.link(), Range=asked_for)

            assert answer.status == status
            assert content is None or answer.body == content


OVER: Final = (
    ({"expires": dt_util.utcnow()}, "time of this link is over"),
    ({"revoked": NOON}, "taken back"),
    ({"most_uses": 2, "uses": 2}, "as often as it may be"),
)

PARTS: Final = ("", "/picture", f"/clip?viewing={VIEWING}")


async def test_a_link_that_is_over_shows_nothing_but_why(
    house: House, subtests: pytest.Subtests
) -> None:
    for ended, word in OVER:
        link = await house.over(**ended)
        for method, part in product(("GET", "HEAD"), PARTS):
            with subtests.test(word, method=method, part=part):
                answer = await asked(house.outside, share_path(link) + part, method)
                page = await house.page(link)

                assert (answer.status, page.status) == (410, 410)
                assert word in page.body.decode()
                assert "Front door" not in page.body.decode()


NOT_OURS: Final = (
    ({"path": None, "stage": FootageStage.REQUESTED}, 503),
    ({"path": None, "stage": FootageStage.FETCHED}, 503),
    ({"path": None, "stage": FootageStage.FAILED}, 410),
    ({"path": None, "stage": FootageStage.EXPIRED}, 410),
    ({"path": Path("removed.mp4")}, 410),
    ({"path": Path("notes.txt")}, 410),
    ({"path": Path("linked.mp4")}, 410),
    ({"path": Path("../../outside.mp4")}, 410),
    ({"path": Path("folder.mp4")}, 410),
)


async def test_what_is_no_clip_of_ours_is_not_shared(
    house: House, subtests: pytest.Subtests
) -> None:
    (house.media / "notes.txt").write_text("private")
    (house.media / "folder.mp4").mkdir()
    outside = house.media.parents[1] / "outside.mp4"
    outside.write_text("private")
    (house.media / "linked.mp4").symlink_to(outside)

    for number, (changes, status) in enumerate(NOT_OURS, 2):
        with subtests.test(str(changes)):
            row = replace(CLIP, id=f"f{number}", **changes)  # type: ignore[arg-type]
            await filmed(house.site, replace(row, path=row.path and house.media / row.path))
            link = await house.link(row.id)

            for answer in (await house.page(link), await house.clip(link)):
                assert answer.status == status
                assert b"private" not in answer.body


async def test_a_clip_that_no_row_knows_is_gone(house: House) -> None:
    link = await house.link("ffff")

    assert (await house.page(link)).status == 410
    assert (await asked(house.outside, f"{share_path(link)}/picture")).status == 410


async def test_a_clip_without_a_poster_still_has_its_page(house: House) -> None:
    (house.media / "clip.jpg").unlink()
    link = await house.link()

    assert (await asked(house.outside, f"{share_path(link)}/picture")).status == 404
    assert (await house.page(link)).status == 200


async def test_a_link_shows_one_clip_and_no_other(house: House) -> None:
    (house.media / "other.mp4").write_bytes(b"another clip")
    await filmed(house.site, replace(CLIP, id="f2", path=house.media / "other.mp4"))
    link, other = await house.link(), await house.link("f2")

    await house.links.revoke(other.id)

    assert (await house.clip(other)).status == 410
    assert (await house.clip(link)).body == CONTENT


# --- Troubles --------------------------------------------------------------------------------


async def test_while_the_site_is_down_a_link_asks_for_patience(
    house: House, hass: HomeAssistant
) -> None:
    link = await house.link()

    await hass.config_entries.async_unload(house.site.entry_id)

    answer = await house.page(link)
    assert answer.status == 503
    assert "Try again" in answer.body.decode()


async def test_while_the_database_fails_a_link_asks_for_patience(house: House) -> None:
    link = await house.link()

    await house.site.runtime_data.database.close()

    assert (await house.page(link)).status == 503
    assert (await house.clip(link)).status == 503


async def test_a_link_is_no_login_that_failed(
    house: House, hass: HomeAssistant, caplog: pytest.LogCaptureFixture
) -> None:
    over = await house.over(revoked=NOON)

    for path in (share_path(over), "/gatehouse/share/never", f"{share_path(over)}/clip"):
        for headers in ({}, {"Authorization": "Bearer forged"}):
            await asked(house.outside, path, headers=headers)

    assert not hass.http.app[KEY_FAILED_LOGIN_ATTEMPTS]
    assert "Login attempt" not in caplog.text


async def test_tokens_and_signatures_are_in_no_log(
    house: House, offsite: ScriptedOffsite, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "custom_components.gatehouse")
    caplog.set_level(logging.INFO)
    caplog.set_level(logging.WARNING, "aiohttp.access")  # as Home Assistant has it
    caplog.set_level(logging.WARNING, "sqlalchemy")
    await house.film(id="f2", stage=FootageStage.UPLOADED, key="2026/f2.mp4")
    link = await house.link("f2")
    caplog.clear()

    await house.clip(link)
    offsite.down = True
    await house.clip(link)
    await house.links.revoke(link.id)
    await house.clip(link)

    logged = [str(record.__dict__) for record in caplog.records]
    assert any("cannot be shared" in record for record in logged)
    assert not [record for record in logged if link.token in record or "Signature" in record]


async def test_who_guesses_is_slowed_down(house: House) -> None:
    link, other = await house.link(), await house.link()
    await house.page(link)

    wrong = [
        (await asked(house.outside, f"/gatehouse/share/{number:032}")).status
        for number in range(GUESSES_A_MINUTE + 1)
    ]

    assert wrong == [HTTPStatus.NOT_FOUND] * GUESSES_A_MINUTE + [HTTPStatus.TOO_MANY_REQUESTS]
    # A neighbour behind the same proxy goes on watching.
    assert (await house.clip(link)).status == 200
    refused = await house.page(other)
    assert (refused.status, refused.headers["Retry-After"]) == (429, "60")


def test_a_network_of_addresses_stops_whoever_has_not_watched_before() -> None:
    guesses = Guesses(lambda: 0.0)
    guesses.was_right("watched")
    for number in range(MOST_ADDRESSES):
        assert not guesses.are_too_many(f"fd00::{number:x}", "x")
        guesses.was_wrong(f"fd00::{number:x}")

    assert guesses.are_too_many("1.2.3.4", "x")
    assert not guesses.are_too_many("1.2.3.4", "watched")


def test_a_minute_later_an_address_may_ask_again() -> None:
    seconds = [0.0]
    guesses = Guesses(lambda: seconds[0])
    for _ in range(GUESSES_A_MINUTE):
        assert not guesses.are_too_many("1.2.3.4", "x")
        guesses.was_wrong("1.2.3.4")
    assert guesses.are_too_many("1.2.3.4", "x")
    assert not guesses.are_too_many("1.2.3.5", "x")

    seconds[0] = MINUTE

    assert not guesses.are_too_many("1.2.3.4", "x")
