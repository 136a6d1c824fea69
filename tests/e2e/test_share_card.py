"""The incidents card in a real dashboard: what happened is seen there, and shared from there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
import json
from pathlib import Path
import re
import time
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from PIL import Image
import pytest
from pytest_homeassistant_custom_component.common import CLIENT_ID, MockConfigEntry, MockUser
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, WebSocketGenerator

from custom_components.gatehouse.incidents import IncidentNews, NewsKind
from custom_components.gatehouse.models import Incident
from tests.e2e.browser import Browser, Page
from tests.ha.happened import CLIP, SEEN, filmed, happened
from tests.ha.scripted import ScriptedAgent, scripted_agent
from tests.ha.seeing import set_up
from tests.ha.site import site_with, subentry_of
from tests.rooms.footage.media import video

from .visiting import CAN_PLAY_THROUGH, IS_SHOWN

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

DASHBOARD = "gatehouse-cards"
CARD = {"type": "custom:gatehouse-incidents-card", "limit": 5}
DESK = (1280, 800, "light")
GOLDEN = Path(__file__).parents[1] / "wire" / "websocket"

# The parts of the page are inside of each other, each behind a root of its own.
WITNESS = """
window.complaints = [];
// Home Assistant's own pages ask also for what this house does without.
const complain = (said) =>
    said.code === "unknown_command" || complaints.push(said.stack ?? JSON.stringify(said));
window.addEventListener("error", (event) => event.error && complain(event.error));
window.addEventListener("unhandledrejection", (event) => complain(event.reason));
console.error = (...said) => said.forEach(complain);
window.all = (name, root = document) => [
    ...root.querySelectorAll(name),
    ...[...root.querySelectorAll("*")].flatMap(({ shadowRoot }) =>
        shadowRoot ? all(name, shadowRoot) : []),
];
window.one = (name) => all(name).find((each) => each.checkVisibility());
window.called = (words) => all("button").find(
    (each) => each.checkVisibility() && (each.ariaLabel ?? each.textContent).startsWith(words));
window.card = () => one("gatehouse-incidents-card");
"""

# A card in a Home Assistant that does not know Gatehouse yet, as while it starts.
EARLY = """
(async () => {
    const name = "gatehouse-incidents-card";
    const Card = customElements.get(name);
    let count = 0;
    const subscribeMessage = async () => {
        count += 1;
        if (count === 1) throw { code: "unknown_command", message: "Unknown command." };
        return () => undefined;
    };
    const { hass } = document.querySelector("home-assistant");
    const home = { ...hass, connection: { subscribeMessage } };
    const early = document.createElement(name);
    const show = async (config) => {
        early.hass = { ...home, config };
        await new Promise((next) => setTimeout(next));
        return count;
    };
    early.setConfig(Card.getStubConfig());
    document.body.append(early);
    const starting = { ...home.config };
    const asked = [await show(starting)];
    const told = early.shadowRoot.querySelector(".status").textContent;
    asked.push(await show(starting), await show({ ...home.config }));
    early.remove();
    let refused = null;
    try { early.setConfig({ limit: 1.5 }); } catch (error) { refused = error.message; }
    const address = performance.getEntriesByType("resource")
        .find((each) => each.name.endsWith("incidents/card.js")).name;
    await import(`${address}?again`);
    const offered = window.customCards.filter((card) => card.type === name).length;
    const form = Card.getConfigForm().schema.map((field) => field.name);
    return { asked, told, stub: Card.getStubConfig(), form, refused, offered };
})()
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """A site with one incident and its clip, and its dashboard."""

    hass: HomeAssistant
    site: MockConfigEntry
    address: str
    incident: Incident

    async def tell(self, kind: NewsKind, incident: Incident) -> None:
        """Let there be news of an incident."""
        await happened(self.site, incident)
        self.site.runtime_data.house.incident(IncidentNews(kind=kind, incident=incident))

    async def look(self, page: Page, user: MockUser) -> None:
        """Open the dashboard as a user who has logged in, and wait for the card."""
        await page._ask("Page.enable")
        await page._ask("Emulation.setFocusEmulationEnabled", enabled=True)
        rights = ["clipboardReadWrite", "clipboardSanitizedWrite"]
        await page._ask("Browser.grantPermissions", permissions=rights)
        await page._ask("Page.addScriptToEvaluateOnNewDocument", source=WITNESS)
        await page.open(f"{self.address}/manifest.json")
        login = json.dumps(json.dumps(await self._login(user)))
        await page.run(f"localStorage.setItem('hassTokens', {login})")
        await page.open(f"{self.address}/{DASHBOARD}/home")
        await page.until("card()?.shadowRoot.querySelector('.incident')", 30)

    async def _login(self, user: MockUser) -> dict[str, Any]:
        token = await self.hass.auth.async_create_refresh_token(user, CLIENT_ID)
        return {
            "access_token": self.hass.auth.async_create_access_token(token),
            "refresh_token": token.token,
            "token_type": "Bearer",
            "expires_in": 1800,
            "expires": (time.time() + 1800) * 1000,
            "hassUrl": self.address,
            "clientId": CLIENT_ID,
        }


@pytest.fixture
async def porch(socket_enabled: None) -> AsyncIterator[ScriptedAgent]:
    """An agent called Porch."""
    async with scripted_agent() as agent:
        yield agent


@pytest.fixture
async def house(
    hass_storage: dict[str, Any],
    hass: HomeAssistant,
    porch: ScriptedAgent,
    media: Path,
    hass_client_no_auth: ClientSessionGenerator,
    hass_ws_client: WebSocketGenerator,
) -> House:
    """A house whose dashboard has the card."""
    done = ["user", "core_config", "analytics", "integration"]
    hass_storage["onboarding"] = {"version": 4, "data": {"done": done}}
    assert await async_setup_component(hass, "frontend", {})
    site = site_with(subentry_of(porch), detectors=[])
    await set_up(hass, site)
    incident = await _a_visit(site, media / "gatehouse")
    socket = await hass_ws_client()
    view = {"title": "Home", "path": "home", "type": "sections"}
    config = {"views": [view | {"sections": [{"type": "grid", "cards": [CARD]}]}]}
    for command in (
        {"type": "lovelace/dashboards/create", "url_path": DASHBOARD, "title": "Cards"},
        {"type": "lovelace/config/save", "url_path": DASHBOARD, "config": config},
    ):
        await socket.send_json_auto_id(command)
        answer = await socket.receive_json()
        assert answer["success"], answer
    outside = await hass_client_no_auth()
    address = str(outside.make_url("")).rstrip("/")
    return House(hass=hass, site=site, address=address, incident=incident)


async def _a_visit(site: MockConfigEntry, media: Path) -> Incident:
    media.mkdir(exist_ok=True)
    clip, picture = media / "clip.mp4", media / "picture.jpg"
    clip.write_bytes(video(frames=8 * 15, movflags="faststart"))
    Image.new("RGB", (320, 180), "teal").save(clip.with_suffix(".jpg"))
    Image.new("RGB", (320, 180), "teal").save(picture)
    began = dt_util.utcnow() - timedelta(minutes=5)
    incident = replace(
        SEEN, started=began, last_seen=began + timedelta(seconds=20), picture=picture, frames=()
    )
    await happened(site, incident)
    await filmed(site, replace(CLIP, path=clip, duration=timedelta(seconds=8)))
    return incident


@asynccontextmanager
async def looking(
    browser: Browser, house: House, user: MockUser, screen: tuple[int, int, str] = DESK
) -> AsyncIterator[Page]:
    """Give a page on which a user sees the dashboard; what it complains of is a failure."""
    async with browser.page() as page:
        try:
            await page.look(*screen)
            await house.look(page, user)
            yield page
            assert await page.run("complaints") == []
        finally:
            # Home Assistant waits long for a tab that was not closed.
            await page._ask("Page.navigate", url="about:blank")


async def press(page: Page, words: str) -> None:
    """Press the button that is called so, as soon as there is one."""
    await page.until(f"called({words!r})")
    await page.run(f"called({words!r}).click()")


async def strike(page: Page, key: str, text: str = "") -> None:
    """Strike a key."""
    for kind in ("keyDown", "keyUp"):
        code = {"Enter": 13, "Escape": 27}[key]
        fields = {"type": kind, "key": key, "windowsVirtualKeyCode": code, "text": text}
        await page._ask("Input.dispatchKeyEvent", **fields)


async def read(page: Page, name: str) -> str:
    """Return the text of a part of the card."""
    return await page.run(f"one({name!r}).textContent")


async def copied(page: Page) -> str:
    """Press Copy and return what is in the clipboard then."""
    await page.run("all('.said')[0].textContent = ''")
    await press(page, "Copy")
    await page.until("all('.said')[0].textContent === 'Copied.'")
    return await page.run("navigator.clipboard.readText()")


async def test_an_administrator_shares_a_clip_from_the_dashboard_until_he_revokes_the_link(
    house: House, browser: Browser, hass_admin_user: MockUser
) -> None:
    async with looking(browser, house, hass_admin_user) as page:
        assert "Front door" in await read(page, ".incident")
        assert "Two people rang the bell." in await read(page, ".incident")
        assert "medium" in await read(page, ".incident")
        await page.until("one('.thumbnail img').naturalWidth > 0")

        await page.run("one('.incident').click()")
        await page.until("one('dialog video')?.readyState > 0")
        await page.run("one('dialog video').play()")
        await page.until("one('dialog video').currentTime > 0.3")

        await press(page, "Share")
        await page.until("one('.links h3')")
        await page.run("one('[name=amount]').value = 2; one('[name=unit]').value = 'days'")
        await page.run("one('[name=uses]').value = 3; one('[name=note]').value = 'For <b>Ann</b>'")
        await press(page, "Create link")
        address = await page.until("one('.made input')?.value")
        await page.until("all('.said')[0].textContent === 'The link is ready.'")
        assert await copied(page) == address
        # As where Home Assistant has no HTTPS.
        await page.run("navigator.clipboard.writeText('nothing')")
        await page.run("navigator.clipboard.writeText = undefined")
        assert await copied(page) == address
        told = await read(page, ".links li")
        assert "seen 0 of 3 times" in told
        assert "For <b>Ann</b>" in told

        [link] = await house.site.runtime_data.storage.links.living()
        assert (link.expires - link.created, link.most_uses) == (timedelta(days=2), 3)
        assert address.startswith(f"{house.address}/gatehouse/share/")

        # A name of the same machine that the browser has no login for.
        stranger = address.replace("127.0.0.1", "localhost")
        async with browser.page() as outside:
            await outside.open(stranger)
            await outside.run("document.querySelector('video').play()")
            await outside.until(IS_SHOWN)
            await outside.until(CAN_PLAY_THROUGH)

            await press(page, "Revoke the link")
            await page.until("all('.said')[0].textContent === 'The link is revoked.'")
            assert await page.run("all('.links li').length") == 0
            assert not await page.run("one('.made input')")

            await outside.open(stranger)
            status = "performance.getEntriesByType('navigation')[0].responseStatus"
            assert await outside.run(status) == 410


async def test_who_is_no_administrator_sees_clips_and_news_but_cannot_share(
    house: House, browser: Browser, hass_read_only_user: MockUser
) -> None:
    async with looking(browser, house, hass_read_only_user) as page:
        await page.run("one('.incident').focus()")
        await strike(page, "Enter", "\r")
        await page.until("one('dialog video')?.readyState > 0")
        assert await page.run("called('Picture') !== undefined")
        assert await page.run("called('Share') === undefined")

        changed = replace(house.incident, assessment=None, place="<i>Yard</i>")
        await house.tell(NewsKind.UPDATED, changed)
        await page.until("one('dialog h2').textContent === '<i>Yard</i>'")
        await strike(page, "Escape")
        await page.until("!one('dialog')")
        assert await page.run("card().shadowRoot.activeElement?.className") == "incident"

        another = replace(changed, id="b2", started=dt_util.utcnow(), place="Drive", picture=None)
        await house.tell(NewsKind.CONFIRMED, another)
        await page.until(
            "all('.place').map((each) => each.textContent).join() === 'Drive,<i>Yard</i>'"
        )

        # The connection is lost, and something happens meanwhile.
        await page.run("document.querySelector('home-assistant').hass.connection.socket.close()")
        await house.tell(NewsKind.CONFIRMED, replace(another, id="c3", place="Gate"))
        await page.until("all('.place').some((each) => each.textContent === 'Gate')")
        await house.tell(NewsKind.UPDATED, replace(another, id="c3", place="Big gate"))
        await page.until("all('.place').some((each) => each.textContent === 'Big gate')")


async def test_a_refusal_is_told_in_words(
    house: House, browser: Browser, hass_admin_user: MockUser
) -> None:
    async with looking(browser, house, hass_admin_user) as page:
        await page.run("one('.incident').click()")
        await press(page, "Share")
        await page.until("one('.links h3')")
        assert await house.hass.config_entries.async_unload(house.site.entry_id)
        await press(page, "Create link")
        told = await page.until("all('.said.problem')[0]?.textContent")
        assert "is not loaded" in told


async def test_a_card_that_came_before_gatehouse_asks_again_and_is_defined_once(
    house: House, browser: Browser, hass_admin_user: MockUser
) -> None:
    async with looking(browser, house, hass_admin_user) as page:
        assert await page.run(EARLY) == {
            "asked": [1, 1, 2],
            "told": "The incidents cannot be shown: Unknown command.",
            "stub": {"limit": 10},
            "form": ["title", "limit"],
            "refused": "limit is a whole number from 1 to 50.",
            "offered": 1,
        }


@pytest.mark.parametrize(
    ("width", "height", "scheme"),
    [(1280, 800, "light"), (390, 844, "dark")],
    ids=["desk", "phone"],
)
async def test_the_card_and_its_dialog_fit_the_screen_and_the_hour(
    house: House,
    browser: Browser,
    hass_admin_user: MockUser,
    width: int,
    height: int,
    scheme: str,
) -> None:
    async with looking(browser, house, hass_admin_user, (width, height, scheme)) as page:
        assert await page.run("card().scrollWidth <= card().clientWidth")
        await page.run("one('.incident').click()")
        await press(page, "Share")
        await page.until("one('.links h3')")

        box = await page.run("one('dialog').getBoundingClientRect().toJSON()")
        assert (box["left"] >= 0, box["right"] <= width) == (True, True)
        assert box["height"] <= height
        assert await page.run("one('dialog').scrollWidth <= one('dialog').clientWidth")
        assert await page.run("all('dialog button').every((each) => each.offsetHeight >= 40)")
        paper = await page.run("getComputedStyle(one('dialog')).backgroundColor")
        shades = [int(shade) for shade in re.findall(r"\d+", paper)[:3]]
        assert (max(shades) < 80) == (scheme == "dark")


async def test_the_model_makes_of_what_is_told_what_is_shown(
    house: House, browser: Browser, hass_admin_user: MockUser
) -> None:
    """The pure parts of the card, each by itself."""
    got = golden("incidents_get")["answer"]["result"]
    page_told = golden("incidents_subscribe")["events"][0]
    async with looking(browser, house, hass_admin_user) as page:
        await page.run(
            "import(performance.getEntriesByType('resource').find("
            "(each) => each.name.endsWith('incidents/model.js')).name)"
            ".then((model) => window.model = model) && null"
        )
        await page.until("window.model")

        async def of(function: str, *given: Any) -> Any:
            return await page.run(f"model.{function}({', '.join(map(json.dumps, given))})")

        def told(kind: str, **changes: Any) -> dict[str, Any]:
            return {"kind": kind, "incident": page_told["incidents"][0] | changes}

        feed = await of("heard", {"incidents": []}, page_told, 2)
        assert (feed["state"], [each["id"] for each in feed["incidents"]]) == ("ready", ["a1"])
        later = told("replayed", id="b2", started="2026-11-20T13:00:00+01:00")
        feed = await of("heard", feed, told("confirmed", id="c3", started="2027-01-01"), 2)
        feed = await of("heard", feed, later, 2)
        feed = await of("heard", feed, told("updated", place="Yard"), 2)
        assert [each["id"] for each in feed["incidents"]] == ["c3", "a1"]
        assert feed["incidents"][1]["place"] == "Yard"
        failed = await of("heard", feed, {"kind": "failed", "message": "No disk."}, 2)
        assert (failed["state"], failed["problem"]) == ("failed", "No disk.")
        assert failed["incidents"] == feed["incidents"]

        details = await of("detailsOf", got)
        assert [clip["id"] for clip in details["clips"]] == ["f1", "f2"]
        assert details["clips"][0]["camera"] == "camera.front_door"
        assert await of("whyNoClip", details) is None
        for stages, ongoing, why in (
            ([], False, "missing"),
            ([], True, "coming"),
            (["failed", "recording"], False, "coming"),
            (["failed", "expired"], False, "lost"),
            (["expired"], False, "expired"),
        ):
            clips = [{"stage": stage, "url": None} for stage in stages]
            assert await of("whyNoClip", {"clips": clips, "ongoing": ongoing}) == why

        typed = {"amount": "2", "unit": "days", "uses": "", "note": " For Ann "}
        wish = {"footage_id": "f1", "lifetime": {"days": 2}, "note": "For Ann"}
        assert await of("wishOf", "f1", typed) == wish
        assert await of("wishOf", "f1", typed | {"uses": "3"}) == wish | {"uses": 3}

        shares = golden("share_list")["answer"]["result"]["shares"]
        links = await of("linksOf", shares, "f1", "https://house.example:8123")
        assert links["own"][0]["address"] == "https://house.example:8123/gatehouse/share/TOKEN"
        assert (await of("linksOf", shares, "f2", "https://house.example"))["own"] == []


def golden(name: str) -> dict[str, Any]:
    """Return a golden answer of the WebSocket."""
    return json.loads((GOLDEN / f"{name}.json").read_text())
