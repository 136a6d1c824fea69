"""Footage in the media browser when there is no clip, or no site."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from homeassistant.components.media_player import BrowseError
from homeassistant.components.media_source import (
    Unresolvable,
    async_browse_media,
    async_resolve_media,
)
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.gatehouse.footage import FootageStore
from custom_components.gatehouse.incidents import IncidentStore
from custom_components.gatehouse.models import (
    Assessment,
    Footage,
    FootageStage,
    Incident,
    IncidentState,
    Level,
)
from tests.ha.scripted import KEY

ROOT = "media-source://gatehouse"
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DAY = f"{ROOT}/day/{KEY}/2026-11-20"

SEEN = Incident(
    id="a1",
    camera=KEY,
    state=IncidentState.CLOSED,
    started=NOON,
    last_seen=NOON,
    confirmed=NOON,
    labels=("person",),
    picture=Path("/media/picture.jpg"),
    assessment=Assessment(risk=20, level=Level.LOW, reasons=()),
)
LOST = Footage(
    id="f1",
    camera=KEY,
    incident="a1",
    stage=FootageStage.FAILED,
    since=NOON,
    until=NOON + timedelta(seconds=30),
)


@pytest.fixture(autouse=True)
async def _media_source_is_loaded(hass: HomeAssistant) -> None:
    """Load what asks our media source."""
    assert await async_setup_component(hass, "media_source", {})


async def test_an_incident_whose_clip_was_lost_still_shows_its_picture(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    database = running_site.runtime_data.database
    await IncidentStore(database).save(SEEN)
    await FootageStore(database).add(LOST)

    [shown] = (await async_browse_media(hass, DAY)).children

    assert shown.media_content_id == f"{ROOT}/picture/a1"
    assert shown.title.endswith("person, risk 20")
    played = await async_resolve_media(hass, shown.media_content_id, None)
    assert (played.mime_type, played.path) == ("image/jpeg", SEEN.picture)


async def test_a_clip_that_nobody_was_seen_on_is_called_by_its_time(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    clip = replace(LOST, incident=None, stage=FootageStage.READY, path=Path("/media/clip.mp4"))
    await FootageStore(running_site.runtime_data.database).add(clip)

    [shown] = (await async_browse_media(hass, DAY)).children

    assert shown.title == "2026-11-20 04:00:00"  # the clock of Los Angeles, where these tests live
    assert shown.thumbnail is None


async def test_a_site_that_does_not_run_says_so(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    await hass.config_entries.async_unload(running_site.entry_id)

    with pytest.raises(BrowseError) as refused:
        await async_browse_media(hass, ROOT)
    assert refused.value.translation_key == "not_loaded"
    with pytest.raises(Unresolvable):
        await async_resolve_media(hass, f"{ROOT}/footage/f1", None)
