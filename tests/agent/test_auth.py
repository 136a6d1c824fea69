"""Who may ask."""

import base64

from aiohttp import web
from aiohttp.test_utils import make_mocked_request
import pytest

from camera_agent.auth import admits, signature

TOKEN = "correct horse battery staple"
PATH = "/api/v1/cameras/front/live.ts"
NOW = 1795000000.0
LATER = "1795000060"


def request(
    path: str = PATH, method: str = "GET", authorization: str | None = None, **headers: str
) -> web.Request:
    if authorization is not None:
        headers["Authorization"] = authorization
    return make_mocked_request(method, path, headers=headers)


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


def signed(path: str = PATH, expires: str = LATER, token: str = TOKEN) -> str:
    return f"{path}?expires={expires}&auth={signature(token, path, expires)}"


@pytest.mark.parametrize(
    "authorization",
    [f"Bearer {TOKEN}", f"bearer {TOKEN}", basic(f"anybody:{TOKEN}"), basic(f":{TOKEN}")],
)
def test_who_knows_the_token_may_ask(authorization: str | None) -> None:
    assert admits(TOKEN, request(authorization=authorization), NOW)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_only_a_bearer_changes_anything(method: str) -> None:
    password = basic(f"anybody:{TOKEN}")
    assert admits(TOKEN, request(method=method, authorization=f"Bearer {TOKEN}"), NOW)
    assert not admits(TOKEN, request(method=method, authorization=password), NOW)
    assert not admits(TOKEN, request(signed(), method, password), NOW)


def test_only_a_bearer_listens_to_the_feed() -> None:
    upgrade = {"Upgrade": "websocket"}
    for address, authorization in (("/feed", basic(f"anybody:{TOKEN}")), (signed(), None)):
        assert not admits(TOKEN, request(address, authorization=authorization, **upgrade), NOW)
    assert admits(TOKEN, request("/feed", authorization=f"Bearer {TOKEN}", **upgrade), NOW)


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong horse battery staple",
        f"Bearer {TOKEN}x",
        f"Token {TOKEN}",
        TOKEN,
        "Bearer schlüssel",
        basic(TOKEN),
        basic(f"{TOKEN}:"),
        basic("anybody:wrong"),
        "Basic not base64!",
        "Basic",
    ],
)
def test_who_does_not_know_the_token_may_not(authorization: str | None) -> None:
    assert not admits(TOKEN, request(authorization=authorization), NOW)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_signed_address_lets_anybody_read_it(method: str) -> None:
    assert admits(TOKEN, request(signed(), method), NOW)


def test_the_signature_is_the_one_that_the_wire_describes() -> None:
    assert signature("a" * 16, "/api/v1/info", "1795000000") == (
        "2910f02e4537b9cd4ee627567a5b1e662809089b0542482950de63f4458ddbe4"
    )


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_a_signed_address_lets_nobody_change_anything(method: str) -> None:
    assert not admits(TOKEN, request(signed(), method), NOW)


@pytest.mark.parametrize(
    "address",
    [
        signed(expires="1794999999"),
        signed(expires="never"),
        signed(expires=""),
        signed(token="another token that is long"),
        signed().replace("front", "back"),
        signed().replace(LATER, "1795000061"),
        signed().replace("auth=", "auth=0"),
        signed().partition("&")[0],
        f"{PATH}?expires={LATER}&auth=%C3%BC",
        f"{PATH}?token={TOKEN}",
    ],
)
def test_an_address_that_is_expired_forged_or_altered_is_refused(address: str) -> None:
    assert not admits(TOKEN, request(address), NOW)


def test_a_signature_does_not_make_up_for_a_wrong_token() -> None:
    assert not admits(TOKEN, request(signed(), authorization="Bearer wrong"), NOW)


@pytest.mark.parametrize("kind", ["live.ts", "snapshot", "stream"])
def test_what_a_camera_shows_can_be_signed(kind: str) -> None:
    assert admits(TOKEN, request(signed(f"/api/v1/cameras/front/{kind}")), NOW)


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/info",
        "/api/v1/feed",
        "/api/v1/spool",
        "/api/v1/passages",
        "/api/v1/cameras/front/recordings",
        "/api/v1/cameras/front/recordings/1",
        "/api/v1/cameras/front/live.ts/",
        "/api/v1/cameras/front/liveXts",
        "/api/v1/cameras/{camera}/../front/live.ts",
        "/api/v1/cameras//live.ts",
        "/api/v2/cameras/front/live.ts",
    ],
)
def test_nothing_else_can(path: str) -> None:
    assert not admits(TOKEN, request(signed(path)), NOW)


def test_a_signature_of_one_camera_is_none_of_another() -> None:
    address = signed("/api/v1/cameras/front/stream").replace("front", "back")
    assert not admits(TOKEN, request(address), NOW)


@pytest.mark.parametrize(("lifetime", "admitted"), [(0, True), (86_400, True), (86_401, False)])
def test_an_address_is_good_for_a_day_at_most(lifetime: int, admitted: bool) -> None:
    address = signed(expires=str(int(NOW) + lifetime))
    assert admits(TOKEN, request(address), NOW) is admitted


@pytest.mark.parametrize("path", ["/", "/stream", "/snapshot"])
def test_a_short_name_that_takes_its_camera_from_the_query_is_never_signed(path: str) -> None:
    assert not admits(TOKEN, request(f"{signed(path)}&camera=other"), NOW)
    assert admits(TOKEN, request(path, authorization=f"Bearer {TOKEN}"), NOW)
