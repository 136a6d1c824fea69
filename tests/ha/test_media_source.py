"""Footage, pictures and frames in the media browser."""

from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from types import MappingProxyType
from typing import Any

from homeassistant.components.media_player import BrowseError, MediaClass, SearchMediaQuery
from homeassistant.components.media_source import (
    MediaSourceItem,
    Unresolvable,
    async_browse_media,
    async_resolve_media,
)
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.gatehouse.models import Assessment, FootageStage, Level, Replay
from tests.ha.happened import CLIP, NOON, SEEN, filmed, happened
from tests.ha.scripted import KEY
from tests.ha.seeing import becomes
from tests.ha.site import site_with
from tests.ha.sources import from_folder, start
from tests.waiting import eventually

ROOT = "media-source://gatehouse"
DAY = f"{ROOT}/day/{KEY}/2026-11-20"
LOST = replace(CLIP, stage=FootageStage.FAILED, path=None)

TWO: MappingProxyType[str, Any] = MappingProxyType({"left": KEY, "right": KEY})

LONG_AGO = timedelta(days=3)

# The clock of San Diego, where these tests live, says four in the morning at noon.
AT_NOON = "2026-11-20 04:00:00"


@pytest.fixture(autouse=True)
async def _media_source_is_loaded(hass: HomeAssistant) -> None:
    """Load what asks our media source."""
    assert await async_setup_component(hass, "media_source", {})


async def shown(hass: HomeAssistant, folder: str) -> dict[str, str]:
    """Return what is in a folder: titles by identifiers, from top to bottom."""
    children = (await async_browse_media(hass, folder)).children
    return {
        child.media_content_id.removeprefix(f"{ROOT}/"): child.title for child in children or ()
    }


async def search(hass: HomeAssistant, folder: str, words: str, *classes: MediaClass) -> list[str]:
    """Return the identifiers of what a search below a folder finds."""
    item = MediaSourceItem.from_uri(hass, folder, None)
    query = SearchMediaQuery(search_query=words, media_filter_classes=[*classes] or None)
    found = await item.async_search(query)
    return [child.media_content_id.removeprefix(f"{ROOT}/") for child in found.result]


async def test_clips_are_filed_by_camera_and_day(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    await happened(running_site, SEEN)
    await filmed(running_site, CLIP)

    assert await shown(hass, ROOT) == {f"camera/{KEY}": "Front door"}
    assert await shown(hass, f"{ROOT}/camera/{KEY}") == {f"day/{KEY}/2026-11-20": "2026-11-20"}
    assert await shown(hass, DAY) == {"footage/f1": f"{AT_NOON} person, risk 45"}
    played = await async_resolve_media(hass, f"{ROOT}/footage/f1", None)
    assert (played.mime_type, played.path) == ("video/mp4", CLIP.path)


async def test_a_day_of_which_nothing_is_left_is_not_shown(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    await filmed(
        running_site,
        CLIP,
        replace(CLIP, id="f2", since=NOON - LONG_AGO, stage=FootageStage.EXPIRED, path=None),
        replace(LOST, id="f3", since=NOON - 2 * LONG_AGO),
    )

    assert await shown(hass, f"{ROOT}/camera/{KEY}") == {f"day/{KEY}/2026-11-20": "2026-11-20"}


async def test_an_incident_whose_clip_was_lost_still_shows_its_picture(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    await happened(running_site, SEEN)
    await filmed(running_site, LOST)

    [child] = (await async_browse_media(hass, DAY)).children

    assert child.media_content_id == f"{ROOT}/picture/a1"
    assert child.title == f"{AT_NOON} person, risk 45"
    assert child.thumbnail.startswith("/api/gatehouse/picture/a1?authSig=")
    played = await async_resolve_media(hass, child.media_content_id, None)
    assert (played.mime_type, played.path) == ("image/jpeg", SEEN.picture)


async def test_a_frame_has_a_local_path_for_who_looks_at_it_closely(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    await happened(running_site, SEEN)

    played = await async_resolve_media(hass, f"{ROOT}/frame/a1/1", None)

    assert (played.mime_type, played.path) == ("image/jpeg", SEEN.frames[1].path)
    assert played.url.startswith("/api/gatehouse/frame/a1/1")


async def test_a_day_shows_the_newest_first(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    later = replace(SEEN, id="b2", started=NOON + timedelta(hours=2))
    await happened(running_site, SEEN, later)
    alone = replace(CLIP, id="f2", incident=None, since=NOON + timedelta(hours=1))
    await filmed(running_site, CLIP, alone)

    assert list(await shown(hass, DAY)) == ["picture/b2", "footage/f2", "footage/f1"]


async def test_a_clip_from_before_midnight_knows_its_incident_of_after_midnight(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    midnight = NOON - timedelta(hours=4)
    await happened(running_site, replace(SEEN, started=midnight + timedelta(seconds=2)))
    await filmed(running_site, replace(CLIP, since=midnight - timedelta(seconds=3)))

    before = await shown(hass, f"{ROOT}/day/{KEY}/2026-11-19")

    assert before == {"footage/f1": "2026-11-20 00:00:02 person, risk 45"}


async def test_a_clip_that_nobody_was_seen_on_is_called_by_its_time(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    await filmed(running_site, replace(CLIP, incident=None, since=NOON))

    [child] = (await async_browse_media(hass, DAY)).children

    assert child.title == AT_NOON
    assert child.thumbnail.startswith("/api/gatehouse/footage/f1/poster?authSig=")


async def test_a_clip_of_an_incident_that_nobody_assessed_or_pictured_is_shown_by_its_poster(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    await happened(running_site, replace(SEEN, assessment=None, picture=None))
    await filmed(running_site, CLIP)

    [child] = (await async_browse_media(hass, DAY)).children

    assert child.title == f"{AT_NOON} person"
    assert child.thumbnail.startswith("/api/gatehouse/footage/f1/poster?authSig=")


async def test_movies_of_appointments_are_shown_together_and_beside_the_clips_of_their_camera(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    pair = ConfigSubentry(subentry_type="pair", title="Court", unique_id=None, data=TWO)
    hass.config_entries.async_add_subentry(running_site, pair)
    await hass.async_block_till_done()
    booked = replace(CLIP, incident=None, since=NOON, booking="tennis")
    await filmed(
        running_site,
        replace(booked, id="f2", camera=pair.subentry_id, kept=True),
        replace(booked, id="f3", since=NOON + timedelta(hours=1)),
        replace(booked, id="f4", stage=FootageStage.FAILED, path=None),
        replace(booked, id="f5", part=True),
    )

    assert await shown(hass, ROOT) == {f"camera/{KEY}": "Front door", "movies": "Booked"}
    assert await shown(hass, f"{ROOT}/movies") == {
        "footage/f3": "2026-11-20 05:00:00 Front door",
        "footage/f2": f"{AT_NOON} Court, kept",
    }
    assert await shown(hass, DAY) == {"footage/f3": "2026-11-20 05:00:00"}


async def test_movies_of_appointments_are_found_by_what_recorded_them(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    booked = replace(CLIP, incident=None, booking="tennis")
    await filmed(running_site, booked, replace(booked, id="f2", camera="gone"))
    await filmed(running_site, replace(CLIP, id="f3", incident=None, since=NOON))

    assert await search(hass, ROOT, "front") == ["footage/f3", "footage/f1"]
    assert await search(hass, f"{ROOT}/camera/{KEY}", "door") == ["footage/f3", "footage/f1"]
    assert await search(hass, f"{ROOT}/movies", "door") == ["footage/f1"]
    assert await search(hass, f"{ROOT}/movies", "gatehouse") == ["footage/f2"]


async def test_a_camera_that_nothing_records_shows_the_days_on_which_it_saw_somebody(
    hass: HomeAssistant, running_site: MockConfigEntry, tmp_path: Path
) -> None:
    uploads = MappingProxyType({"folder": str(tmp_path)})
    gate = ConfigSubentry(subentry_type="folder", title="Gate", unique_id=None, data=uploads)
    hass.config_entries.async_add_subentry(running_site, gate)
    await hass.async_block_till_done()
    key = f"{gate.subentry_id}/camera"
    await eventually(lambda: key in running_site.runtime_data.camera_names())
    seen = replace(SEEN, sightings=(replace(SEEN.sightings[0], camera=key),))
    await happened(
        running_site,
        *(replace(seen, id=f"{n}", started=NOON - timedelta(hours=20 * n)) for n in range(3)),
    )

    days = await shown(hass, f"{ROOT}/camera/{key}")

    assert list(days.values()) == ["2026-11-20", "2026-11-19", "2026-11-18"]
    assert list(await shown(hass, f"{ROOT}/day/{key}/2026-11-19")) == ["picture/1"]


async def test_media_is_found_by_the_words_of_its_incident(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    await happened(running_site, SEEN, replace(SEEN, id="b2", started=NOON - timedelta(hours=1)))
    await filmed(running_site, CLIP)

    assert await search(hass, ROOT, "rang bell") == ["footage/f1", "picture/b2"]
    assert await search(hass, f"{ROOT}/camera/{KEY}", "rang") == ["footage/f1", "picture/b2"]
    assert await search(hass, f"{ROOT}/camera/gone/x", "rang") == []
    assert await search(hass, ROOT, "nowhere") == []


FOUND = (
    ("Ann", ["footage/f1"]),
    ("drive person", ["footage/f1", "picture/b2"]),
    ("front", ["footage/f2", "footage/f1", "picture/b2"]),
    ("Front Door ann", ["footage/f1"]),
    ("medium", ["footage/f1", "picture/b2"]),
    ("high", ["picture/b2"]),
    ("door critical", []),
)


async def test_media_is_found_by_person_zone_camera_and_level(
    hass: HomeAssistant, running_site: MockConfigEntry, subtests: pytest.Subtests
) -> None:
    bad = Assessment(risk=70, level=Level.HIGH, reasons=(), summary="Forced the gate.")
    earlier = NOON - timedelta(hours=1)
    worse = replace(SEEN, id="b2", started=earlier, place="Yard", passages=(), assessment=bad)
    await happened(running_site, replace(SEEN, place="Garden"), worse)
    by_hand = replace(CLIP, id="f2", incident=None, since=NOON + timedelta(hours=1))
    await filmed(running_site, CLIP, by_hand)

    for words, found in FOUND:
        with subtests.test(words):
            assert await search(hass, ROOT, words) == found
            assert await search(hass, f"{ROOT}/camera/{KEY}", words) == found


async def test_a_search_for_clips_finds_no_pictures(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    await happened(running_site, SEEN, replace(SEEN, id="b2", started=NOON - timedelta(hours=1)))
    await filmed(running_site, CLIP)

    assert await search(hass, ROOT, "bell", MediaClass.VIDEO) == ["footage/f1"]
    assert await search(hass, ROOT, "bell", MediaClass.IMAGE) == ["picture/b2"]


async def test_what_is_kept_and_what_was_replayed_is_marked(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    await happened(running_site, replace(SEEN, replayed=True, kept=True))
    await filmed(
        running_site,
        CLIP,
        replace(CLIP, id="f2", incident=None, since=NOON + timedelta(hours=1), kept=True),
        replace(CLIP, id="f3", incident=None, since=NOON, replay=Replay.DONE),
    )

    assert await shown(hass, DAY) == {
        "footage/f2": "2026-11-20 05:00:00, kept",
        "footage/f1": f"{AT_NOON} person, risk 45, replayed, kept",
        "footage/f3": f"{AT_NOON}, replayed",
    }


async def test_a_clip_that_is_only_off_site_plays_at_the_same_address(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    away = replace(CLIP, stage=FootageStage.UPLOADED, path=None, key="gatehouse/clip.mp4")
    await filmed(running_site, away, replace(CLIP, id="f2", stage=FootageStage.EXPIRED, path=None))

    assert list(await shown(hass, DAY)) == ["footage/f1"]
    played = await async_resolve_media(hass, f"{ROOT}/footage/f1", None)
    assert (played.mime_type, played.path) == ("video/mp4", None)
    assert played.url == "/api/gatehouse/footage/f1"


async def test_a_folder_to_which_nothing_was_uploaded_yet_is_no_error(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, folder: Path
) -> None:
    site = await start(hass, site_with(from_folder(folder), detectors=[]))
    [subentry] = site.subentries
    await becomes(hass, "camera.back_yard", "idle")
    browser = await hass_client()

    asked = await browser.get("/api/camera_proxy/camera.back_yard")

    assert await shown(hass, f"{ROOT}/camera/{subentry}/camera") == {}
    assert await search(hass, f"{ROOT}/camera/{subentry}/camera", "yard") == []
    assert asked.status == HTTPStatus.SERVICE_UNAVAILABLE


GONE = ("footage/ffff", "picture/ffff", "frame/ffff/0", "frame/x", "nothing/at/all")


@pytest.mark.usefixtures("running_site")
async def test_media_that_is_gone_says_so(hass: HomeAssistant, subtests: pytest.Subtests) -> None:
    for identifier in GONE:
        with subtests.test(identifier):
            with pytest.raises(Unresolvable) as gone:
                await async_resolve_media(hass, f"{ROOT}/{identifier}", None)

            assert gone.value.translation_placeholders == {"identifier": identifier}


@pytest.mark.usefixtures("running_site")
async def test_a_folder_that_is_none_says_so(
    hass: HomeAssistant, subtests: pytest.Subtests
) -> None:
    for folder in ("camera", f"day/{KEY}/yesterday", "footage/f1"):
        with subtests.test(folder):
            with pytest.raises(BrowseError) as gone:
                await async_browse_media(hass, f"{ROOT}/{folder}")

            assert gone.value.translation_key == "media_gone"


async def test_a_site_that_does_not_run_says_so(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    await hass.config_entries.async_unload(running_site.entry_id)

    with pytest.raises(BrowseError) as refused:
        await async_browse_media(hass, ROOT)
    assert refused.value.translation_key == "not_loaded"
    with pytest.raises(Unresolvable):
        await async_resolve_media(hass, f"{ROOT}/footage/f1", None)


@pytest.mark.parametrize("ask", [shown, lambda hass, folder: search(hass, folder, "person")])
async def test_a_database_that_fails_is_told(
    hass: HomeAssistant, running_site: MockConfigEntry, ask: Any
) -> None:
    await running_site.runtime_data.database.close()

    with pytest.raises(HomeAssistantError) as failed:
        await ask(hass, f"{ROOT}/camera/{KEY}")

    assert failed.value.translation_key == "database_failed"
