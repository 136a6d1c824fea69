"""The steps of the options that are about what is recorded, and how long what of it stays."""

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from homeassistant.config_entries import ConfigFlowResult

from .const import (
    CONF_CAMERA,
    CONF_CAMERA_RULES,
    CONF_LEVELS,
    CONF_PRE_ROLL,
    CONF_RULE_UPLOADS,
    LEVELS,
    RuleUploads,
)
from .form_fields import offering
from .options_forms import OptionsForms, trouble_at

if TYPE_CHECKING:
    from .hub import Hub


class FootageSteps(OptionsForms):
    """How much is recorded, how long it stays, and which cameras are treated otherwise."""

    _camera: str
    """The key of the camera whose rule is asked for."""

    async def async_step_footage(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """How much is recorded of an incident, and whether it is made smaller later."""
        if user_input and (short := self._rings_below(user_input[CONF_PRE_ROLL])):
            trouble = trouble_at(CONF_PRE_ROLL, "ring_too_short", short)
            return self._async_ask("footage", user_input, trouble)
        return self._async_part("footage", user_input)

    async def async_step_retention(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """How long footage stays, and how much of the disk it may have."""
        return self._async_part("retention", user_input)

    async def async_step_camera_rules(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Which camera is to have a rule of its own, or none any more."""
        if user_input is None:
            named = sorted(self._cameras.items(), key=lambda camera: camera[1].casefold())
            return self._async_ask("camera_rules", offered={CONF_CAMERA: offering(dict(named))})
        self._camera = user_input[CONF_CAMERA]
        return await self.async_step_camera_rule()

    async def async_step_camera_rule(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """What is otherwise with this camera."""
        rules = self._options.get(CONF_CAMERA_RULES, {})
        if user_input is None:
            shown = _shown(rules.get(self._camera, {}))
            name = self._cameras.get(self._camera, self._camera)
            return self._async_ask("camera_rule", shown, camera=name)
        kept = {camera: rule for camera, rule in rules.items() if camera in self._cameras}
        kept.pop(self._camera, None)
        if rule := _rule(user_input):
            kept[self._camera] = rule
        self._take(self._options | {CONF_CAMERA_RULES: kept})
        return self._async_save()

    @property
    def _cameras(self) -> dict[str, str]:
        """What the site's cameras are called, by their keys."""
        return self._hub.cameras.full_names() if self._hub else {}

    def _rings_below(self, pre_roll: int) -> str:
        """Return the agents that remember less than this, and how much; empty if all do."""
        wanted = timedelta(seconds=pre_roll)
        short = [
            f"{agent.subentry.title} ({info.ring.total_seconds():g} s)"
            for agent in (self._hub.cameras.agents.values() if self._hub else ())
            if (info := agent.data.info) and info.ring is not None and info.ring < wanted
        ]
        return ", ".join(short)

    @property
    def _hub(self) -> Hub | None:
        """The running site; None while it is not."""
        return getattr(self.config_entry, "runtime_data", None)


def _shown(rule: Mapping[str, Any]) -> dict[str, Any]:
    """Return a rule as the form shows it."""
    uploads = RuleUploads.OWN if CONF_LEVELS in rule else RuleUploads.SITE
    return {CONF_LEVELS: [*LEVELS], CONF_RULE_UPLOADS: uploads.value, **rule}


def _rule(answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return a rule as it is stored: nothing of what is the site's."""
    rule = {key: value for key, value in answers.items() if key != CONF_RULE_UPLOADS}
    if answers[CONF_RULE_UPLOADS] == RuleUploads.SITE:
        rule.pop(CONF_LEVELS, None)
        return rule
    return {CONF_LEVELS: [], **rule}
