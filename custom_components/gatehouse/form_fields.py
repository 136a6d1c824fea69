"""The kinds of fields that forms are made of."""

from collections.abc import Mapping, Sequence
from typing import Final

from homeassistant.helpers.selector import (
    BooleanSelector,
    EntitySelector,
    EntitySelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import voluptuous as vol

TEXT: Final = TextSelector()
URL: Final = TextSelector(TextSelectorConfig(type=TextSelectorType.URL))
LINES: Final = TextSelector(TextSelectorConfig(multiline=True))
PASSWORD: Final = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD))
SWITCH: Final = BooleanSelector()
SHARE: Final = NumberSelector(
    NumberSelectorConfig(min=0.05, max=0.95, step=0.05, mode=NumberSelectorMode.SLIDER)
)


def choice(key: str, options: Sequence[str]) -> SelectSelector:
    """Return a choice of one, whose options are named by the texts of this key."""
    return SelectSelector(
        SelectSelectorConfig(
            options=list(options), translation_key=key, mode=SelectSelectorMode.DROPDOWN
        )
    )


def choices(
    key: str, options: Sequence[str], mode: SelectSelectorMode = SelectSelectorMode.LIST
) -> SelectSelector:
    """Return a choice of several, whose options are named by the texts of this key."""
    return SelectSelector(
        SelectSelectorConfig(options=list(options), translation_key=key, multiple=True, mode=mode)
    )


def offering(options: Mapping[str, str] | Sequence[str], *, others: bool = False) -> SelectSelector:
    """Return a choice of names by their values, or of words; others may be typed."""
    named = options if isinstance(options, Mapping) else dict(zip(options, options, strict=True))
    return SelectSelector(
        SelectSelectorConfig(
            options=[SelectOptionDict(value=value, label=name) for value, name in named.items()],
            custom_value=others,
            mode=SelectSelectorMode.DROPDOWN,
        )
    )


def whole(least: int, most: int, unit: str | None = None) -> vol.All:
    """Return a slider of whole numbers."""
    return _number(least, most, unit, NumberSelectorMode.SLIDER)


def typed(least: int, most: int, unit: str | None = None) -> vol.All:
    """Return a field for whole numbers: a slider would have too many of them."""
    return _number(least, most, unit, NumberSelectorMode.BOX)


def entity(domain: str) -> EntitySelector:
    """Return a choice of one of Home Assistant's entities."""
    return EntitySelector(EntitySelectorConfig(domain=domain))


def _number(least: int, most: int, unit: str | None, mode: NumberSelectorMode) -> vol.All:
    config = NumberSelectorConfig(min=least, max=most, step=1, mode=mode)
    if unit:
        config["unit_of_measurement"] = unit
    return vol.All(NumberSelector(config), vol.Coerce(int))
