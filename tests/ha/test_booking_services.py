"""The actions with which people book, on a site with a real database and an agent's cameras."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from homeassistant.auth.const import GROUP_ID_READ_ONLY, GROUP_ID_USER
from homeassistant.auth.models import User
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError, Unauthorized, UnknownUser
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockUser,
    async_mock_service,
)

from custom_components.gatehouse.bookings import recurrence_of
from custom_components.gatehouse.models import BookingState, FootageStage
from custom_components.gatehouse.schedule import Schedule
from tests.ha.courts import (
    LEFT,
    LEFT_ENTITY,
    PAIR,
    RIGHT,
    RIGHT_ENTITY,
    ask,
    at,
    comes_to,
    courts,
    give_courts,
    hour,
    pair,
)
from tests.ha.happened import CLIP, NOON, filmed
from tests.ha.scripted import ScriptedAgent

BOTH: Final = [LEFT_ENTITY, RIGHT_ENTITY]
WEEKLY: Final = "FREQ=WEEKLY"


@pytest.fixture
async def site(hass: HomeAssistant, agent: ScriptedAgent) -> MockConfigEntry:
    """A site with two cameras, which are a pair too."""
    give_courts(agent)
    return await courts(hass, agent, pair(upload=True))


@pytest.fixture
async def anna(hass: HomeAssistant, hass_admin_user: MockUser) -> User:
    """Somebody who may use Home Assistant, and not administer it."""
    return await hass.auth.async_create_user("Anna", group_ids=[GROUP_ID_USER])


@pytest.fixture
async def bob(hass: HomeAssistant, hass_admin_user: MockUser) -> User:
    """Another one."""
    return await hass.auth.async_create_user("Bob", group_ids=[GROUP_ID_USER])


async def refused(
    hass: HomeAssistant,
    action: str,
    fields: dict[str, Any] | None = None,
    user: str | None = None,
    **more: Any,
) -> str:
    """Return what somebody is told who asks for what cannot be: its key, then its words."""
    with pytest.raises(ServiceValidationError) as refusal:
        await ask(hass, action, fields, user, **more)
    return f"{refusal.value.translation_key}: {refusal.value}"


async def listed(hass: HomeAssistant, user: str | None = None, **asked: Any) -> list[Any]:
    """Return the bookings that are asked for."""
    return (await ask(hass, "get_bookings", user=user, **asked))["bookings"]


# --- Booking ---------------------------------------------------------------------------------


async def test_an_hour_is_booked(hass: HomeAssistant, site: MockConfigEntry) -> None:
    answer = await ask(hass, "book", hour(17, owner="The club", description="Bring balls"))

    (booking,) = answer["appointments"]
    assert booking == {
        "id": answer["uid"],
        "uid": answer["uid"],
        "recurrence": None,
        "start": at(17).isoformat(),
        "end": at(18).isoformat(),
        "calendar": "site",
        "calendar_name": "Home",
        "summary": "Tennis",
        "cameras": BOTH,
        "layout": "side_by_side",
        "owner": "The club",
        "owner_id": None,
        "upload": False,
        "share": False,
        "notify": [],
        "state": "scheduled",
        "recorded_since": None,
        "recorded_until": None,
        "error": None,
        "movie": None,
        "link": None,
        "progress": None,
        "eta": None,
        "description": "Bring balls",
        "rrule": None,
        "source": None,
    }
    assert await listed(hass) == [booking]


async def test_a_series_is_booked_with_its_first_hours(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    answer = await ask(hass, "book", hour(17, days=20, rrule="FREQ=DAILY;COUNT=3"))

    starts = [each["start"] for each in answer["appointments"]]
    assert starts == [at(17, days).isoformat() for days in (20, 21, 22)]
    assert [each["recurrence"] for each in answer["appointments"]] == [
        recurrence_of(at(17, days)) for days in (20, 21, 22)
    ]


async def test_a_clash_names_the_other_booking_and_the_camera(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    await ask(hass, "book", hour(17, owner="The club"), cameras=RIGHT_ENTITY)

    told = await refused(hass, "book", hour(17, summary="Padel"))

    assert told.startswith("booking_clash")
    assert "Tennis of The club has the camera Court right" in told


async def test_an_hour_is_as_long_as_is_said_when_clocks_are_set(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    await hass.config.async_set_time_zone("Europe/Berlin")
    night = {"summary": "Owls", "start": "2027-03-28 01:30:00"}

    answer = await ask(hass, "book", night, duration={"hours": 2})

    assert answer["appointments"][0]["end"] == "2027-03-28T04:30:00+02:00"


async def test_a_series_lasts_to_the_same_time_when_clocks_are_set(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    await hass.config.async_set_time_zone("Europe/Berlin")
    night = {"summary": "Owls", "start": "2027-03-28 01:30:00", "rrule": "FREQ=DAILY;COUNT=2"}

    answer = await ask(hass, "book", night, duration={"hours": 2})

    assert [each["end"] for each in answer["appointments"]] == [
        "2027-03-28T03:30:00+02:00",
        "2027-03-29T03:30:00+02:00",
    ]


@pytest.mark.parametrize("times", [{}, {"end": "2027-03-28 03:00:00", "duration": 60}])
async def test_either_the_end_or_the_duration_is_said(
    hass: HomeAssistant, site: MockConfigEntry, times: dict[str, Any]
) -> None:
    told = await refused(hass, "book", {"summary": "Owls", "start": "2027-03-28 01:30:00"}, **times)

    assert told.startswith("one_of: ")
    assert "end, duration" in told


@pytest.mark.parametrize(
    "cameras",
    [[RIGHT_ENTITY, LEFT_ENTITY], ["court RIGHT", "Court left (Porch)"], [RIGHT, LEFT]],
)
async def test_cameras_are_called_by_entity_name_or_key(
    hass: HomeAssistant, site: MockConfigEntry, cameras: list[str]
) -> None:
    answer = await ask(hass, "book", hour(17), cameras=cameras)

    assert answer["appointments"][0]["cameras"] == [RIGHT_ENTITY, LEFT_ENTITY]


async def test_a_camera_that_nobody_knows_is_refused_with_those_that_are(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    told = await refused(hass, "book", hour(17), cameras=["Court centre"])

    assert told.startswith("which_camera: ")
    assert "Court left (Porch), Court right (Porch)" in told


async def test_who_has_many_cameras_says_which(hass: HomeAssistant, agent: ScriptedAgent) -> None:
    give_courts(agent, "Gate")
    await courts(hass, agent)

    told = await refused(hass, "book", hour(17))

    assert told.startswith("which_cameras: ")
    assert "Court left (Porch), Court right (Porch), Gate (Porch)" in told


async def test_a_pair_records_as_it_is_set_up(hass: HomeAssistant, site: MockConfigEntry) -> None:
    answer = await ask(hass, "book", hour(17), calendar="centre court", layout="separate")

    booking = answer["appointments"][0]
    assert (booking["calendar"], booking["calendar_name"]) == (PAIR, "Centre Court")
    assert (booking["cameras"], booking["layout"], booking["upload"]) == (BOTH, "separate", True)


async def test_a_calendar_is_called_by_its_entity(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    entities = hass.states.async_entity_ids("calendar")

    told = [await ask(hass, "book", hour(8 + n), calendar=each) for n, each in enumerate(entities)]

    assert {each["appointments"][0]["calendar"] for each in told} == {"site", PAIR}


async def test_a_calendar_that_nobody_knows_is_refused_with_those_that_are(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    told = await refused(hass, "book", hour(17), calendar="calendar.work")

    assert told.startswith("not_a_calendar: ")
    assert "Centre Court, Home" in told


async def test_a_pair_keeps_its_cameras(hass: HomeAssistant, site: MockConfigEntry) -> None:
    told = await refused(hass, "book", hour(17), calendar=PAIR, cameras=[LEFT_ENTITY])

    assert told.startswith("cameras_of_pair: ")


async def test_a_pair_that_follows_another_calendar_is_booked_there(
    hass: HomeAssistant, agent: ScriptedAgent
) -> None:
    give_courts(agent)
    await courts(hass, agent, pair(calendar="calendar.club"))

    told = await refused(hass, "book", hour(17), calendar=PAIR)

    assert told.startswith("booked_elsewhere: ")
    assert "Centre Court follows calendar.club: book it there" in told


@pytest.mark.parametrize("calendar", ["site", PAIR])
async def test_no_panorama_is_made_of_pictures_that_nobody_has_compared(
    hass: HomeAssistant, site: MockConfigEntry, calendar: str
) -> None:
    told = await refused(hass, "book", hour(17), calendar=calendar, layout="panorama")

    assert told.startswith("no_panorama: ")


async def test_whoever_is_to_be_told_can_be_told(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    async_mock_service(hass, "notify", "anna")
    async_mock_service(hass, "notify", "send_message")
    hass.states.async_set("notify.club", "unknown")

    answer = await ask(hass, "book", hour(17), notify=["notify.anna", "notify.club", "notify.anna"])

    assert answer["appointments"][0]["notify"] == ["notify.anna", "notify.club"]
    for nobody in ("notify.nobody", "notify.send_message", "light.porch", "anna"):
        told = await refused(hass, "book", hour(18), notify=nobody)
        assert told.startswith(f"not_a_notifier: Nobody can be told by {nobody}")


# --- For whom --------------------------------------------------------------------------------


async def test_everybody_books_for_themselves(
    hass: HomeAssistant, site: MockConfigEntry, anna: User
) -> None:
    told = [
        await ask(hass, "book", hour(9 + n), user=anna.id, **said)
        for n, said in enumerate([{}, {"owner": "anna"}, {"owner": anna.id}])
    ]

    owners = {
        (each["owner"], each["owner_id"]) for answer in told for each in answer["appointments"]
    }
    assert owners == {("Anna", anna.id)}


async def test_only_administrators_and_automations_book_for_others(
    hass: HomeAssistant, site: MockConfigEntry, anna: User, bob: User, hass_admin_user: MockUser
) -> None:
    told = await refused(hass, "book", hour(9), bob.id, owner="Anna")
    by_admin = await ask(hass, "book", hour(9), hass_admin_user.id, owner="anna")
    by_automation = await ask(hass, "book", hour(10), owner=anna.id)
    of_nobody = await ask(hass, "book", hour(11), owner="The club")
    of_admin = await ask(hass, "book", hour(12), hass_admin_user.id)

    assert told.startswith("booking_for_others: ")
    owners = [
        (each["owner"], each["owner_id"])
        for answer in (by_admin, by_automation, of_nobody, of_admin)
        for each in answer["appointments"]
    ]
    assert owners == [
        ("Anna", anna.id),
        ("Anna", anna.id),
        ("The club", None),
        (hass_admin_user.name, hass_admin_user.id),
    ]


async def test_who_may_only_look_at_a_camera_has_nothing_recorded(
    hass: HomeAssistant, site: MockConfigEntry, hass_admin_user: MockUser
) -> None:
    guest = await hass.auth.async_create_user("Guest", group_ids=[GROUP_ID_READ_ONLY])

    with pytest.raises(Unauthorized):
        await ask(hass, "book", hour(17), guest.id)

    assert await listed(hass) == []


async def test_who_is_no_user_any_more_is_refused(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    with pytest.raises(UnknownUser):
        await ask(hass, "get_bookings", user="gone")


# --- Cancelling ------------------------------------------------------------------------------


async def test_a_booking_is_cancelled(hass: HomeAssistant, site: MockConfigEntry) -> None:
    uid = (await ask(hass, "book", hour(17)))["uid"]

    answer = await ask(hass, "cancel_booking", uid=uid)

    assert answer == {"uid": uid, "recurrence": None, "summary": "Tennis"}
    assert await listed(hass) == []
    assert [each["id"] for each in await listed(hass, states="cancelled")] == [uid]


@pytest.mark.parametrize(("following", "left"), [(False, [1, 3]), (True, [1])])
async def test_one_hour_of_a_series_is_cancelled_or_the_following_ones_too(
    hass: HomeAssistant, site: MockConfigEntry, following: bool, left: list[int]
) -> None:
    uid = (await ask(hass, "book", hour(17, rrule="FREQ=DAILY;COUNT=3")))["uid"]

    await ask(
        hass,
        "cancel_booking",
        uid=uid,
        recurrence=recurrence_of(at(17, 2)),
        following=following,
    )

    assert [each["start"] for each in await listed(hass)] == [at(17, n).isoformat() for n in left]


async def test_only_its_owner_and_administrators_cancel_a_booking(
    hass: HomeAssistant, site: MockConfigEntry, anna: User, bob: User, hass_admin_user: MockUser
) -> None:
    first = (await ask(hass, "book", hour(9), anna.id))["uid"]
    second = (await ask(hass, "book", hour(10), anna.id))["uid"]
    third = (await ask(hass, "book", hour(11), anna.id))["uid"]

    told = await refused(hass, "cancel_booking", None, bob.id, uid=first)
    await ask(hass, "cancel_booking", user=anna.id, uid=first)
    await ask(hass, "cancel_booking", user=hass_admin_user.id, uid=second)
    await ask(hass, "cancel_booking", uid=third)

    assert told.startswith("booking_of_others: ")
    assert await listed(hass) == []


async def test_what_is_not_booked_cannot_be_cancelled(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    assert (await refused(hass, "cancel_booking", uid="gone")).startswith("booking_not_found: ")


# --- Finding ---------------------------------------------------------------------------------


async def test_a_week_is_told_unless_somebody_says_otherwise(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    await ask(hass, "book", hour(17, rrule=WEEKLY))

    assert [each["start"] for each in await listed(hass)] == [at(17).isoformat()]
    month = await listed(hass, since=at(0).isoformat(), until=at(0, 29).isoformat())
    assert [each["start"] for each in month] == [
        at(17, days).isoformat() for days in (1, 8, 15, 22)
    ]


@pytest.mark.parametrize("days", [0, -1, 400])
async def test_a_span_that_nobody_can_read_is_refused(
    hass: HomeAssistant, site: MockConfigEntry, days: int
) -> None:
    until = at(0) + timedelta(days=days)

    told = await refused(hass, "get_bookings", since=at(0).isoformat(), until=until.isoformat())

    assert told.startswith("span_bad: ")


async def test_bookings_are_found_by_calendar_owner_and_state(
    hass: HomeAssistant, site: MockConfigEntry, anna: User
) -> None:
    of_anna = (await ask(hass, "book", hour(9), anna.id))["uid"]
    of_pair = (await ask(hass, "book", hour(10), calendar=PAIR, owner="The club"))["uid"]
    await comes_to(site, of_pair, state=BookingState.FAILED, error="no_disk")

    async def found(**asked: Any) -> list[str]:
        return [each["uid"] for each in await listed(hass, **asked)]

    assert await found() == [of_anna, of_pair]
    assert await found(calendar="Centre Court") == [of_pair]
    assert await found(calendar="site") == [of_anna]
    assert await found(owner="the CLUB") == [of_pair]
    assert await found(owner=anna.id) == [of_anna]
    assert await found(owner="Bob") == []
    assert await found(states=["scheduled", "recording"]) == [of_anna]
    assert await found(states="failed", owner="Anna") == []


async def test_a_link_is_for_its_owner_and_for_administrators(
    hass: HomeAssistant, site: MockConfigEntry, anna: User, bob: User, hass_admin_user: MockUser
) -> None:
    uid = (await ask(hass, "book", hour(9), anna.id))["uid"]
    link = "https://home.example/gatehouse/share/x"
    await comes_to(site, uid, state=BookingState.SHARED, link=link)

    links = [
        [each["link"] for each in await listed(hass, user)]
        for user in (anna.id, hass_admin_user.id, None, bob.id)
    ]

    assert links == [[link], [link], [link], [None]]


async def test_a_movie_is_told_as_media_as_long_as_it_plays(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    first, second, third = [
        (await ask(hass, "book", hour(9 + n), calendar=PAIR))["uid"] for n in range(3)
    ]
    movie = replace(CLIP, incident=None, part=False, since=at(9), until=at(10))
    for appointment, stage in (
        (first, FootageStage.READY),
        (second, FootageStage.UPLOADED),
        (third, FootageStage.EXPIRED),
    ):
        await filmed(site, replace(movie, id=appointment, booking=appointment, stage=stage))
        await comes_to(site, appointment, state=BookingState.READY, movie=appointment)

    assert [each["movie"] for each in await listed(hass)] == [
        f"media-source://gatehouse/footage/{first}",
        f"media-source://gatehouse/footage/{second}",
        None,
    ]


async def test_how_far_a_movie_is_made_is_told_in_percent(
    hass: HomeAssistant, site: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    uid = (await ask(hass, "book", hour(9)))["uid"]
    monkeypatch.setattr(Schedule, "progress", lambda _, identity: {uid: 0.427}.get(identity))
    monkeypatch.setattr(Schedule, "eta", lambda *_: NOON)

    (booking,) = await listed(hass)

    assert (booking["progress"], booking["eta"]) == (43, NOON.isoformat())
