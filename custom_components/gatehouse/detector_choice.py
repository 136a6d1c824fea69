"""What the options say about detectors, and those of them that work elsewhere."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_HOST, CONF_PORT, CONF_TOKEN
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from yarl import URL

from .const import (
    CONF_CODEPROJECT_URL,
    CONF_DETECTOR_AGENT,
    CONF_DETECTORS,
    CONF_KSERVE_MODEL,
    CONF_KSERVE_URL,
    CONF_LABELS,
    CONF_LAMBDA_KEY_ID,
    CONF_LAMBDA_REGION,
    CONF_LAMBDA_SECRET,
    CONF_LAMBDA_URL,
    CONF_MODEL,
    CONF_MODEL_PATH,
    CONF_PROVIDERS,
    CONF_REMOTE_URL,
    CONF_THREADS,
    CONF_THRESHOLD,
    DEFAULTS,
    SUBENTRY_AGENT,
    DetectorKind,
)
from .local_detection import LocalChoice
from .models import Picture
from .on_demand import Package, async_install
from .site_identity import pin_of
from .vision import (
    AwsKey,
    CodeProjectDetector,
    Detector,
    DetectorOptions,
    DetectorUnavailable,
    KServeDetector,
    LambdaDetector,
    RemoteDetector,
    Sight,
)

# A camera may be tuned to count weaker detections than the site does.
WEAKEST: Final = 0.2

# What people call them; the agent that detects is called by its own name.
NAMES: Final = MappingProxyType(
    {
        DetectorKind.LOCAL: "Home Assistant",
        DetectorKind.REMOTE: "RT-DETR",
        DetectorKind.LAMBDA: "AWS Lambda",
        DetectorKind.KSERVE: "KServe",
        DetectorKind.CODEPROJECT: "CodeProject.AI",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorAgent:
    """An agent that may detect."""

    name: str
    address: Mapping[str, Any]
    """Its host, port and token, and its fingerprint if it speaks TLS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorChoice:
    """What the options say about detection."""

    chosen: Mapping[str, Any]
    """All options of the site."""
    agents: Mapping[str, DetectorAgent]
    """By their ids."""

    @property
    def order(self) -> tuple[DetectorKind, ...]:
        """Who is asked, the first one first."""
        return tuple(map(DetectorKind, self.chosen[CONF_DETECTORS]))

    @property
    def options(self) -> DetectorOptions:
        """What every detector is to look for."""
        return DetectorOptions(
            threshold=min(self.chosen[CONF_THRESHOLD], WEAKEST),
            labels=frozenset(self.chosen[CONF_LABELS]),
        )

    @property
    def local(self) -> LocalChoice:
        """How to detect inside Home Assistant."""
        chosen = self.chosen
        return LocalChoice(
            model=chosen[CONF_MODEL],
            path=chosen[CONF_MODEL_PATH],
            threads=int(chosen[CONF_THREADS]),
            providers=tuple(chosen[CONF_PROVIDERS]),
        )

    @property
    def agent(self) -> DetectorAgent | None:
        """Who detects for us, None if that agent has left the site."""
        return self.agents.get(self.chosen[CONF_DETECTOR_AGENT])

    @property
    def servers(self) -> tuple[str, ...]:
        """The addresses of the servers that speak KServe."""
        return split_addresses(self.chosen[CONF_KSERVE_URL])

    @property
    def names(self) -> dict[DetectorKind, str]:
        """What people call the detectors, in their order."""
        agent = self.agent.name if self.agent else "–"
        return {kind: NAMES.get(kind, agent) for kind in self.order}


def detector_choice(entry: ConfigEntry, answers: Mapping[str, Any] | None = None) -> DetectorChoice:
    """Return which detectors the user chose, or chooses by these options."""
    return DetectorChoice(
        chosen=DEFAULTS | dict(entry.options if answers is None else answers),
        agents={
            subentry.unique_id or subentry.subentry_id: DetectorAgent(
                name=subentry.title, address=subentry.data
            )
            for subentry in entry.get_subentries_of_type(SUBENTRY_AGENT)
        },
    )


def service_detector(hass: HomeAssistant, kind: DetectorKind, choice: DetectorChoice) -> Detector:
    """Return a detector that works elsewhere; raises ValueError if it has no address."""
    session, chosen, options = async_get_clientsession(hass), choice.chosen, choice.options
    match kind:
        case DetectorKind.AGENT:
            return _on_agent(hass, choice)
        case DetectorKind.LAMBDA:
            return LambdaDetector(session, chosen[CONF_LAMBDA_URL], options, _aws_key(chosen))
        case DetectorKind.KSERVE:
            return KServeDetector(session, choice.servers, chosen[CONF_KSERVE_MODEL], options)
        case DetectorKind.CODEPROJECT:
            return CodeProjectDetector(session, chosen[CONF_CODEPROJECT_URL], options)
        case DetectorKind.REMOTE:
            return RemoteDetector(session, chosen[CONF_REMOTE_URL], options)
    raise ValueError(f"{kind} is no service.")


async def async_prepare_service(
    hass: HomeAssistant, kind: DetectorKind, choice: DetectorChoice
) -> None:
    """Install what a detector elsewhere needs here; raises DetectorUnavailable."""
    if kind is DetectorKind.LAMBDA and choice.chosen[CONF_LAMBDA_KEY_ID]:
        await async_install(hass, Package.BOTOCORE)


async def async_try_service(
    hass: HomeAssistant, kind: DetectorKind, choice: DetectorChoice, newest: Callable[[], Picture]
) -> None:
    """Have a detector elsewhere look at a picture, each server of it; raises VisionError."""
    await async_prepare_service(hass, kind, choice)
    detector = service_detector(hass, kind, choice)
    if isinstance(detector, KServeDetector):
        await detector.compare()
    await detector.detect(newest)


def split_addresses(text: str) -> tuple[str, ...]:
    """Return the addresses in a text, one a line or between commas."""
    return tuple(text.replace(",", " ").split())


class Misplaced(Detector):
    """A detector that cannot be where the options say it is."""

    def __init__(self, reason: str) -> None:
        """Give the reason to whoever asks."""
        self._reason = reason

    @override
    async def detect(self, newest: Callable[[], Picture]) -> Sight:
        raise DetectorUnavailable(self._reason)

    @override
    async def close(self) -> None:
        """Hold nothing, let go of nothing."""


def _on_agent(hass: HomeAssistant, choice: DetectorChoice) -> RemoteDetector:
    if choice.agent is None:
        raise ValueError("The agent that is to detect is not part of the site any more.")
    address = choice.agent.address
    pin = pin_of(hass, address)
    scheme = "https" if pin else "http"
    return RemoteDetector.for_agent(
        async_get_clientsession(hass),
        str(URL.build(scheme=scheme, host=address[CONF_HOST], port=address[CONF_PORT])),
        address[CONF_TOKEN],
        choice.options,
        pin.context if pin else None,
    )


def _aws_key(chosen: Mapping[str, Any]) -> AwsKey | None:
    if not chosen[CONF_LAMBDA_KEY_ID]:
        return None
    return AwsKey(
        access_key=chosen[CONF_LAMBDA_KEY_ID],
        secret_key=chosen[CONF_LAMBDA_SECRET],
        region=chosen[CONF_LAMBDA_REGION] or None,
    )
