"""How the machine is that Home Assistant runs on, for entities and for who looks after it."""

from datetime import timedelta
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Final, override

from homeassistant.core import HomeAssistant
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from .agent import AgentStats
from .care import OwnMachine

if TYPE_CHECKING:
    from . import GatehouseConfigEntry

_LOGGER = logging.getLogger(__name__)

LOOK_EVERY: Final = timedelta(seconds=30)


class SiteMachine(DataUpdateCoordinator[AgentStats]):
    """Looks at the machine every half a minute, as long as somebody wants to know."""

    config_entry: GatehouseConfigEntry

    def __init__(self, hass: HomeAssistant, entry: GatehouseConfigEntry) -> None:
        """Look at nothing yet; the disk that counts is the one that the database is on."""
        super().__init__(
            hass,
            _LOGGER,
            config_entry=entry,
            name="this machine",
            update_interval=LOOK_EVERY,
            always_update=False,
        )
        self._machine = OwnMachine(Path(hass.config.config_dir))

    @override
    async def _async_update_data(self) -> AgentStats:
        return await self.hass.async_add_executor_job(self._machine.read)
