"""The language model that the options name: one of Home Assistant's AI Task, or a server."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, override

from homeassistant.const import ATTR_SUPPORTED_FEATURES
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    TextSelector,
    TextSelectorConfig,
)
import voluptuous as vol

from .const import ModelKind
from .incidents import LanguageModel, ModelFailed, Question
from .language import ChatModel, LanguageBusy, LanguageError

# A small computer may take a minute; nobody waits for it.
PATIENCE: Final = timedelta(minutes=3)

AI_TASK: Final = "ai_task"
TASK: Final = "Gatehouse incident"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelChoice:
    """What the options say about the language model."""

    kind: ModelKind = ModelKind.OFF
    entity: str | None = None
    """The AI Task entity; None for Home Assistant's preferred one."""
    url: str = ""
    model: str | None = None
    api_key: str | None = field(default=None, repr=False)


def language_model(hass: HomeAssistant, choice: ModelChoice) -> LanguageModel:
    """Return the model of choice."""
    match choice.kind:
        case ModelKind.AI_TASK:
            return AiTaskModel(hass, choice.entity)
        case ModelKind.SERVER:
            return ServerModel(hass, choice)
    return NoModel()


def chat_model(
    hass: HomeAssistant, choice: ModelChoice, patience: timedelta = PATIENCE
) -> ChatModel:
    """Return the server of choice."""
    return ChatModel(
        async_get_clientsession(hass),
        choice.url,
        model=choice.model,
        api_key=choice.api_key,
        timeout=patience,
    )


class NoModel(LanguageModel):
    """Answers nothing."""

    @override
    async def ask(self, question: Question, frames: Sequence[Path]) -> str | Mapping[str, Any]:
        raise ModelFailed("No language model is set up in Gatehouse's options.")


class AiTaskModel(LanguageModel):
    """Asks the user's own provider, with the pictures as attachments."""

    def __init__(self, hass: HomeAssistant, entity: str | None) -> None:
        """Ask this entity, or the preferred one."""
        self._hass = hass
        self._entity = entity

    @override
    async def ask(self, question: Question, frames: Sequence[Path]) -> str | Mapping[str, Any]:
        if AI_TASK not in self._hass.config.components:
            raise ModelFailed("Home Assistant's AI Task is not set up.")
        media = await self._hass.async_add_executor_job(_media, self._hass, frames)
        try:
            async with asyncio.timeout(PATIENCE.total_seconds()):
                # A provider is anybody's code: whatever it raises is that it gave no answer.
                answers = await asyncio.gather(
                    self._generate(question, media), return_exceptions=True
                )
        except TimeoutError as err:
            minutes = PATIENCE.total_seconds() / 60
            raise ModelFailed(f"AI Task gave no answer in {minutes:g} minutes.") from err
        answer = answers[0]
        if isinstance(answer, BaseException):
            raise ModelFailed(f"AI Task: {str(answer) or type(answer).__name__}") from answer
        return answer

    async def _generate(
        self, question: Question, media: Sequence[dict[str, str]]
    ) -> str | Mapping[str, Any]:
        # Not at the top: it brings all of Assist with it, which not every house has.
        from homeassistant.components import ai_task

        entity = self._entity or self._hass.data[ai_task.const.DATA_PREFERENCES].gen_data_entity_id
        state = self._hass.states.get(entity) if entity else None
        features = state.attributes.get(ATTR_SUPPORTED_FEATURES, 0) if state else 0
        sees = features & ai_task.AITaskEntityFeature.SUPPORT_ATTACHMENTS
        result = await ai_task.async_generate_data(
            self._hass,
            task_name=TASK,
            entity_id=entity,
            instructions=question.instructions,
            structure=_structure(question.schema),
            attachments=list(media) if sees and media else None,
        )
        answer: str | Mapping[str, Any] = result.data
        return answer


class ServerModel(LanguageModel):
    """Asks a server that speaks OpenAI's language."""

    def __init__(self, hass: HomeAssistant, choice: ModelChoice) -> None:
        """Reach the server at its address."""
        self._hass = hass
        self._chat = chat_model(hass, choice)

    @override
    async def ask(self, question: Question, frames: Sequence[Path]) -> str | Mapping[str, Any]:
        pictures = await self._hass.async_add_executor_job(_pictures, frames)
        try:
            return await self._chat.ask(question.instructions, question.schema, pictures)
        except LanguageError as err:
            later = err.retry_after if isinstance(err, LanguageBusy) else None
            raise ModelFailed(str(err), later) from err


def _structure(schema: Mapping[str, Any]) -> vol.Schema:
    """Return a JSON schema of whole numbers and texts in the words of Home Assistant."""
    return vol.Schema(
        {
            vol.Required(name, description=wanted.get("description")): _selector(wanted)
            for name, wanted in schema["properties"].items()
        }
    )


def _selector(wanted: Mapping[str, Any]) -> NumberSelector | TextSelector:
    if wanted["type"] != "integer":
        return TextSelector(TextSelectorConfig())
    return NumberSelector(
        NumberSelectorConfig(min=wanted["minimum"], max=wanted["maximum"], step=1)
    )


def _media(hass: HomeAssistant, frames: Sequence[Path]) -> list[dict[str, str]]:
    """Return the pictures that are still there as the media browser knows them."""
    known = (_media_id(hass, frame) for frame in frames if frame.is_file())
    return [
        {"media_content_id": media, "media_content_type": "image/jpeg"} for media in known if media
    ]


def _media_id(hass: HomeAssistant, frame: Path) -> str | None:
    """Return a picture's name in the media browser, None if no media folder holds it."""
    for name, folder in hass.config.media_dirs.items():
        if frame.is_relative_to(folder):
            return f"media-source://media_source/{name}/{frame.relative_to(folder).as_posix()}"
    return None


def _pictures(frames: Sequence[Path]) -> list[bytes]:
    """Return the pictures that are still there."""
    pictures = []
    for frame in frames:
        with suppress(OSError):
            pictures.append(frame.read_bytes())
    return pictures
