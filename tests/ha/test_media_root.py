"""Where media of ours are kept: never where everybody sees them, nor in every backup."""

from pathlib import Path

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryError
from homeassistant.helpers import issue_registry as ir
import pytest

from custom_components.gatehouse.const import DOMAIN
from custom_components.gatehouse.media_root import async_check_media_root, async_served, media_root


@pytest.fixture
def house(hass: HomeAssistant, tmp_path: Path) -> Path:
    """A folder with a configuration folder in it."""
    hass.config.config_dir = str(tmp_path / "config")
    (tmp_path / "config" / "www").mkdir(parents=True)
    return tmp_path


def told(hass: HomeAssistant) -> ir.IssueEntry | None:
    return ir.async_get(hass).async_get_issue(DOMAIN, "media_in_config")


@pytest.mark.parametrize(
    ("folders", "root"),
    [
        ({"local": "media"}, "media"),
        ({"nas": "nas", "local": "media"}, "media"),
        ({"nas": "nas", "usb": "usb"}, "nas"),
        ({"local": "config/media"}, "config/media"),
        ({"local": "config/media", "nas": "nas"}, "nas"),
        ({"local": "config/../media"}, "media"),
        ({"local": "media/../config/media", "nas": "nas"}, "nas"),
        ({"local": "config-of-another"}, "config-of-another"),
    ],
)
def test_a_folder_outside_the_configuration_is_preferred(
    hass: HomeAssistant, house: Path, folders: dict[str, str], root: str
) -> None:
    hass.config.media_dirs = {name: f"{house}/{folder}" for name, folder in folders.items()}

    assert media_root(hass) == house / root / "gatehouse"


async def test_a_folder_outside_is_nothing_to_tell(hass: HomeAssistant, house: Path) -> None:
    hass.config.media_dirs = {"local": str(house / "media")}

    await async_check_media_root(hass)

    assert told(hass) is None


async def test_a_folder_in_the_configuration_is_told_until_there_is_another(
    hass: HomeAssistant, house: Path
) -> None:
    inside = house / "config" / "media"
    hass.config.media_dirs = {"local": str(inside)}
    await async_check_media_root(hass)
    issue = told(hass)
    assert issue
    assert issue.translation_placeholders == {"folder": str(inside / "gatehouse")}

    hass.config.media_dirs |= {"nas": str(house / "nas")}
    await async_check_media_root(hass)

    assert told(hass) is None


async def test_a_link_into_the_configuration_is_seen_through(
    hass: HomeAssistant, house: Path
) -> None:
    (house / "config" / "media").mkdir()
    (house / "media").symlink_to(house / "config" / "media")
    hass.config.media_dirs = {"local": str(house / "media")}

    await async_check_media_root(hass)

    assert told(hass)


@pytest.mark.parametrize("folder", ["config/www", "config/www/media", "linked"])
async def test_a_folder_that_everybody_sees_is_refused(
    hass: HomeAssistant, house: Path, folder: str
) -> None:
    (house / "linked").symlink_to(house / "config" / "www")
    hass.config.media_dirs = {"local": str(house / folder)}

    with pytest.raises(ConfigEntryError) as refused:
        await async_check_media_root(hass)

    assert refused.value.translation_key == "media_public"


async def test_nothing_is_served_where_no_path_is(hass: HomeAssistant) -> None:
    assert await async_served(hass, None) is None
