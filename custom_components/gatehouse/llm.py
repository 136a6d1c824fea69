"""What assistants can ask: what happened, who is there now, who entered."""

from abc import abstractmethod
import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final, override

from homeassistant.components.camera import async_get_image
from homeassistant.components.llm import LLMTools
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.llm import (
    LLM_API_ASSIST,
    LLMContext,
    Tool,
    ToolAnnotations,
    ToolInput,
    ToolResult,
)
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonObjectType, JsonValueType
import voluptuous as vol

from .access import PassageQuery
from .assistant_words import (
    MOST_PASSAGES,
    detection_told,
    incident_told,
    local,
    passages_told,
    since,
    until,
)
from .const import DOMAIN
from .database import DatabaseError
from .exposure import Exposed, exposed_to
from .incidents import IncidentQuery
from .models import Level, Picture
from .options import incident_options
from .vision import BadPicture, DetectorFailed
from .zones import wanted

PROMPT: Final = (
    "Gatehouse watches the cameras and doors of this home: its tools know who came, what happened, "
    "and who is there now. Say only what they tell, and say so when they know nothing."
)

# An answer is read by a model, whose memory is short.
MOST_INCIDENTS: Final = 20

# Somebody waits for the answer.
PATIENCE: Final = timedelta(seconds=20)

LEVELS: Final = [level.value for level in Level]

SINCE: Final = "From when on, in local time: 2026-11-20T18:00, a date, 'today' or 'yesterday'"
UNTIL: Final = "Until when, likewise; a date is meant to its end"


class SiteTool(Tool):
    """A question to the site, which changes nothing."""

    integration = DOMAIN
    annotations = ToolAnnotations(
        read_only=True, destructive=False, idempotent=True, open_world=False
    )

    @override
    async def async_call(
        self, hass: HomeAssistant, tool_input: ToolInput, llm_context: LLMContext
    ) -> ToolResult:
        """Answer, or say why there is no answer."""
        exposed = exposed_to(hass, llm_context.assistant)
        if exposed is None:
            return _failed("Gatehouse does not run, or nothing of it is exposed to you.")
        try:
            async with asyncio.timeout(PATIENCE.total_seconds()):
                asked = self.parameters(tool_input.tool_args)
                return ToolResult(data=await self._answer(hass, exposed, asked))
        except vol.Invalid as err:
            return _failed(str(err))
        except DatabaseError as err:
            return _failed(f"What happened cannot be read now: {err}")
        except (HomeAssistantError, BadPicture, DetectorFailed) as err:
            return _failed(f"Nobody can look now: {err}")
        except TimeoutError:
            return _failed(f"There was no answer in {PATIENCE.seconds} seconds.")

    @abstractmethod
    async def _answer(
        self, hass: HomeAssistant, exposed: Exposed, asked: Mapping[str, Any]
    ) -> JsonObjectType:
        """Return what is asked for."""


class SearchIncidents(SiteTool):
    """What happened."""

    name = "gatehouse__search_incidents"
    title = "Search incidents"
    description = (
        "Find what the cameras saw and the doors noted, newest first. Use it for questions as "
        "'Who came today?' or 'Was somebody in the garden last night?'."
    )

    def __init__(self, exposed: Exposed) -> None:
        """Let these places be asked for."""
        self.parameters = vol.Schema(
            {
                vol.Optional(
                    "text", description="Words that must occur: of zones, people, labels, notes"
                ): str,
                vol.Optional("since", description=SINCE): vol.All(str, since),
                vol.Optional("until", description=UNTIL): vol.All(str, until),
                vol.Optional("level", description="At least this bad"): vol.In(LEVELS),
                vol.Optional("place", description="Where"): vol.In(sorted(exposed.places)),
            }
        )

    @override
    async def _answer(
        self, hass: HomeAssistant, exposed: Exposed, asked: Mapping[str, Any]
    ) -> JsonObjectType:
        query = IncidentQuery(
            text=asked.get("text"),
            cameras=tuple(exposed.cameras.values()),
            group=exposed.place(asked["place"]) if "place" in asked else None,
            since=asked.get("since"),
            until=asked.get("until"),
            level=Level(asked["level"]) if "level" in asked else None,
            limit=MOST_INCIDENTS + 1,
        )
        found = await exposed.hub.archive.find(query)
        shown: list[JsonValueType] = [
            incident_told(incident, exposed.names) for incident in found[:MOST_INCIDENTS]
        ]
        return {"incidents": shown, "there_are_more": len(found) > MOST_INCIDENTS}


class DescribeCamera(SiteTool):
    """Who is there now."""

    name = "gatehouse__describe_camera"
    title = "Describe camera"
    description = (
        "Look through a camera now: who or what is there, where in its picture and in which "
        "zones; and the last incident that it saw."
    )

    def __init__(self, exposed: Exposed) -> None:
        """Let these cameras be asked for."""
        self.parameters = vol.Schema({vol.Required("camera"): vol.In(sorted(exposed.cameras))})

    @override
    async def _answer(
        self, hass: HomeAssistant, exposed: Exposed, asked: Mapping[str, Any]
    ) -> JsonObjectType:
        hub, camera = exposed.hub, exposed.camera(asked["camera"])
        last = await hub.archive.find(IncidentQuery(cameras=(camera,), limit=1))
        told: JsonObjectType = {
            "camera": asked["camera"],
            "last_incident": incident_told(last[0], exposed.names) if last else None,
        }
        if not hub.detection.looks:
            return told | {"sees": None, "why": "Detection is off: nobody looks."}
        image = await async_get_image(hass, hub.cameras.entities()[camera])
        picture = Picture(jpeg=image.content, captured=dt_util.utcnow())
        sight = await hub.detection.detect(lambda: picture)
        options = incident_options(exposed.site)
        rules = hub.zones.rules(camera, options.threshold, options.certainty)
        sees: list[JsonValueType] = [
            detection_told(each, rules) for each in wanted(sight.detections, rules)
        ]
        return told | {"sees": sees, "at": local(picture.captured)}


class WhoEntered(SiteTool):
    """Who entered."""

    name = "gatehouse__who_entered"
    title = "Who entered"
    description = (
        "List who opened a door or was refused, newest first; without a time, today. "
        "It knows names only where a card was shown."
    )
    parameters = vol.Schema(
        {
            vol.Optional("since", description=SINCE, default="today"): vol.All(str, since),
            vol.Optional("until", description=UNTIL): vol.All(str, until),
        }
    )

    @override
    async def _answer(
        self, hass: HomeAssistant, exposed: Exposed, asked: Mapping[str, Any]
    ) -> JsonObjectType:
        admission, doors = exposed.hub.admission, exposed.doors
        if not admission.doors():
            return _nobody("No doors are set up: it is known who was seen, not who entered.")
        if not doors:
            return _nobody("Neither a door nor a camera of a place with a door is exposed to you.")
        query = PassageQuery(
            doors=tuple(doors),
            since=asked["since"],
            until=asked.get("until"),
            limit=MOST_PASSAGES + 1,
        )
        return passages_told(await admission.log.find(query), doors)


@callback
def async_get_tools(hass: HomeAssistant, llm_context: LLMContext, api_id: str) -> LLMTools | None:
    """Return the tools for an assistant to which a camera or a door is exposed."""
    if api_id != LLM_API_ASSIST or (exposed := exposed_to(hass, llm_context.assistant)) is None:
        return None
    tools: list[Tool] = [WhoEntered()]
    if exposed.cameras:
        tools += [SearchIncidents(exposed), DescribeCamera(exposed)]
    return LLMTools(tools=tools, prompt=PROMPT)


def _failed(why: str) -> ToolResult:
    return ToolResult(data={"error": why}, error=True)


def _nobody(why: str) -> JsonObjectType:
    return {"passages": [], "why": why}
