"""What the cards' tests share with those of the floor: Home Assistant with Gatehouse in it."""

from tests.ha.conftest import _gatehouse_is_found, agent, hass, hass_config_dir

__all__ = ["_gatehouse_is_found", "agent", "hass", "hass_config_dir"]
