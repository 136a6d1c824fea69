"""Gatehouse's screens in a real Home Assistant: what its tests do on them, and see there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
import json
from pathlib import Path
import time
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import CLIENT_ID, MockUser
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, WebSocketGenerator

from tests.e2e.browser import Browser, Page

DASHBOARD = "gatehouse-cards"
DESK = (1280, 800, "light")
DESK_AT_NIGHT = (1280, 800, "dark")
PHONE = (390, 844, "light")
PHONE_AT_NIGHT = (390, 844, "dark")

SERVED = ("frontend", "media_source", "camera", "image", "calendar", "gatehouse")

IN_PAGE = Path(__file__).parent / "in_page"
GOLDEN = Path(__file__).parents[1] / "wire" / "websocket"

WITNESS = (IN_PAGE / "witness.js").read_text()

FAINT = (IN_PAGE / "faint.js").read_text()


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """A Home Assistant with its frontend, in which Gatehouse is not set up yet."""

    hass: HomeAssistant
    address: str
    socket: Any

    async def ask(self, **command: Any) -> Any:
        """Return what Home Assistant answers its owner."""
        await self.socket.send_json_auto_id(command)
        answer = await self.socket.receive_json()
        assert answer["success"], answer
        return answer["result"]

    async def show(self, *cards: dict[str, Any]) -> None:
        """Have a dashboard with these cards, one beside the other."""
        sections = [{"type": "grid", "cards": [card]} for card in cards]
        view = {"title": "Home", "path": "home", "type": "sections", "sections": sections}
        await self.dashboard({"views": [view]})

    async def dashboard(self, config: dict[str, Any]) -> None:
        """Have a dashboard."""
        await self.ask(type="lovelace/dashboards/create", url_path=DASHBOARD, title="Cards")
        await self.ask(type="lovelace/config/save", url_path=DASHBOARD, config=config)

    async def login(self, page: Page, user: MockUser) -> None:
        """Let a page be that of a user who has logged in."""
        await page.send("Page.enable")
        await page.send("Emulation.setFocusEmulationEnabled", enabled=True)
        rights = ["clipboardReadWrite", "clipboardSanitizedWrite"]
        await page.send("Browser.grantPermissions", permissions=rights)
        await page.send("Page.addScriptToEvaluateOnNewDocument", source=WITNESS)
        await page.open(f"{self.address}/manifest.json")
        tokens = json.dumps(json.dumps(await self._tokens(user)))
        await page.run(f"localStorage.setItem('hassTokens', {tokens})")

    async def _tokens(self, user: MockUser) -> dict[str, Any]:
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
async def home(
    hass_storage: dict[str, Any],
    hass: HomeAssistant,
    media: Path,
    hass_client_no_auth: ClientSessionGenerator,
    hass_ws_client: WebSocketGenerator,
    socket_enabled: None,
) -> Home:
    """A Home Assistant with its frontend; set the site up after it, then `show` cards."""
    done = ["user", "core_config", "analytics", "integration"]
    hass_storage["onboarding"] = {"version": 4, "data": {"done": done}}
    # A server that listens takes no more routes.
    for component in SERVED:
        assert await async_setup_component(hass, component, {})
    outside = await hass_client_no_auth()
    address = str(outside.make_url("")).rstrip("/")
    return Home(hass=hass, address=address, socket=await hass_ws_client())


@asynccontextmanager
async def looking(
    browser: Browser,
    home: Home,
    user: MockUser,
    until: str,
    *,
    at: str = f"/{DASHBOARD}/home",
    screen: tuple[int, int, str] = DESK,
) -> AsyncIterator[Page]:
    """Give a page on which a user sees something of ours; what it complains of is a failure."""
    async with browser.page() as page:
        try:
            await page.look(*screen)
            await home.login(page, user)
            await page.open(f"{home.address}{at}")
            await page.until(until)
            yield page
            assert await page.run("complaints") == []
        finally:
            # Home Assistant waits long for a tab that was not closed.
            await page.send("Page.navigate", url="about:blank")


async def press(page: Page, words: str) -> None:
    """Press the button that is called so, as soon as there is one."""
    await page.until(f"called({words!r})")
    await page.run(f"called({words!r}).click()")


async def click_on(page: Page, name: str) -> None:
    """Click on the first part of the page that is called so, as soon as there is one."""
    await page.until(f"one({name!r})")
    await page.run(f"one({name!r}).click()")


async def strike(page: Page, key: str, text: str = "") -> None:
    """Strike a key."""
    codes = {"Enter": 13, "Escape": 27, "ArrowLeft": 37, "ArrowRight": 39, "Home": 36, "End": 35}
    codes |= {"ArrowUp": 38, "ArrowDown": 40, "Tab": 9, " ": 32}
    for kind in ("keyDown", "keyUp"):
        fields = {"type": kind, "key": key, "windowsVirtualKeyCode": codes[key], "text": text}
        await page.send("Input.dispatchKeyEvent", **fields)


async def type_into(page: Page, name: str, text: str) -> None:
    """Type a text into a field as soon as there is one, in place of what is there."""
    await page.until(f"one({name!r})")
    await page.run(f"one({name!r}).focus(); one({name!r}).select()")
    await page.send("Input.insertText", text=text)


async def read(page: Page, name: str) -> str:
    """Return the text of the first part of the page that is called so, as soon as it is seen."""
    await page.until(f"one({name!r})")
    return await page.run(f"one({name!r}).textContent")


async def faint(page: Page) -> list[str]:
    """Return the texts of our screens that do not stand out as WCAG AA asks: 4.5 to 1."""
    return await page.run(FAINT)


def golden(name: str) -> dict[str, Any]:
    """Return a golden answer of the WebSocket."""
    return json.loads((GOLDEN / f"{name}.json").read_text())
