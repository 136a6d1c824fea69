"""The examples of the guide are automations and scripts that Home Assistant takes."""

from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
import pytest

from tests.documents import DOCUMENTS, examples

PARTS: Final = {
    "triggers": cv.TRIGGER_SCHEMA,
    "conditions": cv.CONDITIONS_SCHEMA,
    "actions": cv.SCRIPT_SCHEMA,
    "sequence": cv.SCRIPT_SCHEMA,
}
WRITTEN: Final = [
    pytest.param(part, example[part], id=f"{document.stem}-{number}-{part}")
    for document in DOCUMENTS
    for number, example in enumerate(examples(document.read_text()))
    for part in PARTS
    if part in example
]


@pytest.mark.parametrize(("part", "written"), WRITTEN)
async def test_an_example_is_one_that_home_assistant_takes(
    hass: HomeAssistant, part: str, written: list[dict[str, Any]]
) -> None:
    assert PARTS[part](written)
