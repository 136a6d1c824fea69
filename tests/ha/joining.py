"""Joining: an agent is found, added or changed by its user, form by form."""

from ipaddress import ip_address
from typing import Any, Protocol

from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    SOURCE_USER,
    SOURCE_ZEROCONF,
    ConfigEntry,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo

from camera_agent import wire


class Findable(Protocol):
    """An agent in the network."""

    state: dict[str, Any]
    port: int


def found(agent: Findable, *hosts: str, **properties: Any) -> ZeroconfServiceInfo:
    """Return what Home Assistant's zeroconf tells of an agent."""
    addresses = [ip_address(host) for host in hosts or ("127.0.0.1",)]
    return ZeroconfServiceInfo(
        ip_address=addresses[0],
        ip_addresses=addresses,
        port=agent.port,
        hostname="porch-pi.local.",
        type=wire.SERVICE_TYPE,
        name=f"Porch.{wire.SERVICE_TYPE}",
        properties={"id": agent.state["info"]["id"], "name": "Porch", "api": "1", **properties},
    )


async def discover(hass: HomeAssistant, info: ZeroconfServiceInfo) -> Any:
    """Let Home Assistant find an agent."""
    return await hass.config_entries.flow.async_init(
        "gatehouse", context={"source": SOURCE_ZEROCONF}, data=info
    )


async def answer(hass: HomeAssistant, flow: Any, **fields: Any) -> Any:
    """Fill in the form that a flow of the site shows."""
    return await hass.config_entries.flow.async_configure(flow["flow_id"], fields)


async def add_agent(hass: HomeAssistant, site: ConfigEntry) -> Any:
    """Press "Add agent"."""
    return await hass.config_entries.subentries.async_init(
        (site.entry_id, "agent"), context={"source": SOURCE_USER}
    )


async def change_agent(hass: HomeAssistant, site: ConfigEntry) -> Any:
    """Press "Change agent" at the site's first agent."""
    return await hass.config_entries.subentries.async_init(
        (site.entry_id, "agent"),
        context={"source": SOURCE_RECONFIGURE, "subentry_id": next(iter(site.subentries))},
    )


async def answer_agent(hass: HomeAssistant, flow: Any, fields: dict[str, Any]) -> Any:
    """Fill in the form that a flow of an agent shows."""
    return await hass.config_entries.subentries.async_configure(flow["flow_id"], fields)


def stored(site: ConfigEntry) -> dict[str, Any]:
    """Return what a site stores of its only agent."""
    (subentry,) = site.subentries.values()
    return dict(subentry.data)
