"""Where media of ours are kept: never where everybody sees them, nor in every backup."""

from pathlib import Path

from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import ConfigEntryError
import pytest

from custom_components.gatehouse.const import DOMAIN
from custom_components.gatehouse.media_root import async_check_media_root, async_served, media_root


@pytest.fixture
def house(hass: HomeAssistant, tmp_path: Path) -> Path:
    """A folder with a configuration folder in it."""
    hass.config.config_dir = str(tmp_path / "config")
    (tmp_path / "config" / "www").mkdir(parents=True)
    return tmp_path


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


@pytest.mark.parametrize(
    ("folder", "key"),
    [
        ("config", "media_in_config"),
        ("config/media", "media_in_config"),
        ("into-config", "media_in_config"),
        ("config/www", "media_public"),
        ("config/www/media", "media_public"),
        ("into-www", "media_public"),
    ],
)
async def test_a_folder_in_the_configuration_is_refused_until_there_is_another(
    hass: HomeAssistant, house: Path, folder: str, key: str
) -> None:
    (house / "config" / "media").mkdir()
    (house / "into-config").symlink_to(house / "config" / "media")
    (house / "into-www").symlink_to(house / "config" / "www")
    hass.config.media_dirs = {"local": str(house / folder)}

    with pytest.raises(ConfigEntryError) as refused:
        await async_check_media_root(hass)

    assert refused.value.translation_key == key
    hass.config.media_dirs = {"nas": str(house / "nas")}
    await async_check_media_root(hass)


async def test_a_site_is_not_made_where_its_media_would_be_in_the_configuration(
    hass: HomeAssistant, house: Path
) -> None:
    hass.config.media_dirs = {"local": str(house / "config" / "media")}

    ended = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})

    assert (ended["type"], ended["reason"]) == (FlowResultType.ABORT, "media_in_config")
    assert ended["description_placeholders"] == {"folder": f"{house}/config/media/gatehouse"}


async def test_nothing_is_served_where_no_path_is(hass: HomeAssistant) -> None:
    assert await async_served(hass, None) is None
