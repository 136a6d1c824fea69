"""The packages that only some sites need, installed when somebody chooses what needs them."""

from collections.abc import Callable
from enum import StrEnum
from importlib import metadata
from importlib.util import find_spec
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.requirements import (
    RequirementsNotFound,
    async_clear_install_history,
    async_process_requirements,
)

from .const import DOMAIN
from .vision import DetectorUnavailable, Runtime


class Package(StrEnum):
    """What may be asked for: the requirement as pip knows it."""

    ONNXRUNTIME = "onnxruntime>=1.20"
    NCNN = "ncnn>=1.0.20250503"
    BOTOCORE = "botocore>=1.35"
    OPENCV = "opencv-python-headless>=4.10"
    PSYCOPG = "psycopg[binary]>=3.2"

    @property
    def distribution(self) -> str:
        """What pip calls it."""
        return self.partition(">=")[0]

    @property
    def module(self) -> str:
        """What Python imports of it."""
        return _MODULES.get(self, self.distribution)


_MODULES: Final = {Package.OPENCV: "cv2", Package.PSYCOPG: "psycopg"}

# In the order of trying. onnxruntime has no wheel for musl, on which Home Assistant OS is built;
# ncnn has. So neither is ever a manifest requirement.
RUNTIMES: Final = {Runtime.ONNXRUNTIME: Package.ONNXRUNTIME, Runtime.NCNN: Package.NCNN}


async def async_install(
    hass: HomeAssistant, package: Package, begins: Callable[[], None] = lambda: None
) -> None:
    """Install a package unless it can be imported; raises DetectorUnavailable.

    Call begins if there is something to install.

    A build for another processor has the same name to Python, and another one to pip: whoever
    brought his own keeps it.
    """
    if hass.config.skip_pip or await hass.async_add_executor_job(_is_there, package):
        return
    begins()
    # Without this, what failed once while the network was down would fail until the next restart.
    async_clear_install_history(hass)
    try:
        await async_process_requirements(hass, DOMAIN, [package.value], is_built_in=False)
    except RequirementsNotFound as err:
        raise DetectorUnavailable(
            f"{package.distribution} could not be installed: it has no package for this system, or"
            " the network is down."
        ) from err


async def async_installed_runtime(hass: HomeAssistant) -> str | None:
    """Return what would run a model here now, as people know it; None if nothing is installed."""
    return await hass.async_add_executor_job(_installed_runtime)


def _installed_runtime() -> str | None:
    package = next(filter(_is_there, RUNTIMES.values()), None)
    return package and _described(package)


def _is_there(package: Package) -> bool:
    return find_spec(package.module) is not None


def _described(package: Package) -> str:
    try:
        return f"{package.module} {metadata.version(package.module)}"
    except metadata.PackageNotFoundError:
        return package.module
