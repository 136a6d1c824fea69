"""Users of Home Assistant who ask its HTTP API, and doors of other systems that they ask about."""

from collections.abc import Callable, Coroutine
from typing import Any, override

from aiohttp.test_utils import TestClient
from homeassistant.components.lock import LockEntity, LockEntityFeature
from homeassistant.config_entries import ConfigSubentryData
from homeassistant.core import Context, HomeAssistant
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import setup_test_component_platform

type Clients = Callable[[str | None], Coroutine[Any, Any, TestClient]]


async def logged_in(
    hass: HomeAssistant, clients: Clients, name: str, group: str
) -> TestClient[Any, Any]:
    """Return somebody of one of Home Assistant's groups, with an access token."""
    user = await hass.auth.async_create_user(name, group_ids=[group])
    token = await hass.auth.async_create_refresh_token(user, "http://127.0.0.1")
    return await clients(hass.auth.async_create_access_token(token))


class Lock(LockEntity):
    """A lock of another integration that keeps what it was told, and by whom."""

    _attr_should_poll = False
    _attr_is_locked = True

    def __init__(self, name: str, *, opens: bool = False) -> None:
        self._attr_name = name
        self._attr_unique_id = name
        self._attr_supported_features = LockEntityFeature.OPEN if opens else LockEntityFeature(0)
        self.told: list[tuple[str, Context | None]] = []

    @override
    async def async_open(self, **kwargs: Any) -> None:
        self.told.append(("open", self._context))

    @override
    async def async_unlock(self, **kwargs: Any) -> None:
        self.told.append(("unlock", self._context))


async def plug_in_locks(hass: HomeAssistant, *locks: Lock) -> None:
    """Have another integration with these locks."""
    setup_test_component_platform(hass, "lock", locks)
    assert await async_setup_component(hass, "lock", {"lock": {"platform": "test"}})
    await hass.async_block_till_done()


def other_door(title: str, **data: Any) -> ConfigSubentryData:
    """Return a door of another system as its site stores it; its id is its name."""
    return ConfigSubentryData(
        subentry_type="door",
        title=title,
        unique_id=None,
        subentry_id=title.casefold(),
        data=data,
    )
