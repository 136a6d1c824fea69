"""Requests to the HTTP views: whatever is asked is answered or refused in words."""

from dataclasses import replace
from datetime import timedelta
import json
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from aiohttp import ClientError
from aiohttp.test_utils import TestClient
from homeassistant.components.http.auth import async_sign_path
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from hypothesis import example, given, strategies as st
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
from yarl import URL

from custom_components.gatehouse.access_views import CHECK, CHECK_URL, LOG, LOG_URL
from custom_components.gatehouse.card_views import CARD_URL, CARDS_URL
from custom_components.gatehouse.guesses import Guesses
from custom_components.gatehouse.ingest_view import DEVICE, INGEST_URL, READING
from custom_components.gatehouse.pace import Pace
from custom_components.gatehouse.share_address import SHARE_URL
from custom_components.gatehouse.share_view import CLIP_URL
from custom_components.gatehouse.views import FOOTAGE_URL, FRAME_URL, PICTURE_URL, POSTER_URL
from tests.fuzzing import ANYTHING, NESTED, TEXTS, fuzzed
from tests.ha.fuzz.schemas import WORDS, as_json, drawn
from tests.ha.fuzz.test_commands import is_plain, tracebacks
from tests.ha.happened import CLIP, SEEN, filmed, happened

MEDIA: Final = [FOOTAGE_URL, POSTER_URL, PICTURE_URL, FRAME_URL, SHARE_URL, CLIP_URL, CARD_URL]
TAKING: Final[dict[str, Any]] = {
    CHECK_URL: CHECK,
    CARDS_URL: {"card": str, "user": str, "name": str},
    INGEST_URL: {**DEVICE, "readings": [READING], **READING},
}
CONTENT: Final = bytes(range(250)) * 4
RANGES: Final = st.one_of(
    st.builds(
        lambda unit, begin, dash, end: f"{unit}={begin}{dash}{end}",
        st.sampled_from(["bytes", "items", ""]),
        st.one_of(st.just(""), st.integers(-5, 2000), st.just(10**400)),
        st.sampled_from(["-", "", "--", "-,-"]),
        st.one_of(st.just(""), st.integers(-5, 2000), st.just(10**400)),
    ),
    st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=9),
)


@pytest.fixture(autouse=True)
def nobody_is_too_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pace, "wait", lambda self, who: 0.0)
    monkeypatch.setattr(Guesses, "are_too_many", lambda self, address, token: False)


@pytest.fixture
async def house(hass: HomeAssistant, doored: MockConfigEntry, folder: Path) -> MockConfigEntry:
    """A site with a camera and a door where something happened, and its clip."""
    clip = folder / "media" / "gatehouse" / "clip.mp4"
    clip.parent.mkdir(parents=True, exist_ok=True)
    clip.write_bytes(CONTENT)
    await happened(doored, SEEN)
    await filmed(doored, replace(CLIP, path=clip))
    assert await async_setup_component(hass, "http", {})
    return doored


@pytest.fixture
async def administrator(house: MockConfigEntry, hass_client: ClientSessionGenerator) -> TestClient:
    return await hass_client()


async def holds(
    client: TestClient, log: pytest.LogCaptureFixture, method: str, path: str, **how: Any
) -> int:
    """Ask, and see that the answer is one for people and programs; return its status."""
    log.clear()
    url = URL(str(client.make_url("/")).rstrip("/") + path, encoded=True)
    async with client.session.request(method, url, allow_redirects=False, **how) as answer:
        status, body = answer.status, await answer.read()
    assert status < 500, body
    if status >= 400 and body and answer.content_type == "application/json":
        assert is_plain(json.loads(body)["message"])
    assert tracebacks(log) == []
    return status


@given(data=st.data(), url=st.sampled_from(sorted(TAKING)))
@fuzzed(120)
async def test_what_is_posted_is_taken_or_refused_in_words(
    administrator: TestClient, caplog: pytest.LogCaptureFixture, url: str, data: st.DataObject
) -> None:
    body = data.draw(drawn(TAKING[url]), "body")

    await holds(administrator, caplog, "POST", url, json=body)


@given(
    body=st.one_of(st.binary(max_size=200), ANYTHING.map(lambda said: json.dumps(said).encode())),
    url=st.sampled_from(sorted(TAKING)),
    kind=st.sampled_from(["application/json", "text/plain", "multipart/form-data", ""]),
)
@example(body=NESTED.encode()[:60_000], url=INGEST_URL, kind="application/json")
@example(body=b'{"device": "\\ud800"}', url=INGEST_URL, kind="application/json")
@fuzzed(60)
async def test_a_body_that_is_something_else_is_refused_in_words(
    administrator: TestClient, caplog: pytest.LogCaptureFixture, body: bytes, url: str, kind: str
) -> None:
    await holds(administrator, caplog, "POST", url, data=body, headers={"Content-Type": kind})


@given(data=st.data())
@fuzzed(60)
async def test_the_log_is_asked_anything(
    administrator: TestClient, caplog: pytest.LogCaptureFixture, data: st.DataObject
) -> None:
    said = data.draw(drawn(LOG), "query")
    query = as_json(said) if isinstance(said, dict) else {"door": said}
    text = "&".join(f"{quote(key)}={quote(str(value))}" for key, value in query.items())

    await holds(administrator, caplog, "GET", f"{LOG_URL}?{text}")


async def test_there_is_a_clip_to_ask_for(
    administrator: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    """Else the test below would only try what is refused."""
    clip, part = FOOTAGE_URL.format(id="f1"), {"Range": "bytes=1-2"}

    assert await holds(administrator, caplog, "GET", clip) == 200
    assert await holds(administrator, caplog, "GET", clip, headers=part) == 206


@given(
    url=st.sampled_from(MEDIA),
    id=st.one_of(WORDS, TEXTS, st.sampled_from(["f1", "a1", "%00", "..%2f..%2fsecrets", "%c0%ae"])),
    number=st.one_of(st.integers(-1, 10**6), TEXTS),
    method=st.sampled_from(["GET", "HEAD", "DELETE"]),
    span=RANGES,
)
@fuzzed(100)
async def test_media_are_served_or_refused_in_words(
    administrator: TestClient,
    caplog: pytest.LogCaptureFixture,
    url: str,
    id: str,  # noqa: A002 - the URL's word
    number: Any,
    method: str,
    span: str,
) -> None:
    parts = {
        "id": quote(id, safe="%", errors="replace"),
        "token": quote(id, safe="%", errors="replace"),
        "number": quote(str(number), errors="replace"),
    }

    await holds(administrator, caplog, method, url.format(**parts), headers={"Range": span})


@given(place=st.integers(0, 300), other=st.characters(codec="ascii", categories=["L", "N", "P"]))
@fuzzed(60)
async def test_a_signed_address_with_another_character_is_good_for_nothing(
    hass: HomeAssistant,
    house: MockConfigEntry,
    administrator: TestClient,
    hass_client_no_auth: ClientSessionGenerator,
    place: int,
    other: str,
) -> None:
    signed = async_sign_path(
        hass, FOOTAGE_URL.format(id="f1"), timedelta(minutes=1), use_content_user=True
    )
    begin = signed.index("=") + 1
    place = begin + place % (len(signed) - begin)
    changed = signed[:place] + quote(other, safe="") + signed[place + 1 :]
    client = await hass_client_no_auth()
    try:
        async with client.get(URL(changed, encoded=True)) as answer:
            status = answer.status
    except ClientError:
        status = 400

    # The last character of a signature in Base64 has bits that say nothing.
    assert status in {400, 401, 403} or changed[:-1] == signed[:-1]
