"""Actions about recordings and share links, on a site with a real database."""

from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from itertools import product
from pathlib import Path
from typing import Any, Final

from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import Context, HomeAssistant
from homeassistant.core_config import async_process_ha_core_config
from homeassistant.exceptions import (
    HomeAssistantError,
    ServiceValidationError,
    Unauthorized,
    UnknownUser,
)
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
import voluptuous as vol
from yarl import URL

from custom_components.gatehouse.footage import Link, LinkStore
from custom_components.gatehouse.incidents import IncidentNews
from custom_components.gatehouse.models import Assessment, Footage, FootageStage, Level
from tests.ha.happened import CLIP, NOON, SEEN, filmed, happened
from tests.ha.scripted import ScriptedAgent, jpeg
from tests.ha.seeing import becomes, state_of
from tests.ha.site import site_with, subentry_of
from tests.ha.sources import from_folder
from tests.waiting import eventually

CAMERA: Final = "camera.front_door"
UPLOADS: Final = "camera.back_yard"
MINUTE: Final = timedelta(minutes=1)
DAY: Final = timedelta(days=1)
MEDIA: Final = "media-source://gatehouse/footage"

READY: Final = replace(CLIP, size=1_200_000)
AWAY: Final = replace(
    CLIP,
    id="f2",
    stage=FootageStage.UPLOADED,
    since=NOON,
    path=None,
    key="gatehouse/2026/11/20/front_door/130000-f2.mp4",
    duration=timedelta(seconds=20),
)
LOST: Final = replace(
    CLIP, id="f3", stage=FootageStage.FAILED, since=NOON + MINUTE, path=None, duration=None
)


async def act(hass: HomeAssistant, action: str, **data: Any) -> Any:
    """Perform an action and return its response."""
    return await hass.services.async_call(
        "gatehouse", action, data, blocking=True, return_response=True
    )


async def refused(hass: HomeAssistant, action: str, **data: Any) -> str | None:
    """Return the key of what the user is told who asks for what makes no sense here."""
    with pytest.raises(ServiceValidationError) as refusal:
        await act(hass, action, **data)
    return refusal.value.translation_key


async def rows(site: MockConfigEntry) -> dict[str, Footage]:
    """Return all footage by its ids."""
    found = await site.runtime_data.storage.library.find()
    return {row.id: row for row in found}


@pytest.fixture
async def uploading_site(
    hass: HomeAssistant, agent: ScriptedAgent, tmp_path: Path
) -> MockConfigEntry:
    """A site with an off-site storage that does not answer; it need not, to sign an address."""
    hass.config.media_dirs = {"local": str(tmp_path / "media")}
    options = {
        "s3_bucket": "clips",
        "s3_endpoint": "http://127.0.0.1:9",
        "s3_region": "us-east-1",
        "s3_key_id": "AKIDGATEHOUSE",
        "s3_secret": "a-secret-that-nobody-else-knows",
    }
    site = site_with(subentry_of(agent), detectors=[], **options)
    site.add_to_hass(hass)
    assert await hass.config_entries.async_setup(site.entry_id)
    await hass.async_block_till_done()
    await happened(site, SEEN)
    return site


# --- record ----------------------------------------------------------------------------------


async def test_only_who_may_control_a_camera_records_it(
    hass: HomeAssistant, running_site: MockConfigEntry, hass_read_only_user: MockUser
) -> None:
    watching = Context(user_id=hass_read_only_user.id)

    with pytest.raises(Unauthorized):
        await hass.services.async_call(
            "gatehouse", "record", {"entity_id": CAMERA}, blocking=True, context=watching
        )

    assert await rows(running_site) == {}


async def test_nobody_records_who_is_no_user_any_more(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    gone = Context(user_id="somebody-who-was-deleted")

    with pytest.raises(UnknownUser):
        await hass.services.async_call(
            "gatehouse", "record", {"entity_id": CAMERA}, blocking=True, context=gone
        )

    assert await rows(running_site) == {}


async def test_who_wants_a_camera_recorded_whose_agent_is_away_is_told_so_at_once(
    hass: HomeAssistant, agent: ScriptedAgent, folder: Path
) -> None:
    uploads = folder / "uploads"
    uploads.mkdir()
    site = site_with(subentry_of(agent), from_folder(uploads), detectors=[])
    site.add_to_hass(hass)
    assert await hass.config_entries.async_setup(site.entry_id)
    await eventually(lambda: state_of(hass, CAMERA) not in (None, STATE_UNAVAILABLE))
    await agent.stop()
    await becomes(hass, CAMERA, STATE_UNAVAILABLE)

    with pytest.raises(HomeAssistantError) as error:
        await act(hass, "record", entity_id=[CAMERA, UPLOADS])

    assert error.value.translation_key == "camera_away"
    assert error.value.translation_placeholders == {"cameras": CAMERA}
    [recorded] = (await rows(site)).values()
    assert recorded.camera.endswith("/camera")


# --- keep ------------------------------------------------------------------------------------


async def test_an_incident_is_kept_with_all_its_clips_until_it_may_go(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    await happened(running_site, SEEN)
    await filmed(running_site, READY, AWAY, replace(CLIP, id="f4", incident="b2"))

    told = await act(hass, "keep", incident_id="a1")

    assert told["incident"]["kept"]
    assert [(clip["id"], clip["kept"]) for clip in told["footage"]] == [("f2", True), ("f1", True)]
    assert {name: row.kept for name, row in (await rows(running_site)).items()} == {
        "f1": True,
        "f2": True,
        "f4": False,
    }

    told = await act(hass, "keep", incident_id="a1", keep=False)

    assert not told["incident"]["kept"]
    assert not any(row.kept for row in (await rows(running_site)).values())


async def test_who_hears_that_an_incident_is_kept_finds_its_clips_kept(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    await happened(running_site, SEEN)
    await filmed(running_site, READY)
    heard: list[IncidentNews] = []
    running_site.runtime_data.house.async_subscribe(heard.append)

    await hass.services.async_call("gatehouse", "keep", {"incident_id": "a1"}, blocking=True)

    assert [news.incident.kept for news in heard] == [True]
    assert (await rows(running_site))["f1"].kept


async def test_one_clip_is_kept(hass: HomeAssistant, running_site: MockConfigEntry) -> None:
    await happened(running_site, SEEN)
    await filmed(running_site, READY, AWAY)

    told = await act(hass, "keep", footage_id="f2")

    assert told["incident"] is None
    assert [(clip["id"], clip["kept"]) for clip in told["footage"]] == [("f2", True)]
    assert not (await rows(running_site))["f1"].kept
    assert not (await running_site.runtime_data.archive.get("a1")).kept


NAMED: Final = (
    ({}, "which_clip"),
    ({"incident_id": "a1", "footage_id": "f1"}, "which_clip"),
    ({"incident_id": "ffff"}, "incident_not_found"),
    ({"footage_id": "ffff"}, "footage_not_found"),
)


async def test_one_incident_or_one_clip_that_is_there_is_named(
    hass: HomeAssistant, running_site: MockConfigEntry, subtests: pytest.Subtests
) -> None:
    await happened(running_site, SEEN)
    await filmed(running_site, READY)

    for action, (named, key) in product(("keep", "share"), NAMED):
        with subtests.test(action, **named):
            assert await refused(hass, action, **named) == key
            assert not (await rows(running_site))["f1"].kept


# --- get_history -----------------------------------------------------------------------------


async def history(hass: HomeAssistant, **asked: Any) -> list[str]:
    """Return the ids of the incidents that the history tells."""
    return [told["id"] for told in (await act(hass, "get_history", **asked))["incidents"]]


async def clips(hass: HomeAssistant, **asked: Any) -> dict[str, dict[str, Any]]:
    """Return the clips of the only incident by their ids."""
    (incident,) = (await act(hass, "get_history", **asked))["incidents"]
    return {clip["id"]: clip for clip in incident["clips"]}


async def test_a_clip_is_told_with_how_far_it_has_come_and_where_it_is(
    hass: HomeAssistant, uploading_site: MockConfigEntry
) -> None:
    await filmed(uploading_site, READY, AWAY, LOST)

    told = await clips(hass)

    assert list(told) == ["f3", "f2", "f1"]
    parts = ("stage", "here", "off_site", "media")
    assert [tuple(clip[part] for part in parts) for clip in told.values()] == [
        ("failed", False, False, None),
        ("uploaded", False, True, f"{MEDIA}/f2"),
        ("ready", True, False, f"{MEDIA}/f1"),
    ]
    assert (told["f3"]["url"], told["f3"]["poster_url"]) == (None, None)
    assert told["f1"]["url"].startswith("/api/gatehouse/footage/f1?authSig=")


async def test_no_path_key_or_digest_is_told(
    hass: HomeAssistant, uploading_site: MockConfigEntry
) -> None:
    await filmed(uploading_site, replace(READY, sha256="0" * 64, md5="1" * 32))

    assert not (await clips(hass))["f1"].keys() & {"path", "key", "sha256", "md5", "recording"}


async def test_what_is_off_site_is_addressed_there_for_as_long_as_was_asked(
    hass: HomeAssistant, uploading_site: MockConfigEntry
) -> None:
    await filmed(uploading_site, AWAY)

    (hour, week) = [
        URL((await clips(hass, **asked))["f2"]["url"], encoded=True)
        for asked in ({}, {"lifetime": {"days": 7}})
    ]

    assert (hour.host, hour.port, hour.path) == ("127.0.0.1", 9, f"/clips/{AWAY.key}")
    assert (hour.query["X-Amz-Expires"], week.query["X-Amz-Expires"]) == ("3600", "604800")
    assert "front_door_2026-11-20" in hour.query["response-content-disposition"]


async def test_where_no_storage_can_be_asked_home_assistant_is(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    await happened(running_site, SEEN)
    await filmed(running_site, AWAY)

    assert (await clips(hass))["f2"]["url"].startswith("/api/gatehouse/footage/f2?authSig=")


async def test_addresses_need_no_login(
    hass: HomeAssistant,
    running_site: MockConfigEntry,
    hass_client_no_auth: ClientSessionGenerator,
    tmp_path: Path,
) -> None:
    folder = tmp_path / "media" / "gatehouse"
    folder.mkdir(parents=True, exist_ok=True)
    files = {"clip.mp4": b"what is in the clip", "clip.jpg": jpeg(1), "picture.jpg": jpeg(2)}
    for name, content in files.items():
        (folder / name).write_bytes(content)
    await happened(running_site, replace(SEEN, picture=folder / "picture.jpg"))
    await filmed(running_site, replace(READY, path=folder / "clip.mp4"))
    outside = await hass_client_no_auth()

    (incident,) = (await act(hass, "get_history"))["incidents"]
    (clip,) = incident["clips"]

    asked = (clip["url"], clip["poster_url"], incident["picture_url"])
    assert [await (await outside.get(address)).read() for address in asked] == [*files.values()]
    bare = await outside.get(URL(clip["url"]).path)
    assert bare.status == HTTPStatus.FORBIDDEN


async def test_it_is_told_until_when_the_addresses_work(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    before = dt_util.utcnow()

    told = await act(hass, "get_history", lifetime={"hours": 2})

    expires = dt_util.parse_datetime(told["expires"])
    assert before <= expires - timedelta(hours=2) <= dt_util.utcnow()
    assert (told["incidents"], told["next"]) == ([], None)


HISTORY: Final = (
    ({}, ["today", "yesterday", "lately"]),
    ({"days": 0.5}, ["today"]),
    ({"days": 2}, ["today", "yesterday"]),
    ({"since": NOON - 2 * DAY, "until": NOON}, ["yesterday"]),
    ({"days": 4, "until": NOON - 2 * DAY}, ["lately"]),
    ({"level": "high"}, ["yesterday"]),
    ({"text": "post"}, ["lately"]),
    ({"camera": CAMERA}, ["today", "yesterday"]),
    ({"limit": 1}, ["today"]),
)


async def test_the_history_is_that_of(
    hass: HomeAssistant,
    running_site: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
    subtests: pytest.Subtests,
) -> None:
    monkeypatch.setattr(dt_util, "utcnow", lambda: NOON + MINUTE)
    elsewhere = replace(SEEN.sightings[0], camera="gone/x")
    high = Assessment(risk=70, level=Level.HIGH, reasons=())
    await happened(
        running_site,
        replace(SEEN, id="today"),
        replace(SEEN, id="yesterday", started=NOON - DAY, assessment=high),
        replace(
            SEEN,
            id="lately",
            started=NOON - 5 * DAY,
            note="The postman.",
            sightings=(elsewhere,),
        ),
    )

    for asked, ids in HISTORY:
        with subtests.test(str(asked)):
            assert await history(hass, **asked) == ids


async def test_the_history_comes_page_by_page(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    days = (replace(SEEN, id=f"{n}", started=NOON + n * DAY) for n in range(3))
    await happened(running_site, *days)

    first = await act(hass, "get_history", limit=2)

    assert [told["id"] for told in first["incidents"]] == ["2", "1"]
    assert await history(hass, before=first["next"]) == ["0"]


NO_HISTORY: Final = (
    ({"days": 3, "since": NOON}, "since_or_days"),
    ({"camera": "camera.neighbour"}, "not_a_camera"),
    ({"before": "ffff"}, "incident_not_found"),
)


@pytest.mark.usefixtures("running_site")
async def test_only_what_makes_sense_here_is_history(
    hass: HomeAssistant, subtests: pytest.Subtests
) -> None:
    for asked, key in NO_HISTORY:
        with subtests.test(key):
            assert await refused(hass, "get_history", **asked) == key


WITHOUT_SENSE: Final = (
    ("get_history", {"limit": 0}),
    ("get_history", {"limit": 201}),
    ("get_history", {"days": -1}),
    ("get_history", {"days": 3661}),
    ("get_history", {"lifetime": {"days": 8}}),
    ("get_history", {"lifetime": 0}),
    ("get_history", {"state": "closed"}),
    ("keep", {"incident_id": "a1", "keep": "perhaps"}),
    ("share", {"footage_id": "f1", "lifetime": "-01:00"}),
    ("share", {"footage_id": "f1", "uses": "many"}),
    ("revoke_share", {}),
)


@pytest.mark.usefixtures("running_site")
async def test_a_question_without_sense_is_refused(
    hass: HomeAssistant, subtests: pytest.Subtests
) -> None:
    for action, wrong in WITHOUT_SENSE:
        with subtests.test(action, **wrong), pytest.raises(vol.Invalid):
            await act(hass, action, **wrong)


# --- share, get_shares, revoke_share ---------------------------------------------------------


async def shares(hass: HomeAssistant) -> list[dict[str, Any]]:
    """Return the links that may still be used."""
    found: list[dict[str, Any]] = (await act(hass, "get_shares"))["shares"]
    return found


async def test_the_longest_clip_of_an_incident_is_shared(
    hass: HomeAssistant, uploading_site: MockConfigEntry
) -> None:
    await filmed(uploading_site, AWAY, READY, LOST)
    before = dt_util.utcnow()

    told = await act(hass, "share", incident_id="a1", uses=3, note="  For the insurance ")

    assert (told["footage_id"], told["camera"]) == ("f1", CAMERA)
    assert (told["uses"], told["most_uses"], told["note"]) == (0, 3, "For the insurance")
    assert before + DAY <= dt_util.parse_datetime(told["expires"]) <= dt_util.utcnow() + DAY
    assert told["direct_url"] is None


async def test_a_link_is_told_with_the_address_of_the_house(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    await filmed(running_site, READY)
    await async_process_ha_core_config(hass, {"external_url": "https://home.example:8443"})

    told = await act(hass, "share", footage_id="f1")

    assert told["url"].startswith("https://home.example:8443/gatehouse/share/")
    assert told["hint"] is None


async def test_a_house_that_does_not_know_its_address_tells_the_path_and_what_to_do(
    hass: HomeAssistant,
    running_site: MockConfigEntry,
    hass_client_no_auth: ClientSessionGenerator,
    tmp_path: Path,
) -> None:
    folder = tmp_path / "media" / "gatehouse"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "clip.mp4").write_bytes(b"what is in the clip")
    await filmed(running_site, replace(READY, path=folder / "clip.mp4"))

    told = await act(hass, "share", footage_id="f1")

    assert "Network" in told["hint"]
    page = await (await hass_client_no_auth()).get(told["url"])
    assert (page.status, page.content_type) == (HTTPStatus.OK, "text/html")


async def test_an_address_of_the_storage_itself_is_told_only_on_demand_and_for_a_week_at_most(
    hass: HomeAssistant, uploading_site: MockConfigEntry
) -> None:
    await filmed(uploading_site, AWAY)
    asked = {"footage_id": "f2", "lifetime": {"days": 30}}

    plain = await act(hass, "share", **asked)
    direct = await act(hass, "share", **asked, direct=True)

    assert plain["direct_url"] is None
    address = URL(direct["direct_url"], encoded=True)
    assert (address.path, address.query["X-Amz-Expires"]) == (f"/clips/{AWAY.key}", "604800")


async def test_what_is_not_off_site_has_no_address_there(
    hass: HomeAssistant, uploading_site: MockConfigEntry
) -> None:
    await filmed(uploading_site, READY)

    assert (await act(hass, "share", footage_id="f1", direct=True))["direct_url"] is None


async def test_where_the_storage_gives_no_address_no_link_is_made(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    await filmed(running_site, AWAY)

    with pytest.raises(HomeAssistantError):
        await act(hass, "share", footage_id="f2", direct=True)

    assert await shares(hass) == []


@pytest.mark.parametrize("named", [{"incident_id": "a1"}, {"footage_id": "f3"}])
async def test_what_cannot_be_played_cannot_be_shared(
    hass: HomeAssistant, running_site: MockConfigEntry, named: dict[str, str]
) -> None:
    await happened(running_site, SEEN)
    await filmed(running_site, LOST)

    assert await refused(hass, "share", **named) == "nothing_to_share"


OUT_OF_BOUNDS: Final = (
    {"lifetime": {"days": 31}},
    {"lifetime": {"seconds": 59}},
    {"uses": 0},
    {"uses": 1001},
    {"note": "x" * 201},
)


async def test_a_link_has_bounds(
    hass: HomeAssistant, running_site: MockConfigEntry, subtests: pytest.Subtests
) -> None:
    await filmed(running_site, READY)

    for wrong in OUT_OF_BOUNDS:
        with subtests.test(**wrong):
            assert await refused(hass, "share", footage_id="f1", **wrong) == "link_refused"
            assert await shares(hass) == []


async def test_living_links_are_told_newest_first(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    await filmed(running_site, READY)
    made = [await act(hass, "share", footage_id="f1", note=note) for note in ("first", "second")]
    over = Link(id="c0", token="t" * 32, footage="f1", created=NOON - DAY, expires=NOON)
    await LinkStore(running_site.runtime_data.database).add(over)

    told = await shares(hass)

    assert [link["note"] for link in told] == ["second", "first"]
    assert [link["url"] for link in told] == [link["url"] for link in reversed(made)]


async def test_a_link_outlives_the_row_of_its_clip(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    await running_site.runtime_data.storage.links.create("gone", DAY)

    (told,) = await shares(hass)

    assert (told["footage_id"], told["camera"], told["since"]) == ("gone", None, None)


async def test_a_link_is_revoked_once(
    hass: HomeAssistant, running_site: MockConfigEntry, hass_client_no_auth: ClientSessionGenerator
) -> None:
    await filmed(running_site, READY)
    link = await act(hass, "share", footage_id="f1")

    told = await act(hass, "revoke_share", share_id=link["id"])

    assert told["share"]["id"] == link["id"]
    assert await shares(hass) == []
    page = await (await hass_client_no_auth()).get(link["url"])
    assert page.status == HTTPStatus.GONE
    assert await refused(hass, "revoke_share", share_id=link["id"]) == "share_not_found"


ADMINISTRATORS: Final = (
    ("share", {"footage_id": "f1"}),
    ("get_shares", {}),
    ("revoke_share", {"share_id": "c1"}),
)


async def test_only_administrators_let_outsiders_in(
    hass: HomeAssistant,
    running_site: MockConfigEntry,
    hass_read_only_user: MockUser,
    subtests: pytest.Subtests,
) -> None:
    await filmed(running_site, READY)
    links = running_site.runtime_data.storage.links
    living = await links.create("f1", DAY)

    for action, data in ADMINISTRATORS:
        with subtests.test(action):
            with pytest.raises(Unauthorized):
                await hass.services.async_call(
                    "gatehouse",
                    action,
                    data,
                    blocking=True,
                    return_response=True,
                    context=Context(user_id=hass_read_only_user.id),
                )

            assert await links.living() == [living]
