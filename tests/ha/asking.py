"""The options as somebody fills them in, and services on loopback that they are tried with."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry


@asynccontextmanager
async def serving(
    answer: Callable[[web.Request], Awaitable[web.StreamResponse]],
) -> AsyncIterator[str]:
    """Serve whatever is asked, and give the address."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    async with TestServer(app, host="127.0.0.1") as server:
        yield str(server.make_url("/"))


async def opened(hass: HomeAssistant, site: MockConfigEntry, part: str) -> Any:
    """Open one part of the options."""
    menu = await hass.config_entries.options.async_init(site.entry_id)
    return await hass.config_entries.options.async_configure(
        menu["flow_id"], {"next_step_id": part}
    )


async def answer(hass: HomeAssistant, form: Any, **fields: Any) -> Any:
    """Change some fields of a form and leave the others as they are shown."""
    flows = hass.config_entries.options
    shown = {
        str(key): key.description["suggested_value"]
        for key in form["data_schema"].schema
        if key.description and key.description["suggested_value"] not in (None, "")
    }
    return await flows.async_configure(form["flow_id"], shown | fields)
