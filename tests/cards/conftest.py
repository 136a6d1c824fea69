"""What the cards' tests share with those of the floor: Home Assistant with Gatehouse in it."""

from tests.ha.conftest import agent, hass, hass_config_dir

__all__ = ["agent", "hass", "hass_config_dir"]
