"""Booking in Home Assistant's own calendar page, by the commands that it sends."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from homeassistant.auth.const import GROUP_ID_USER
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockUser,
    async_mock_service,
)
from pytest_homeassistant_custom_component.typing import MockHAClientWebSocket, WebSocketGenerator

from custom_components.gatehouse.bookings import Booking
from custom_components.gatehouse.database import DatabaseError
from custom_components.gatehouse.models import BookingState, Layout
from tests.ha.courts import (
    LEFT,
    PAIR,
    RIGHT,
    ask,
    at,
    comes_to,
    courts,
    give_courts,
    pair,
    schedule_of,
)
from tests.ha.scripted import ScriptedAgent
from tests.ha.seeing import becomes, set_up
from tests.ha.site import site_with, subentry_of
from tests.waiting import eventually

COURT: Final = "calendar.centre_court_bookings"
HOME: Final = "calendar.home_bookings"

WEEKLY: Final = "FREQ=WEEKLY"
FOLLOWING: Final = "THISANDFUTURE"


@pytest.fixture(autouse=True)
async def _in_europe(hass: HomeAssistant) -> None:
    """Live where clocks are set twice a year."""
    await hass.config.async_set_time_zone("Europe/Berlin")


@pytest.fixture
async def site(hass: HomeAssistant, agent: ScriptedAgent) -> MockConfigEntry:
    """A site with a pair, and a third camera."""
    give_courts(agent, "Hall")
    return await courts(hass, agent, pair())


class Page:
    """Somebody who looks at the calendar page."""

    def __init__(self, client: MockHAClientWebSocket, calendar: str) -> None:
        self._client = client
        self.calendar = calendar

    async def ask(self, deed: str, **more: Any) -> dict[str, Any]:
        """Send a command and return the answer."""
        command = {"type": f"calendar/event/{deed}", "entity_id": self.calendar, **more}
        await self._client.send_json_auto_id(command)
        answer: dict[str, Any] = await self._client.receive_json()
        return answer

    async def does(self, deed: str, **more: Any) -> None:
        """Do what is not refused."""
        answer = await self.ask(deed, **more)
        assert answer["success"], answer

    async def refused(self, deed: str, **more: Any) -> str:
        """Return why something is refused."""
        answer = await self.ask(deed, **more)
        message: str = answer["error"]["message"]
        return message

    async def hears(self) -> list[dict[str, Any]]:
        """Return what the page is told next."""
        message = await self._client.receive_json()
        events: list[dict[str, Any]] = message["event"]["events"]
        return events


@pytest.fixture
async def page(site: MockConfigEntry, hass_ws_client: WebSocketGenerator) -> Page:
    """An administrator at the calendar of the pair."""
    return Page(await hass_ws_client(), COURT)


@pytest.fixture
async def site_page(site: MockConfigEntry, hass_ws_client: WebSocketGenerator) -> Page:
    """An administrator at the calendar of the site."""
    return Page(await hass_ws_client(), HOME)


type Visitor = Callable[[str], Any]


@pytest.fixture
async def visited_by(
    hass: HomeAssistant, site: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> Visitor:
    """Let somebody who is no administrator look at the calendar of the pair."""

    async def visit(name: str) -> Page:
        user = await hass.auth.async_create_user(name, group_ids=[GROUP_ID_USER])
        token = await hass.auth.async_create_refresh_token(user, "http://127.0.0.1")
        access = hass.auth.async_create_access_token(token)
        return Page(await hass_ws_client(access_token=access), COURT)

    return visit


def event(hour: int = 17, days: int = 1, **more: Any) -> dict[str, Any]:
    """Return an event of an hour of one of the next days."""
    start = at(hour, days)
    end = start.replace(hour=hour + 1)
    times = {"dtstart": start.isoformat(), "dtend": end.isoformat()}
    return {"summary": "Tennis", **times, **more}


async def events(hass: HomeAssistant, calendar: str = COURT, days: int = 30) -> list[Any]:
    """Return what the page shows of today and the next days."""
    entity = hass.data["calendar"].get_entity(calendar)
    today = dt_util.start_of_local_day()
    return await entity.async_get_events(hass, today, today + timedelta(days=days))


async def only(hass: HomeAssistant, calendar: str = COURT) -> Any:
    """Return the one event that there is."""
    (found,) = await events(hass, calendar)
    return found


async def booked(site: MockConfigEntry, uid: str) -> Booking:
    """Return what is kept of a booking."""
    series = await schedule_of(site).store.booking(uid)
    return series.booking


# --- An hour ---------------------------------------------------------------------------------


async def test_an_hour_of_a_pair_is_booked_with_nothing_but_a_name_and_its_times(
    hass: HomeAssistant, site: MockConfigEntry, page: Page
) -> None:
    await page.does("create", event=event())

    shown = await only(hass)
    kept = await booked(site, shown.uid)
    assert (shown.summary, shown.start, shown.end) == ("Tennis", at(17), at(18))
    assert shown.description == "● Scheduled\nowner: Mock User"
    assert (kept.cameras, kept.layout) == ((LEFT, RIGHT), Layout.SIDE_BY_SIDE)
    assert kept.zone.key == "Europe/Berlin"


async def test_the_state_of_a_calendar_is_the_next_hour_and_whether_it_is_that_hour(
    hass: HomeAssistant, site: MockConfigEntry, page: Page
) -> None:
    now = dt_util.now().replace(microsecond=0)
    times = [now - timedelta(minutes=1), now + timedelta(hours=1), now + timedelta(hours=2)]
    later, soon = (
        {"summary": name, "dtstart": start.isoformat(), "dtend": end.isoformat()}
        for name, start, end in (("Later", *times[1:]), ("Now", *times[:2]))
    )

    await page.does("create", event=later)
    await eventually(lambda: hass.states.get(COURT).attributes.get("message") == "Later")
    before = hass.states.get(COURT).state
    await page.does("create", event=soon)
    await becomes(hass, COURT, "on")

    assert before == "off"
    assert hass.states.get(COURT).attributes["message"] == "Now"


async def test_an_hour_is_moved_and_renamed(
    hass: HomeAssistant, site: MockConfigEntry, page: Page
) -> None:
    await page.does("create", event=event(description="Bring balls."))
    was = await only(hass)

    await page.does(
        "update", uid=was.uid, event=event(19, summary="Padel", description=was.description)
    )

    shown = await only(hass)
    assert (shown.uid, shown.summary, shown.start) == (was.uid, "Padel", at(19))
    assert (await booked(site, was.uid)).description == "Bring balls."


async def test_an_hour_is_deleted(hass: HomeAssistant, site: MockConfigEntry, page: Page) -> None:
    await page.does("create", event=event())

    await page.does("delete", uid=(await only(hass)).uid)

    assert await events(hass) == []


async def test_whoever_looks_at_the_page_is_told_what_changes(
    hass: HomeAssistant, site: MockConfigEntry, page: Page, hass_ws_client: WebSocketGenerator
) -> None:
    other = Page(await hass_ws_client(), COURT)
    today = dt_util.start_of_local_day()
    await page.does(
        "subscribe", start=today.isoformat(), end=(today + timedelta(days=90)).isoformat()
    )
    assert await page.hears() == []

    await other.does("create", event=event(days=60))

    assert [each["summary"] for each in await page.hears()] == ["Tennis"]


# --- A series --------------------------------------------------------------------------------


async def test_a_series_is_shown_hour_by_hour_at_the_same_time_of_the_clock(
    hass: HomeAssistant, site: MockConfigEntry, page: Page
) -> None:
    await page.does("create", event=event(rrule=WEEKLY))

    shown = await events(hass, days=366)
    starts = [dt_util.as_local(each.start) for each in shown]
    assert len(shown) >= 52
    assert {start.hour for start in starts} == {17}
    assert {start.utcoffset() for start in starts} == {timedelta(hours=1), timedelta(hours=2)}
    assert {each.rrule for each in shown} == {WEEKLY}
    assert shown[0].recurrence_id == starts[0].strftime("%Y%m%dT%H%M%S")


async def test_one_hour_of_a_series_is_edited_by_itself(
    hass: HomeAssistant, site: MockConfigEntry, page: Page
) -> None:
    await page.does("create", event=event(rrule=WEEKLY))
    first, second, *_ = await events(hass)

    await page.does(
        "update",
        uid=second.uid,
        recurrence_id=second.recurrence_id,
        recurrence_range="",
        event=event(19, 8, rrule=WEEKLY, summary="Final", description=second.description),
    )

    shown = await events(hass)
    assert [(each.summary, each.start) for each in shown[:3]] == [
        ("Tennis", first.start),
        ("Final", at(19, 8)),
        ("Tennis", at(17, 15)),
    ]
    assert shown[1].recurrence_id == second.recurrence_id


async def test_an_hour_and_the_following_ones_are_edited(
    hass: HomeAssistant, site: MockConfigEntry, page: Page
) -> None:
    await page.does("create", event=event(rrule=WEEKLY))
    _, second, *_ = await events(hass)

    await page.does(
        "update",
        uid=second.uid,
        recurrence_id=second.recurrence_id,
        recurrence_range=FOLLOWING,
        event=event(10, 8, rrule=WEEKLY, description=second.description),
    )

    assert [each.start for each in await events(hass, days=20)] == [
        at(17, 1),
        at(10, 8),
        at(10, 15),
    ]


@pytest.mark.parametrize(("extent", "left"), [("", [1, 15]), (FOLLOWING, [1])])
async def test_an_hour_is_deleted_from_a_series_alone_or_with_the_following_ones(
    hass: HomeAssistant, site: MockConfigEntry, page: Page, extent: str, left: list[int]
) -> None:
    await page.does("create", event=event(rrule=WEEKLY))
    _, second, *_ = await events(hass)

    await page.does(
        "delete", uid=second.uid, recurrence_id=second.recurrence_id, recurrence_range=extent
    )

    assert [each.start for each in await events(hass, days=20)] == [at(17, day) for day in left]


# --- What is said in the description ---------------------------------------------------------


async def test_the_calendar_of_the_site_takes_cameras_and_wishes_by_lines(
    hass: HomeAssistant, site: MockConfigEntry, site_page: Page
) -> None:
    async_mock_service(hass, "notify", "club")
    said = (
        "Cameras: court RIGHT, camera.court_left\nlayout: Picture in picture\nowner: The club\n"
        "upload: yes\nshare: on\nnotify: notify.club\nBring balls.\n\nAnd water."
    )

    await site_page.does("create", event=event(description=said))

    shown = await only(hass, HOME)
    kept = await booked(site, shown.uid)
    assert kept.cameras == (RIGHT, LEFT)
    assert kept.layout is Layout.PICTURE_IN_PICTURE
    assert (kept.owner, kept.upload, kept.share) == ("The club", True, True)
    assert kept.notify == ("notify.club",)
    assert kept.description == "Bring balls.\n\nAnd water."
    assert shown.description == (
        "● Scheduled\ncameras: Court right, Court left\nowner: The club\n"
        "layout: picture in picture\nupload: yes\nshare: yes\nnotify: notify.club\n"
        "Bring balls.\n\nAnd water."
    )


async def test_what_comes_back_from_the_page_changes_nothing(
    hass: HomeAssistant, site: MockConfigEntry, site_page: Page
) -> None:
    said = "cameras: Hall\nowner: The club\nupload: yes\nBring balls."
    await site_page.does("create", event=event(description=said))
    was = await only(hass, HOME)
    kept = await booked(site, was.uid)
    await comes_to(site, was.uid, state=BookingState.MISSED)

    shown = (await only(hass, HOME)).description
    await site_page.does("update", uid=was.uid, event=event(description=shown))

    again = await booked(site, was.uid)
    assert shown.startswith("● Missed\n")
    assert (again.description, again.cameras, again.owner, again.upload) == (
        kept.description,
        kept.cameras,
        kept.owner,
        kept.upload,
    )


async def test_a_line_that_is_taken_out_is_as_usual_again_but_cameras_and_owner_stay(
    hass: HomeAssistant, site: MockConfigEntry, site_page: Page
) -> None:
    said = "cameras: Hall\nowner: The club\nupload: yes"
    await site_page.does("create", event=event(description=said))
    uid = (await only(hass, HOME)).uid

    await site_page.does("update", uid=uid, event=event(description=""))

    kept = await booked(site, uid)
    assert not kept.upload
    assert (kept.cameras, kept.owner) == ((f"{LEFT.partition('/')[0]}/hall",), "The club")


async def test_an_edit_without_a_description_leaves_it_as_it_was(
    hass: HomeAssistant, site: MockConfigEntry, page: Page
) -> None:
    await page.does("create", event=event(description="upload: yes\nBring balls."))
    uid = (await only(hass)).uid

    await page.does("update", uid=uid, event=event(19))

    kept = await booked(site, uid)
    assert (kept.upload, kept.description) == (True, "Bring balls.")


async def test_what_is_usual_for_a_pair_needs_no_line_and_can_be_said_otherwise(
    hass: HomeAssistant, agent: ScriptedAgent, hass_ws_client: WebSocketGenerator
) -> None:
    give_courts(agent)
    site = await courts(hass, agent, pair(upload=True, share=True, layout="separate"))
    page = Page(await hass_ws_client(), COURT)

    await page.does("create", event=event())
    await page.does("create", event=event(19, description="share: no\nlayout: side-by-side"))

    usual, other = await events(hass)
    assert usual.description == "● Scheduled\nowner: Mock User"
    assert (await booked(site, usual.uid)).share
    assert other.description == ("● Scheduled\nowner: Mock User\nlayout: side by side\nshare: no")


async def test_a_site_of_two_cameras_needs_no_line(
    hass: HomeAssistant, agent: ScriptedAgent, hass_ws_client: WebSocketGenerator
) -> None:
    give_courts(agent)
    site = await courts(hass, agent)

    await Page(await hass_ws_client(), HOME).does("create", event=event())

    shown = await only(hass, HOME)
    assert (await booked(site, shown.uid)).cameras == (LEFT, RIGHT)


async def test_cameras_of_one_name_are_told_apart_by_their_agents(
    hass: HomeAssistant,
    agent: ScriptedAgent,
    other_agent: ScriptedAgent,
    hass_ws_client: WebSocketGenerator,
) -> None:

    site = site_with(subentry_of(agent), subentry_of(other_agent), detectors=[])
    await set_up(hass, site)
    names = site.runtime_data.cameras.full_names
    await eventually(lambda: len(names()) == 2)

    page = Page(await hass_ws_client(), HOME)
    await page.does("create", event=event(description="cameras: Front door (Garage)"))

    assert "cameras: Front door (Garage)" in (await only(hass, HOME)).description


async def test_where_an_event_is_said_to_be_is_not_lost(
    hass: HomeAssistant, site: MockConfigEntry, page: Page
) -> None:
    await page.does("create", event=event(location="Behind the hall", description="Come early."))

    uid = (await only(hass)).uid
    assert (await booked(site, uid)).description == "Behind the hall\nCome early."


NOT_UNDERSTOOD: Final = (
    ("", "like this: cameras: Court left, Court right"),
    ("cameras:", "like this: cameras: Court left, Court right"),
    ("cameras: Cellar", "no camera called Cellar"),
    ("cameras: Hall, Court left, Court right", "Choose one camera, or two"),
    ("cameras: Hall\nlayout: upside down", "picture in picture"),
    ("cameras: Hall\nupload: perhaps", "upload is yes or no, and not perhaps"),
    ("cameras: Hall\nnotify: notify.nobody", "notify.nobody"),
    ("cameras: Hall\nlayout: panorama", "choose another layout"),
)


async def test_a_line_that_is_not_understood_is_answered_with_what_would_be(
    hass: HomeAssistant, site: MockConfigEntry, site_page: Page, subtests: pytest.Subtests
) -> None:
    for said, why in NOT_UNDERSTOOD:
        with subtests.test(said):
            message = await site_page.refused("create", event=event(description=said))

            assert why in message
            assert await events(hass, HOME) == []


# --- How far it has come ---------------------------------------------------------------------


async def test_an_event_says_how_far_its_hour_has_come(
    hass: HomeAssistant, site: MockConfigEntry, page: Page
) -> None:
    await page.does("create", event=event())
    uid = (await only(hass)).uid
    row = await comes_to(site, uid, state=BookingState.PROCESSING)

    schedule_of(site).progressed(row, 0.43)

    shown = await only(hass)
    assert shown.description.splitlines()[0] == "● Recorded, being made a movie (43 %)"


async def test_an_event_says_what_went_wrong(
    hass: HomeAssistant, site: MockConfigEntry, page: Page
) -> None:
    await page.does("create", event=event())
    uid = (await only(hass)).uid

    shown = []
    for error in ("merge_failed", "never_heard_of"):
        await comes_to(site, uid, state=BookingState.FAILED, error=error)
        shown.append((await only(hass)).description.splitlines()[0])

    assert shown == ["● Failed: the movie could not be made", "● Failed: never_heard_of"]


async def test_a_link_is_in_no_event(
    hass: HomeAssistant, site: MockConfigEntry, page: Page
) -> None:
    await page.does("create", event=event())
    link = "http://127.0.0.1/gatehouse/secret"
    await comes_to(site, (await only(hass)).uid, state=BookingState.SHARED, link=link)

    assert "secret" not in str(await events(hass))


# --- What is refused -------------------------------------------------------------------------


async def test_a_clash_names_the_other_booking_and_the_camera(
    hass: HomeAssistant, site: MockConfigEntry, page: Page, hass_ws_client: WebSocketGenerator
) -> None:
    site_page = Page(await hass_ws_client(), HOME)
    await page.does("create", event=event(summary="Lesson"))

    message = await site_page.refused("create", event=event(description="cameras: Court right"))

    assert "Lesson of Mock User has the camera Court right" in message
    assert "from 17:00 to 18:00" in message


async def test_a_whole_day_is_refused(hass: HomeAssistant, page: Page) -> None:
    day = at(0).date()
    whole = {
        "summary": "Tournament",
        "dtstart": day.isoformat(),
        "dtend": (day + timedelta(days=1)).isoformat(),
    }

    assert "Switch off All day" in await page.refused("create", event=whole)


async def test_what_is_over_is_refused(hass: HomeAssistant, page: Page) -> None:
    assert "over already" in await page.refused("create", event=event(days=-1))


@pytest.mark.parametrize("uid", ["unknown", ""])
async def test_a_booking_of_another_calendar_is_not_there(
    hass: HomeAssistant, site: MockConfigEntry, page: Page, site_page: Page, uid: str
) -> None:
    await site_page.does("create", event=event(description="cameras: Hall"))
    uid = uid or (await only(hass, HOME)).uid

    answers = [
        await page.refused("delete", uid=uid),
        await page.refused("update", uid=uid, event=event(19)),
    ]

    assert all("look at the calendar again" in answer for answer in answers)


async def test_a_calendar_that_follows_another_one_is_changed_there(
    hass: HomeAssistant, agent: ScriptedAgent, hass_ws_client: WebSocketGenerator
) -> None:
    give_courts(agent)
    await courts(hass, agent, pair(calendar="calendar.club"))
    page = Page(await hass_ws_client(), COURT)

    answers = [
        await page.ask("create", event=event()),
        await page.ask("update", uid="a", event=event()),
        await page.ask("delete", uid="a"),
    ]

    assert hass.states.get(COURT).attributes["supported_features"] == 0
    assert {answer["error"]["code"] for answer in answers} == {"not_supported"}


async def test_a_database_that_fails_is_told(
    hass: HomeAssistant, site: MockConfigEntry, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise DatabaseError("The disk is full")

    monkeypatch.setattr(schedule_of(site).diary, "create", fail)

    assert "The disk is full" in await page.refused("create", event=event())


# --- Whose it is -----------------------------------------------------------------------------


async def test_whoever_books_owns_the_booking_and_may_change_it(
    hass: HomeAssistant, site: MockConfigEntry, visited_by: Visitor
) -> None:
    page = await visited_by("Anna")
    await page.does("create", event=event())
    was = await only(hass)

    await page.does("update", uid=was.uid, event=event(19, description=was.description))

    kept = await booked(site, was.uid)
    assert kept.owner == "Anna"
    assert (await hass.auth.async_get_user(kept.owner_id)).name == "Anna"


async def test_only_an_administrator_changes_what_others_booked_and_it_stays_theirs(
    hass: HomeAssistant, site: MockConfigEntry, page: Page, visited_by: Visitor
) -> None:
    anna, bob = await visited_by("Anna"), await visited_by("Bob")
    await anna.does("create", event=event())
    was = await only(hass)

    refusals = [
        await bob.refused("delete", uid=was.uid),
        await bob.refused("update", uid=was.uid, event=event(19)),
        await bob.refused("create", event=event(20, description="owner: Anna")),
    ]
    await page.does("update", uid=was.uid, event=event(19, description=was.description))

    assert all("administrators" in refusal for refusal in refusals)
    kept = await booked(site, was.uid)
    assert (kept.owner, kept.start) == ("Anna", at(19))
    assert kept.owner_id is not None


async def test_nobody_books_in_the_name_of_who_has_looked_before(
    hass: HomeAssistant, site: MockConfigEntry, visited_by: Visitor
) -> None:
    anna, bob = await visited_by("Anna"), await visited_by("Bob")
    await anna.does("create", event=event())
    was = await only(hass)

    refusals = []
    for what, said in (
        ("delete", {"uid": was.uid}),
        ("update", {"uid": was.uid, "event": event(19)}),
        ("create", {"event": event(20, description="owner: Anna")}),
    ):
        await hass.services.async_call(
            "calendar",
            "get_events",
            {"entity_id": COURT, "duration": {"hours": 24}},
            blocking=True,
            return_response=True,
            context=Context(user_id=None),  # an automation, which may do everything
        )
        refusals.append(await bob.refused(what, **said))

    assert all("administrators" in refusal for refusal in refusals)


async def test_an_action_books_in_the_name_of_whoever_calls_it(
    hass: HomeAssistant, site: MockConfigEntry, hass_admin_user: MockUser
) -> None:

    for hour, user in ((17, hass_admin_user.id), (19, None)):
        await hass.services.async_call(
            "calendar",
            "create_event",
            {
                "entity_id": COURT,
                "summary": "Tennis",
                "start_date_time": at(hour).isoformat(),
                "end_date_time": at(hour + 1).isoformat(),
            },
            blocking=True,
            context=Context(user_id=user),
        )

    own, automatic = [await booked(site, each.uid) for each in await events(hass)]
    assert (own.owner, own.owner_id) == ("Mock User", hass_admin_user.id)
    assert (automatic.owner, automatic.owner_id) == ("", None)


async def test_what_an_action_books_is_shown_too(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    times = {"start": at(17).isoformat(), "end": at(18).isoformat()}
    await ask(hass, "book", calendar=COURT, summary="Lesson", description="Bring balls.", **times)

    shown = await only(hass)
    assert shown.summary == "Lesson"
    assert shown.description == "● Scheduled\nBring balls."


async def test_a_pair_is_a_device_of_the_site_that_goes_with_it(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:

    entity = er.async_get(hass).async_get(COURT)
    device = dr.async_get(hass).async_get(entity.device_id)
    above = dr.async_get(hass).async_get(device.via_device_id)
    assert (device.name, above.name) == ("Centre Court", "Home")
    assert entity.config_subentry_id == PAIR

    hass.config_entries.async_remove_subentry(site, PAIR)
    await hass.async_block_till_done()

    assert er.async_get(hass).async_get(COURT) is None
