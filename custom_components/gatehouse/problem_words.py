"""What is wrong with the site in somebody's language, as Home Assistant's repairs show it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.translation import async_get_translations

from .const import DOMAIN

# What can be fixed from here is explained where that is asked.
PLACES: Final = ("description", "fix_flow.step.confirm.description")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One problem, in words."""

    id: str
    severity: str
    title: str
    text: str


async def async_problems(hass: HomeAssistant, language: str) -> tuple[Told, ...]:
    """Return what is wrong now and nobody ignores, the worst first."""
    texts = await async_get_translations(hass, language, "issues", {DOMAIN})
    issues = [
        issue
        for (domain, _), issue in ir.async_get(hass).issues.items()
        if domain == DOMAIN and issue.active and issue.dismissed_version is None
    ]
    return tuple(sorted((_told(issue, texts) for issue in issues), key=_weight))


async def async_sentence(hass: HomeAssistant, key: str, words: Mapping[str, str]) -> str:
    """Return the text of a kind of problem, in the language of Home Assistant."""
    texts = await async_get_translations(hass, hass.config.language, "issues", {DOMAIN})
    return _text(texts, key, words)


def _told(issue: ir.IssueEntry, texts: Mapping[str, str]) -> Told:
    key, words = str(issue.translation_key), issue.translation_placeholders or {}
    title = texts.get(_path(key, "title"), key)
    return Told(
        id=issue.issue_id,
        severity=str(issue.severity),
        title=title.format(**words),
        text=_text(texts, key, words),
    )


def _text(texts: Mapping[str, str], key: str, words: Mapping[str, str]) -> str:
    found = (texts[path] for place in PLACES if (path := _path(key, place)) in texts)
    return next(found, "").format(**words)


def _path(key: str, place: str) -> str:
    return f"component.{DOMAIN}.issues.{key}.{place}"


def _weight(told: Told) -> tuple[bool, str]:
    return told.severity == ir.IssueSeverity.WARNING, told.id
