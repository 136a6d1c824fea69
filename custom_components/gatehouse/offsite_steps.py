"""The step of the options that is about the off-site storage; it is tried before it is saved."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Final

from homeassistant.config_entries import ConfigFlowResult

from .agent_meeting import Trouble
from .const import (
    CONF_OFFSITE_DAYS,
    CONF_S3_BUCKET,
    CONF_S3_ENDPOINT,
    CONF_S3_KEY_ID,
    CONF_S3_SECRET,
)
from .footage import S3, BucketMissing, Quirk, StorageDenied, StorageError, StorageUnreachable
from .footage_options import s3_options
from .options_forms import OptionsForms, is_address, trouble_at

# Nobody looks at a form for longer.
PATIENCE: Final = timedelta(seconds=20)

# The field that is at fault; what is not named here is the fault of none of them.
FIELDS: Final = MappingProxyType(
    {
        StorageUnreachable: CONF_S3_ENDPOINT,
        StorageDenied: CONF_S3_SECRET,
        BucketMissing: CONF_S3_BUCKET,
    }
)


class OffsiteSteps(OptionsForms):
    """Where clips are kept that outlive the house."""

    async def async_step_offsite(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Which storage, and what goes there."""
        if user_input is None:
            return self._async_ask("offsite")
        options = self._answered("offsite", user_input)
        if trouble := await self._try_storage(options):
            return self._async_ask("offsite", user_input, trouble)
        self._take(options)
        return self._async_save()

    async def _try_storage(self, options: Mapping[str, Any]) -> Trouble:
        """Write, read and delete an object there; without a bucket there is nothing to try."""
        if not options.get(CONF_S3_BUCKET):
            return Trouble()
        if trouble := _incomplete(options):
            return trouble
        storage = S3(s3_options(self.config_entry, options))
        try:
            async with asyncio.timeout(PATIENCE.total_seconds()):
                quirks = await self.hass.async_add_executor_job(storage.probe)
        except StorageError as err:
            return trouble_at(FIELDS.get(type(err), "base"), "storage_failed", err)
        except TimeoutError:
            return trouble_at(CONF_S3_ENDPOINT, "storage_slow")
        if options[CONF_OFFSITE_DAYS] and Quirk.DELETE_REFUSED in quirks:
            return trouble_at(CONF_OFFSITE_DAYS, "delete_refused")
        return Trouble()


def _incomplete(options: Mapping[str, Any]) -> Trouble:
    """Return what is missing before a storage can be asked for anything."""
    endpoint = options.get(CONF_S3_ENDPOINT)
    if endpoint and not is_address(endpoint):
        return trouble_at(CONF_S3_ENDPOINT, "bad_url")
    if not options.get(CONF_S3_KEY_ID):
        return trouble_at(CONF_S3_KEY_ID, "no_key_id")
    if not options.get(CONF_S3_SECRET):
        return trouble_at(CONF_S3_SECRET, "no_secret")
    return Trouble()
