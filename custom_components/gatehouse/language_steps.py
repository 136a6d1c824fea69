"""The steps of the options that are about a language model; it is asked before it is saved."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from homeassistant.config_entries import ConfigFlowResult

from .agent_meeting import Trouble
from .const import CONF_AI_TASK, CONF_LANGUAGE_MODEL, CONF_SERVER_MODEL, CONF_SERVER_URL, ModelKind
from .form_fields import offering
from .incidents import ModelFailed, Question
from .language import LanguageError, LanguageGarbled, LanguageRefused
from .language_model import ModelChoice, chat_model, language_model
from .options import model_choice
from .options_forms import OptionsForms, is_address, trouble_at

# Nobody looks at a form for longer. Who has understood the question but is slow may be saved: his
# model may only now be loading, and an incident has more patience.
PATIENCE: Final = timedelta(seconds=30)

QUESTION: Final = Question(
    instructions='Answer with the JSON object {"summary": "ready"} and nothing else.',
    schema={
        "type": "object",
        "properties": {"summary": {"type": "string", "maxLength": 20}},
        "required": ["summary"],
        "additionalProperties": False,
    },
)


class LanguageSteps(OptionsForms):
    """Who tells what an incident was, and how often."""

    _models: tuple[str, ...] = ()

    async def async_step_language(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Which kind of language model, and how often it is asked."""
        if user_input is None:
            return self._async_ask("language")
        self._take(self._answered("language", user_input))
        match ModelKind(user_input[CONF_LANGUAGE_MODEL]):
            case ModelKind.AI_TASK:
                return await self.async_step_ai_task()
            case ModelKind.SERVER:
                return await self.async_step_server()
        return self._async_save()

    async def async_step_ai_task(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Which of Home Assistant's providers."""
        return await self._async_model(ModelKind.AI_TASK, CONF_AI_TASK, user_input)

    async def async_step_server(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Where the server is, and the key that it wants."""
        if user_input is None:
            return self._async_ask(ModelKind.SERVER)
        options = self._answered(ModelKind.SERVER, user_input)
        if trouble := await self._meet(options):
            return self._async_ask(ModelKind.SERVER, user_input, trouble)
        self._take(options)
        return await self.async_step_server_model()

    async def async_step_server_model(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Which of the server's models."""
        return await self._async_model("server_model", CONF_SERVER_MODEL, user_input)

    async def _async_model(
        self, step: str, field: str, user_input: dict[str, Any] | None
    ) -> ConfigFlowResult:
        """Ask which model, ask it something, and save."""
        trouble = Trouble()
        if user_input is not None:
            options = self._answered(step, user_input)
            trouble = await self._try(field, model_choice(self.config_entry, options))
            if not trouble:
                self._take(options)
                return self._async_save()
        offered = {CONF_SERVER_MODEL: offering(self._models, others=True)}
        listed = offered if self._models and field == CONF_SERVER_MODEL else None
        return self._async_ask(step, user_input, trouble, listed)

    async def _meet(self, options: Mapping[str, Any]) -> Trouble:
        """Ask a server for its models; one that lists none has to answer a question."""
        if not is_address(options[CONF_SERVER_URL]):
            return trouble_at(CONF_SERVER_URL, "bad_url")
        choice = replace(model_choice(self.config_entry, options), model=None)
        try:
            self._models = await chat_model(self.hass, choice, PATIENCE).models()
        except LanguageRefused, LanguageGarbled:
            self._models = ()
            return await self._try(CONF_SERVER_URL, choice)
        except LanguageError as err:
            return trouble_at(CONF_SERVER_URL, "model_failed", err)
        return Trouble()

    async def _try(self, field: str, choice: ModelChoice) -> Trouble:
        """Ask the model something."""
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE.total_seconds()):
                    await language_model(self.hass, choice).ask(QUESTION, ())
        except ModelFailed as err:
            return trouble_at(field, "model_failed", err)
        return Trouble()
