"""HTTP: devices tell what their sensors read."""

from datetime import datetime, timedelta
from http import HTTPStatus
import re
from typing import Any, Final
import unicodedata

from aiohttp import web
from homeassistant.auth.permissions.const import POLICY_CONTROL
from homeassistant.components.sensor import SensorStateClass
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util
import voluptuous as vol

from .api_view import ApiView, Asking, Refused
from .asking import MOMENT
from .ingest import DeviceTaken, IngestRefused, Report, async_ingest
from .measures import LONGEST_TEXT, NUMERIC
from .pace import Pace, Rate

INGEST_URL: Final = "/api/gatehouse/sensors/ingest"

# A gateway of fifty devices that tell every ten seconds asks five times a second.
INGESTS: Final = Rate(burst=100, per_second=10.0)

MOST_READINGS: Final = 64
LONGEST_NAME: Final = 80
LONGEST_UNIT: Final = 32

# A device's clock may be a little ahead of ours.
SLACK: Final = timedelta(seconds=60)

STATE_CLASSES: Final = [each.value for each in SensorStateClass]

NOT_TEXT: Final = frozenset({"Cc", "Cs"})  # control characters and halves of characters


def _plain(longest: int) -> vol.All:
    """Return a validator of text for people, of at most so many characters."""

    def plain(text: str) -> str:
        text = " ".join(unicodedata.normalize("NFC", text).split())
        is_text = NOT_TEXT.isdisjoint(map(unicodedata.category, text))
        if not (is_text and 0 < len(text) <= longest):
            raise vol.Invalid(f"it has 1 to {longest} letters, digits and signs")
        return text

    return vol.All(str, plain)


def _named(pattern: str, sentence: str) -> vol.All:
    return vol.All(str, vol.Match(re.compile(rf"(?:{pattern})\Z"), msg=sentence))


def _value(value: object) -> object:
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    if isinstance(value, str) and len(value) <= LONGEST_TEXT:
        return value
    raise vol.Invalid(f"it is a number, a text of at most {LONGEST_TEXT} characters, or null")


def _moment(at: object) -> datetime:
    """Return when something was read: seconds since 1970, or a date and time."""
    try:
        moment: datetime = (
            dt_util.utc_from_timestamp(at)
            if isinstance(at, int | float) and not isinstance(at, bool)
            else MOMENT(at)
        )
    except OverflowError, OSError, ValueError, vol.Invalid:
        raise vol.Invalid("it is seconds since 1970, or a date and time in ISO 8601") from None
    if moment > dt_util.utcnow() + SLACK:
        raise vol.Invalid("it is still to come: set the device's clock, or leave it out")
    return moment


READING: Final = {
    vol.Required("key"): _named("[a-z0-9][a-z0-9_]{0,63}", "it is made of a-z, 0-9 and _"),
    vol.Required("value"): _value,
    vol.Optional("name"): _plain(LONGEST_NAME),
    vol.Optional("unit"): vol.Any(None, _plain(LONGEST_UNIT)),
    vol.Optional("device_class"): vol.Any(
        None, vol.In(NUMERIC), msg="Home Assistant has none of this name for numbers"
    ),
    vol.Optional("state_class"): vol.Any(
        None, vol.In(STATE_CLASSES), msg=f"it is one of these: {', '.join(STATE_CLASSES)}"
    ),
    vol.Optional("at"): _moment,
}
DEVICE: Final = {
    vol.Required("device"): _named(
        "[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}", "it is made of letters, digits and _ . : -"
    ),
    vol.Optional("name"): _plain(LONGEST_NAME),
}


def _several(body: object) -> object:
    """Take a single reading for one of several; its name is the device's."""
    if not isinstance(body, dict) or "readings" in body:
        return body
    about = {str(field) for field in DEVICE}
    single = {field: said for field, said in body.items() if field not in about}
    return {field: said for field, said in body.items() if field in about} | {"readings": [single]}


REPORT: Final = vol.Schema(
    vol.All(
        _several,
        {
            **DEVICE,
            vol.Required("readings"): vol.All([READING], vol.Length(min=1, max=MOST_READINGS)),
        },
    )
)


@callback
def async_register_ingest_view(hass: HomeAssistant) -> None:
    """Take readings; there is no way to take a view away again, so this is done once."""
    hass.http.register_view(IngestView(Pace(INGESTS)))


class IngestView(ApiView):
    """A device tells what its sensors read."""

    url = INGEST_URL
    name = "api:gatehouse:sensors:ingest"

    async def post(self, request: web.Request) -> web.StreamResponse:
        """Take readings, and answer when their entities have them."""
        return await self.answer(request, self._take)

    async def _take(self, asking: Asking) -> web.StreamResponse:
        if not asking.user.permissions.access_all_entities(POLICY_CONTROL):
            raise Refused(
                HTTPStatus.FORBIDDEN,
                "not_allowed",
                "This user may only read in Home Assistant: use an access token of another.",
            )
        report = _report(await asking.fields(REPORT))
        try:
            late = await (await async_ingest(asking.hass)).take(report, asking.user)
        except IngestRefused as err:
            is_theirs = isinstance(err, DeviceTaken)
            status = HTTPStatus.FORBIDDEN if is_theirs else HTTPStatus.CONFLICT
            raise Refused(status, err.code, str(err)) from err
        return self.json({"accepted": len(report.readings) - late, "late": late})


def _report(fields: dict[str, Any]) -> Report:
    now = dt_util.utcnow()
    readings = tuple({"at": now, **reading} for reading in fields["readings"])
    return Report(device=fields["device"], name=fields.get("name"), readings=readings)
