"""The steps of the options that are about detectors; each is tried before it is saved."""

import asyncio
from base64 import b64decode
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

from homeassistant.config_entries import ConfigFlowResult

from .agent_meeting import Trouble
from .const import (
    CONF_CODEPROJECT_URL,
    CONF_DETECTOR_AGENT,
    CONF_DETECTORS,
    CONF_KSERVE_URL,
    CONF_LABELS,
    CONF_LAMBDA_KEY_ID,
    CONF_LAMBDA_SECRET,
    CONF_LAMBDA_URL,
    CONF_MODEL_PATH,
    CONF_REMOTE_URL,
    DetectorKind,
)
from .detector_choice import DetectorChoice, async_try_service, detector_choice, split_addresses
from .form_fields import offering
from .local_detection import DetectorStatus, LocalLoading
from .models import Picture
from .on_demand import async_installed_runtime
from .options_forms import OptionsForms, is_address, trouble_at
from .vision import DetectorUnavailable, ModelUnavailable, VisionError

# The field that is at fault when a detector elsewhere does not work.
FIELDS: Final = MappingProxyType(
    {
        DetectorKind.AGENT: CONF_DETECTOR_AGENT,
        DetectorKind.REMOTE: CONF_REMOTE_URL,
        DetectorKind.LAMBDA: CONF_LAMBDA_URL,
        DetectorKind.KSERVE: CONF_KSERVE_URL,
        DetectorKind.CODEPROJECT: CONF_CODEPROJECT_URL,
    }
)

# A grey picture of 64 x 64 pixels: whoever detects must understand it, and finds nothing.
GREY: Final = b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAFA3PEY8MlBGQUZaVVBfeMiCeG5uePWvuZHI////////////////////////"
    "////////////////////////////2wBDAVVaWnhpeOuCguv/////////////////////////////////////////////"
    "////////////////////////////wAARCABAAEADASIAAhEBAxEB/8QAFAABAAAAAAAAAAAAAAAAAAAAAP/EABQQAQAA"
    "AAAAAAAAAAAAAAAAAAD/xAAUAQEAAAAAAAAAAAAAAAAAAAAA/8QAFBEBAAAAAAAAAAAAAAAAAAAAAP/aAAwDAQACEQMR"
    "AD8AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/9k="
)

NO_RUNTIME: Final = "–"


class DetectorSteps(OptionsForms):
    """What to look for, who looks in which order, and how each of them is reached."""

    _unasked: tuple[DetectorKind, ...] = ()
    _tried: Mapping[str, Any]
    """What was answered about the detector inside Home Assistant, while it is tried."""
    _trial: asyncio.Task[Trouble] | None = None

    async def async_step_detection(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """What to look for, and who does that, the first one first."""
        if user_input is None:
            return self._async_ask("detection")
        if not user_input[CONF_LABELS]:
            return self._async_ask("detection", user_input, trouble_at(CONF_LABELS, "no_labels"))
        choice = detector_choice(self.config_entry, user_input)
        if DetectorKind.AGENT in choice.order and not choice.agents:
            trouble = trouble_at(CONF_DETECTORS, "no_agents")
            return self._async_ask("detection", user_input, trouble)
        self._take(self._answered("detection", user_input))
        self._unasked = choice.order
        return await self._async_next()

    async def async_step_local(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """How to detect inside Home Assistant."""
        if user_input is None:
            return await self._async_ask_local()
        self._tried = user_input
        return await self.async_step_local_trial()

    async def async_step_local_trial(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Wait until the runtime is installed, the model fetched and a picture looked at."""
        if self._trial is None:
            self._trial = self.hass.async_create_task(
                self._try_local(), "gatehouse detector trial", eager_start=False
            )
        if not self._trial.done():
            return self.async_show_progress(
                step_id="local_trial", progress_action="local_trial", progress_task=self._trial
            )
        return self.async_show_progress_done(next_step_id="local_tried")

    async def async_step_local_tried(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Go on, or back to the form with what is wrong."""
        trial, self._trial = self._trial, None
        if trial and (trouble := trial.result()):
            return await self._async_ask_local(self._tried, trouble)
        self._take(self._answered(DetectorKind.LOCAL, self._tried))
        return await self._async_next()

    async def async_step_agent(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Which agent detects."""
        return await self._async_service(DetectorKind.AGENT, user_input)

    async def async_step_remote(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Where the detection service is."""
        return await self._async_service(DetectorKind.REMOTE, user_input)

    async def async_step_lambda(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Where the function is, and who may ask it."""
        return await self._async_service(DetectorKind.LAMBDA, user_input)

    async def async_step_kserve(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Where the server is, and which of its models detects."""
        return await self._async_service(DetectorKind.KSERVE, user_input)

    async def async_step_codeproject(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Where the server is."""
        return await self._async_service(DetectorKind.CODEPROJECT, user_input)

    async def _async_next(self) -> ConfigFlowResult:
        """Ask of the next detector, and save after the last."""
        if not self._unasked:
            return self._async_save()
        kind, *rest = self._unasked
        self._unasked = tuple(rest)
        if kind is DetectorKind.LOCAL:
            return await self.async_step_local()
        return await self._async_service(kind, None)

    async def _async_service(
        self, kind: DetectorKind, user_input: dict[str, Any] | None
    ) -> ConfigFlowResult:
        trouble = Trouble()
        if user_input is not None:
            options = self._answered(kind, user_input)
            trouble = await self._try_service(kind, options)
            if not trouble:
                self._take(options)
                return await self._async_next()
        agents = detector_choice(self.config_entry, self._options).agents
        names = {agent: known.name for agent, known in agents.items()}
        offered = {CONF_DETECTOR_AGENT: offering(names)} if kind is DetectorKind.AGENT else None
        return self._async_ask(kind, user_input, trouble, offered)

    async def _try_service(self, kind: DetectorKind, options: Mapping[str, Any]) -> Trouble:
        """Have a detector elsewhere look at a picture."""
        field = FIELDS[kind]
        if kind is not DetectorKind.AGENT and not _is_reached(kind, options[field]):
            return trouble_at(field, "bad_url")
        if options.get(CONF_LAMBDA_KEY_ID) and not options.get(CONF_LAMBDA_SECRET):
            return trouble_at(CONF_LAMBDA_SECRET, "no_secret")
        choice = detector_choice(self.config_entry, options)
        try:
            await async_try_service(self.hass, kind, choice, _grey)
        except VisionError as err:
            return trouble_at(field, "service_failed", err)
        return Trouble()

    async def _async_ask_local(
        self, user_input: Mapping[str, Any] | None = None, trouble: Trouble | None = None
    ) -> ConfigFlowResult:
        runtime = await async_installed_runtime(self.hass) or NO_RUNTIME
        return self._async_ask(DetectorKind.LOCAL, user_input, trouble, runtime=runtime)

    async def _try_local(self) -> Trouble:
        options = self._answered(DetectorKind.LOCAL, self._tried)
        choice = detector_choice(self.config_entry, options)
        file = choice.local.file
        if file and not await self.hass.async_add_executor_job(file.is_file):
            return trouble_at(CONF_MODEL_PATH, "no_such_file")
        try:
            await self._look(choice)
        except DetectorUnavailable as err:
            return trouble_at("base", "no_runtime", err)
        except ModelUnavailable as err:
            return trouble_at("base", "no_model", err)
        except VisionError as err:
            return trouble_at(CONF_MODEL_PATH if file else "base", "bad_model", err)
        return Trouble()

    async def _look(self, choice: DetectorChoice) -> None:
        """Make the detector inside Home Assistant, and have it look at a picture."""
        loading = LocalLoading(self.hass, choice.local, choice.options, self._progress)
        detector = await loading.load()
        try:
            await detector.detect(_grey)
        finally:
            await detector.close()

    def _progress(self, _: DetectorStatus, fraction: float | None) -> None:
        if fraction is not None:
            self.async_update_progress(fraction)


def _is_reached(kind: DetectorKind, text: str) -> bool:
    """Return whether a text is the address of a detector, or the addresses of its servers."""
    addresses = split_addresses(text) if kind is DetectorKind.KSERVE else (text,)
    return bool(addresses) and all(map(is_address, addresses))


def _grey() -> Picture:
    return Picture(jpeg=GREY, captured=datetime.now(UTC))
