"""German and French say all that English says: every text, with its placeholders and its marks."""

from collections import Counter
from collections.abc import Callable, Iterator
import json
import re
from string import Formatter
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations
import pytest

from custom_components.gatehouse.const import DOMAIN
from tests.ha.words import ENGLISH, INTEGRATION

LANGUAGES: Final = ("de", "fr")

# More words than these are a sentence, and no sentence is the same in two languages.
NAME: Final = 3

MARKS: Final = r"`[^`]*`|\*\*|\n+[-*]?|→"

# How a language quotes the name of another action.
QUOTES: Final = {"de": "„([^“]*)“", "fr": "«\N{NO-BREAK SPACE}([^»]*)\N{NO-BREAK SPACE}»"}

# What the things of a site are called, as on the cards.
TERMS: Final = {
    "agent": {"de": "agent", "fr": "agent"},
    "booking": {"de": "buchung", "fr": "réservation"},
    "camera": {"de": "kamera", "fr": "caméra"},
    "incident": {"de": "vorf[aä]ll", "fr": "incident"},
    "lockdown": {"de": "abriegelung", "fr": "confinement"},
    "mask": {"de": "maske", "fr": "masque"},
    "passage": {"de": "durchg[aä]ng", "fr": "passage"},
    "zone": {"de": "zone", "fr": "zone"},
}


def texts(node: dict[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text and where it stands."""
    for key, below in node.items():
        if isinstance(below, str):
            yield f"{path}.{key}", below
        else:
            yield from texts(below, f"{path}.{key}")


def read(language: str) -> dict[str, Any]:
    """Return the texts of a language."""
    words: dict[str, Any] = json.loads(
        (INTEGRATION / "translations" / f"{language}.json").read_text()
    )
    return words


SAID: Final = dict(texts(ENGLISH))
TOLD: Final = {language: dict(texts(read(language))) for language in LANGUAGES}


def placeholders(text: str) -> set[str]:
    """Return the names in braces in a text."""
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def marks(text: str) -> Counter[str]:
    """Return what is set apart in a text: code, bold, paragraphs, items of lists, ways in menus."""
    return Counter(re.findall(MARKS, text))


def names(words: dict[str, Any]) -> dict[str, int]:
    """Return how many names there are for actions, and for the entities of each platform."""
    named = {"services": words["services"], **words["entity"]}
    return {
        kind: len({each["name"] for each in group.values() if "name" in each})
        for kind, group in named.items()
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_text_and_none_too_many(language: str) -> None:
    assert TOLD[language].keys() == SAID.keys()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("part", [placeholders, marks])
def test_a_translation_keeps_what_is_not_words(
    language: str, part: Callable[[str], object]
) -> None:
    lost = {where for where, text in TOLD[language].items() if part(text) != part(SAID[where])}

    assert not lost


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_is_what_home_assistant_takes(language: str) -> None:
    bad = {
        where
        for where, text in TOLD[language].items()
        if not text or text != text.strip() or re.search(r"://|www\.|[<>]|\[%key|'\{|  ", text)
    }

    assert not bad


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_is_left_in_english(language: str) -> None:
    left = {
        where
        for where, text in TOLD[language].items()
        if text == SAID[where] and len(re.findall(r"\w{3,}", text)) > NAME
    }

    assert not left


@pytest.mark.parametrize("language", LANGUAGES)
def test_one_thing_has_one_word_in_every_language(language: str) -> None:
    other = {
        (where, word)
        for where, text in TOLD[language].items()
        for word, term in TERMS.items()
        if re.search(rf"\b{word}s?\b", re.sub(r"\{.*?\}|`.*?`", "", SAID[where]), re.IGNORECASE)
        and not re.search(term[language], text, re.IGNORECASE)
    }

    assert not other


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_language_calls_two_things_by_one_name(language: str) -> None:
    assert names(read(language)) == names(ENGLISH)


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_action_that_is_named_in_a_text_is_called_so(language: str) -> None:
    services = read(language)["services"]
    named = {name for _, text in texts(services) for name in re.findall(QUOTES[language], text)}

    assert named
    assert named <= {action["name"] for action in services.values()}


@pytest.mark.parametrize("language", LANGUAGES)
async def test_home_assistant_takes_every_text_of_a_language(
    hass: HomeAssistant, language: str, caplog: pytest.LogCaptureFixture
) -> None:
    taken: dict[str, str] = {}
    for category in ENGLISH:
        taken |= await async_get_translations(hass, language, category, {DOMAIN})

    assert taken == {f"component.{DOMAIN}{where}": text for where, text in TOLD[language].items()}
    assert "placeholders" not in caplog.text
