"""WebRTC of the agents' cameras: an agent answers a browser itself, and is asked through here."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
import logging
from typing import Final, override

from homeassistant.components.camera import (
    Camera,
    CameraWebRTCProvider,
    WebRTCAnswer,
    WebRTCError,
    WebRTCSendMessage,
    async_register_webrtc_provider,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from webrtc_models import RTCIceCandidateInit

from . import GatehouseConfigEntry
from .agent import AgentError, Watching, WebRtc
from .asking import translated
from .const import DOMAIN
from .roster import Roster

_LOGGER = logging.getLogger(__name__)

OFFER_FAILED: Final = "gatehouse_webrtc_offer_failed"


@callback
def async_offer_webrtc(hass: HomeAssistant, entry: GatehouseConfigEntry) -> None:
    """Let Home Assistant's players watch by WebRTC what agents can send so."""
    provider = AgentWebRtc(hass, entry.runtime_data.cameras)
    entry.async_on_unload(provider.async_close)
    entry.async_on_unload(async_register_webrtc_provider(hass, provider))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Session:
    """A browser that watches a camera, and how its agent is told that it does not any more."""

    camera: Camera
    leave: Callable[[], Awaitable[None]] | None = None
    """None until the agent has answered."""


class AgentWebRtc(CameraWebRTCProvider):
    """Speaks between browsers and agents; the pictures go straight from one to the other.

    A player that has HLS too goes on with that where no such way leads through the network.
    """

    def __init__(self, hass: HomeAssistant, roster: Roster) -> None:
        """Speak with the agents of a site."""
        self._hass = hass
        self._roster = roster
        self._sessions: dict[str, _Session] = {}

    @property
    @override
    def domain(self) -> str:
        """The integration that this belongs to."""
        return DOMAIN

    @callback
    @override
    def async_is_supported(self, stream_source: str) -> bool:
        """Whether this is the address of a camera on an agent that can."""
        return self._find(stream_source) is not None

    @override
    async def async_handle_async_webrtc_offer(
        self, camera: Camera, offer_sdp: str, session_id: str, send_message: WebRTCSendMessage
    ) -> None:
        """Have the agent answer; what goes wrong is told to the browser."""
        self._sessions[session_id] = _Session(camera=camera)
        try:
            agent, watching = await self._ask(camera, offer_sdp)
        except HomeAssistantError as err:
            self._sessions.pop(session_id, None)
            send_message(WebRTCError(OFFER_FAILED, str(err)))
            return
        leave = partial(agent.leave, watching)
        if session := self._sessions.get(session_id):
            self._sessions[session_id] = replace(session, leave=leave)
            send_message(WebRTCAnswer(watching.sdp))
        else:
            await _part(leave)

    @override
    async def async_on_webrtc_candidate(
        self, session_id: str, candidate: RTCIceCandidateInit
    ) -> None:
        """Pass over where the browser may be found: the agent learns it from who calls."""

    @callback
    @override
    def async_close_session(self, session_id: str) -> None:
        """Tell the agent that a browser has left."""
        session = self._sessions.pop(session_id, None)
        if session and session.leave:
            self._hass.async_create_task(_part(session.leave))

    @override
    async def async_unregister_camera(self, camera: Camera) -> None:
        """Let go of who watches a camera that cannot be watched so any more."""
        await self._close(name for name, one in self._sessions.items() if one.camera is camera)

    async def async_close(self) -> None:
        """Let everybody go."""
        await self._close(self._sessions)

    async def _close(self, names: Iterable[str]) -> None:
        closed = [self._sessions.pop(name) for name in tuple(names)]
        await asyncio.gather(*(_part(one.leave) for one in closed if one.leave))

    async def _ask(self, camera: Camera, offer: str) -> tuple[WebRtc, Watching]:
        """Have a camera's agent answer an offer; raises HomeAssistantError."""
        found = self._find(await camera.stream_source() or "")
        if found is None:
            raise HomeAssistantError(translation_domain=DOMAIN, translation_key="no_webrtc")
        agent, name = found
        async with translated():
            return agent, await agent.watch(name, offer)

    def _find(self, stream_source: str) -> tuple[WebRtc, str] | None:
        """Return the agent that the address is at, and its camera there."""
        for coordinator in self._roster.agents.values():
            webrtc = coordinator.agent.webrtc
            if coordinator.data.has_webrtc and (camera := webrtc.camera_of(stream_source)):
                return webrtc, camera
        return None


async def _part(leave: Callable[[], Awaitable[None]]) -> None:
    try:
        await leave()
    except AgentError as err:
        _LOGGER.debug("The agent was not told that a browser has left: %s", err)
