"""What is left of a site that is removed: what the user chose to keep, and nothing else."""

from pathlib import Path
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.gatehouse.blueprint import NAME

PATH = f"gatehouse/{NAME}"


@pytest.fixture
def blueprint(hass: HomeAssistant, running_site: MockConfigEntry) -> Path:
    """The blueprint, as the set-up laid it."""
    return Path(hass.config.path("blueprints", "automation", PATH))


async def removed(hass: HomeAssistant, site: MockConfigEntry) -> Any:
    return await hass.config_entries.async_remove(site.entry_id)


async def test_an_unchanged_blueprint_goes_with_its_folder_and_comes_back_with_the_site(
    hass: HomeAssistant, running_site: MockConfigEntry, blueprint: Path
) -> None:
    assert blueprint.exists()

    await removed(hass, running_site)
    assert not blueprint.parent.exists()

    await hass.config_entries.async_add(running_site)
    assert blueprint.exists()


async def test_a_blueprint_that_the_user_changed_stays(
    hass: HomeAssistant, running_site: MockConfigEntry, blueprint: Path
) -> None:
    theirs = blueprint.read_text().replace("Gatehouse incident", "My own")
    blueprint.write_text(theirs)

    await removed(hass, running_site)

    assert blueprint.read_text() == theirs


async def test_a_blueprint_that_an_automation_is_made_of_stays(
    hass: HomeAssistant, running_site: MockConfigEntry, blueprint: Path
) -> None:
    made = {"alias": "Notify", "use_blueprint": {"path": PATH, "input": {"notifiers": []}}}
    assert await async_setup_component(hass, "automation", {"automation": made})
    await hass.async_block_till_done()

    await removed(hass, running_site)

    assert blueprint.exists()


async def test_what_else_lies_beside_the_blueprint_stays(
    hass: HomeAssistant, running_site: MockConfigEntry, blueprint: Path
) -> None:
    (blueprint.parent / "mine.yaml").touch()

    await removed(hass, running_site)

    assert [each.name for each in blueprint.parent.iterdir()] == ["mine.yaml"]


async def test_a_blueprint_that_cannot_be_deleted_keeps_no_site_from_going(
    hass: HomeAssistant,
    running_site: MockConfigEntry,
    blueprint: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with patch.object(Path, "unlink", side_effect=OSError("Read-only file system")):
        await removed(hass, running_site)

    assert hass.config_entries.async_entries("gatehouse") == []
    assert "The blueprint for notifications cannot be deleted: Read-only" in caplog.text


async def test_models_and_all_that_was_stored_go_and_the_database_stays(
    hass: HomeAssistant, hass_storage: dict[str, Any], running_site: MockConfigEntry
) -> None:
    models = Path(hass.config.path(".storage", "gatehouse.models"))
    models.mkdir(parents=True)
    (models / "yolox_nano.onnx").touch()
    await hass.async_block_till_done(wait_background_tasks=False)

    await removed(hass, running_site)

    assert not models.exists()
    assert [name for name in hass_storage if name.startswith("gatehouse")] == []
    assert Path(hass.config.path("gatehouse.db")).exists()
