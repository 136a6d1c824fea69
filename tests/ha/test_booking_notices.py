"""Who is told that a movie is ready."""

import asyncio
from dataclasses import replace
from datetime import timedelta
import logging
from typing import Final, override

from homeassistant.components.notify import NotifyEntity, NotifyEntityFeature
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.translation import async_load_integrations
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import (
    async_mock_service,
    setup_test_component_platform,
)
import voluptuous as vol

from custom_components.gatehouse import booking_notices
from custom_components.gatehouse.booking_notices import async_tell_ready
from custom_components.gatehouse.bookings import Appointment
from tests.ha.courts import at

LINK: Final = "https://home.example/gatehouse/share/x"


class Phone(NotifyEntity):
    """A notify entity that keeps what it was told."""

    _attr_name = "Anna"
    _attr_supported_features = NotifyEntityFeature.TITLE

    def __init__(self) -> None:
        self.told: list[tuple[str, str | None]] = []

    @override
    async def async_send_message(self, message: str, title: str | None = None) -> None:
        self.told.append((message, title))


@pytest.fixture
async def phone(hass: HomeAssistant) -> Phone:
    """Anna's phone, of another integration."""
    phone = Phone()
    setup_test_component_platform(hass, "notify", [phone])
    assert await async_setup_component(hass, "notify", {})
    await hass.data["notify"].async_add_entities([phone])
    return phone


@pytest.fixture
def appointment() -> Appointment:
    """An hour whose movie is ready."""
    return Appointment(
        id="b1",
        booking="b1",
        calendar="site",
        recurrence=None,
        start=at(17),
        end=at(18),
        summary="Tennis",
        cameras=("porch/left",),
        notify=("notify.anna", "notify.club", "notify.anna"),
    )


async def test_everybody_is_told_once_and_where(
    hass: HomeAssistant, phone: Phone, appointment: Appointment
) -> None:
    club = async_mock_service(hass, "notify", "club")

    await async_tell_ready(hass, appointment, LINK)

    words = f"Tennis: {at(17):%Y-%m-%d}, 17:00 to 18:00, is recorded: {LINK}"
    assert phone.told == [(words, "Tennis")]
    assert [call.data for call in club] == [{"title": "Tennis", "message": words}]


async def test_what_is_not_shared_is_in_the_media_browser(
    hass: HomeAssistant, phone: Phone, appointment: Appointment
) -> None:
    await async_tell_ready(hass, replace(appointment, notify=("notify.anna",)), None)

    ((message, _),) = phone.told
    assert message.endswith("is recorded. You find it in the media browser.")


async def test_what_is_missing_is_said_with_it(
    hass: HomeAssistant, phone: Phone, appointment: Appointment
) -> None:
    assert await async_setup_component(hass, "gatehouse", {})
    await async_load_integrations(hass, {"gatehouse"})

    await async_tell_ready(hass, replace(appointment, error="one_camera"), LINK)

    ((message, _),) = phone.told
    assert message.endswith(f"is recorded, but one of the two cameras recorded nothing: {LINK}")


@pytest.mark.parametrize(
    "error", [HomeAssistantError("no phone"), vol.Invalid("no title"), TimeoutError()]
)
async def test_who_cannot_be_told_keeps_nobody_else_from_it(
    hass: HomeAssistant,
    phone: Phone,
    appointment: Appointment,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
) -> None:
    async def fail(_: ServiceCall) -> None:
        raise error

    hass.services.async_register("notify", "club", fail)

    await async_tell_ready(
        hass, replace(appointment, notify=("notify.club", "notify.gone", "notify.anna")), LINK
    )

    assert len(phone.told) == 1
    warnings = [each.message for each in caplog.records if each.levelno == logging.WARNING]
    assert [each.partition(" is not told that b1 is ready")[0] for each in warnings] == [
        "notify.club",
        "notify.gone",
    ]
    assert LINK not in caplog.text


async def test_nobody_waits_for_ever_for_who_never_answers(
    hass: HomeAssistant,
    phone: Phone,
    appointment: Appointment,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def hang(_: ServiceCall) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(booking_notices, "PATIENCE", timedelta(milliseconds=10))
    hass.services.async_register("notify", "club", hang)

    await async_tell_ready(hass, replace(appointment, notify=("notify.club", "notify.anna")), LINK)

    assert len(phone.told) == 1
