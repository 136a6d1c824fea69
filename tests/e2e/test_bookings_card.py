"""The bookings card in a real dashboard: hours are booked, changed, watched and cancelled there."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.gatehouse.bookings import Booking, Hour
from custom_components.gatehouse.models import BookingState
from tests.e2e.browser import Browser, Page
from tests.e2e.dashboards import (
    DESK,
    PHONE_AT_NIGHT,
    Home,
    click_on,
    faint,
    looking,
    press,
    read,
    strike,
    type_into,
)
from tests.ha.courts import LEFT, PAIR, RIGHT, at, comes_to, courts, give_courts, pair, schedule_of
from tests.ha.happened import CLIP, filmed
from tests.ha.scripted import ScriptedAgent, scripted_agent
from tests.rooms.footage.media import video

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

AGENDA = "card('bookings')?.shadowRoot.querySelector('.free, .hour')"
NAMES = "all('.hour .name').map((each) => each.textContent)"
SCRIPT = "Tennis <img src=x onerror=complaints.push(1)>"
LINK = "https://home.example/gatehouse/share/abc"


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """A house with two cameras on a court, another one, and a dashboard with the card."""

    home: Home
    site: MockConfigEntry
    browser: Browser

    def seen_by(
        self, user: MockUser, screen: tuple[int, int, str] = DESK
    ) -> AbstractAsyncContextManager[Page]:
        """Give the page of somebody who looks at the card."""
        return looking(self.browser, self.home, user, AGENDA, screen=screen)

    async def book(self, summary: str, start: datetime, **said: Any) -> str:
        """Book an hour of the court past all commands; return its uid."""
        draft = Booking(
            uid="",
            calendar=PAIR,
            summary=summary,
            start=start,
            end=start + timedelta(hours=1),
            cameras=(LEFT, RIGHT),
            **said,
        )
        return (await schedule_of(self.site).diary.create(draft)).uid

    async def hours(self, days: int = 15) -> list[Hour]:
        """Return what is booked from today on."""
        return await schedule_of(self.site).diary.between(at(0, 0), at(0, days))


@pytest.fixture
async def court(socket_enabled: None) -> AsyncIterator[ScriptedAgent]:
    """An agent with the cameras."""
    async with scripted_agent() as agent:
        give_courts(agent, "Yard")
        yield agent


@pytest.fixture
async def house(hass: HomeAssistant, home: Home, court: ScriptedAgent, browser: Browser) -> House:
    site = await courts(hass, court, pair())
    await home.show({"type": "custom:gatehouse-bookings-card"})
    return House(home=home, site=site, browser=browser)


async def fill(page: Page, name: str, value: str) -> None:
    """Choose a value in a field of the form, as a user does."""
    field = f"one('dialog [name={name}]')"
    await page.run(f"{field}.value = {value!r}; {field}.dispatchEvent(new Event('change'))")


async def choose(page: Page, label: str, words: str) -> None:
    """Choose an option of a field by its words."""
    await page.run(
        f"(() => {{ const field = all('dialog .field').find((each) => each.checkVisibility() &&"
        f" each.querySelector('span').textContent === {label!r}).querySelector('select');"
        f" field.value = [...field.options].find((each) => each.text === {words!r}).value;"
        " field.dispatchEvent(new Event('change')); })()"
    )


async def begin(page: Page) -> None:
    """Open the form for a new booking."""
    await click_on(page, ".head .primary")
    await page.until("one('dialog form')")


async def send(page: Page) -> None:
    """Press the button at the end of the form."""
    await click_on(page, "dialog [type=submit]")


async def open_hour(page: Page, words: str) -> None:
    """Open the first hour that is called so, as soon as it is there."""
    found = f"all('.hour').find((each) => each.textContent.includes({words!r}))"
    await page.until(found)
    await page.run(f"{found}.click()")


async def gone(page: Page) -> None:
    """Wait until nothing is open over the page."""
    await page.until("!all('dialog .sheet').length")


async def confirm(page: Page) -> str:
    """Say yes to the question that is asked, and return what it says."""
    await page.until("one('.question')")
    asked = await read(page, ".question")
    await page.run("all('.question button').at(-1).click()")
    await gone(page)
    return asked


async def test_an_hour_is_booked_a_clash_is_refused_in_words_and_it_is_cancelled(
    house: House, hass_admin_user: MockUser
) -> None:
    async with house.seen_by(hass_admin_user) as page:
        assert await read(page, ".free") == "Nothing is booked."
        await begin(page)
        await send(page)
        assert "Please fill in: What." in await page.until("one('dialog .refused')?.textContent")
        await type_into(page, "[name=summary]", SCRIPT)
        await send(page)
        assert "Say which one or two cameras" in await page.until(
            "one('dialog .refused')?.textContent"
        )
        for camera in ("Yard", "Court left"):
            box = f"all('.check').find((each) => each.textContent === {camera!r})"
            await page.run(f"{box}.querySelector('input').click()")
        assert await page.run("all('dialog .choices input').filter((each) => each.disabled).length")
        await fill(page, "date", f"{at(9):%Y-%m-%d}")
        await fill(page, "from", "23:30")
        assert "ends on the next day" in await read(page, "dialog form")
        await send(page)
        await gone(page)
        await page.until(f"{NAMES}.join() === {SCRIPT!r}")
        [hour] = await house.hours()
        assert (hour.start, hour.end - hour.start) == (
            at(23).replace(minute=30),
            timedelta(hours=1),
        )
        assert [each.rpartition("/")[2] for each in hour.booking.cameras] == ["yard", "left"]
        assert hour.booking.owner_id == hass_admin_user.id

        await begin(page)
        await type_into(page, "[name=summary]", "Padel")
        await choose(page, "Calendar", "Centre Court")
        await fill(page, "date", f"{at(9):%Y-%m-%d}")
        await fill(page, "from", "23:00")
        await send(page)
        refusal = await page.until("one('dialog .refused')?.textContent")
        assert SCRIPT in refusal
        assert "has the camera Court left" in refusal
        assert await faint(page) == []
        await fill(page, "from", "21:00")
        await send(page)
        await gone(page)
        assert await page.until(f"{NAMES}.length === 2 && {NAMES}[0]") == "Padel"

        await open_hour(page, "Padel")
        await press(page, "Cancel booking")
        assert "It is not recorded then." in await confirm(page)
        await page.until(f"{NAMES}.length === 1")
        await strike(page, "Escape")
    assert [each.booking.summary for each in await house.hours()] == [SCRIPT]


async def test_a_series_is_booked_and_changed_in_part(
    house: House, hass_admin_user: MockUser
) -> None:
    # Not of the week that is shown at first.
    monday = at(17, 8 + (-at(17, 8).weekday()) % 7)
    async with house.seen_by(hass_admin_user) as page:
        await begin(page)
        await type_into(page, "[name=summary]", "Training")
        await choose(page, "Calendar", "Centre Court")
        await fill(page, "date", f"{monday:%Y-%m-%d}")
        await fill(page, "from", "17:00")
        await choose(page, "Repeat", "every week")
        await press(page, "Wed")
        await fill(page, "until", f"{monday + timedelta(days=10):%Y-%m-%d}")
        await send(page)
        await gone(page)
        days = [
            (each.start.astimezone(monday.tzinfo) - monday).days for each in await house.hours(30)
        ]
        assert days == [0, 2, 7, 9]

        await open_hour(page, "Training")
        await press(page, "Close")
        await gone(page)
        await press(page, "Later days")
        await page.until("all('.hour').length > 1")
        await open_hour(page, "Training")
        await press(page, "Change booking")
        await type_into(page, "[name=summary]", "Match")
        await send(page)
        await gone(page)
        await page.until(f"{NAMES}[0] === 'Match'")
        await open_hour(page, "Training")
        await press(page, "Change booking")
        await choose(page, "What is changed", "this and all later ones")
        await page.until("one('dialog .days')")
        assert (
            await page.run(
                "all('dialog .days button').filter((each) => each.ariaPressed === 'true').length"
            )
            == 2
        )
        before = await page.run("all('.hour')[1].dataset.id")
        await fill(page, "from", "18:00")
        await click_on(page, "dialog summary")
        await choose(page, "Layout", "picture in picture")
        await send(page)
        await gone(page)
        hours = await house.hours(30)
        assert [each.booking.summary for each in hours] == ["Match", *["Training"] * 3]
        assert [each.start.astimezone(monday.tzinfo).hour for each in hours] == [17, 18, 18, 18]
        assert {each.end - each.start for each in hours} == {timedelta(hours=1)}
        assert [each.booking.layout for each in hours][1:] == ["picture_in_picture"] * 3
        await page.until(f"all('.hour')[1]?.dataset.id !== {before!r}")

        await open_hour(page, "Training")
        await press(page, "Cancel this and all later")
        assert "nor any later one" in await confirm(page)
        await page.until(f"{NAMES}.join() === 'Match'")
    assert len(await house.hours(30)) == 1


async def test_what_becomes_of_an_hour_is_followed_until_its_movie_is_shared(
    house: House, media: Path, hass_admin_user: MockUser
) -> None:
    uid = await house.book("Final", dt_util.utcnow() + timedelta(minutes=30), owner="The club")
    schedule = schedule_of(house.site)
    async with house.seen_by(hass_admin_user, PHONE_AT_NIGHT) as page:
        assert "Centre Court · The club" in await read(page, ".hour")
        row = await comes_to(house.site, uid, state=BookingState.PROCESSING)
        for share, told in ((0.1, "10 %"), (0.6, "60 %")):
            schedule.progressed(row, share)
            schedule._tell(())
            await page.until(f"one('.hour small')?.textContent.startsWith({told!r})")
        assert await page.run("one('.hour progress').value") == 60
        await open_hour(page, "Final")

        (media / "gatehouse").mkdir()
        clip = media / "gatehouse" / "final.mp4"
        clip.write_bytes(video(frames=30, movflags="faststart"))
        movie = replace(CLIP, id=uid, booking=uid, incident=None, part=False, path=clip)
        await filmed(house.site, replace(movie, since=row.start, until=row.end))
        schedule.progressed(row, 1.0)
        row = await comes_to(
            house.site, uid, state=BookingState.SHARED, movie=uid, link=LINK, error="one_camera"
        )
        schedule.flow.footage(movie)
        schedule._tell(())
        await page.until("one('dialog video')?.readyState > 0")
        assert "one of the two cameras recorded nothing" in await read(page, "dialog .problem")
        await press(page, "Copy link")
        await page.until("one('dialog .said')?.textContent === 'Copied.'")
        assert await page.run("navigator.clipboard.readText()") == LINK
        assert await page.run("one('dialog a.plain').href") == LINK
        assert await page.run("one('dialog').scrollWidth <= innerWidth")
        assert await faint(page) == []
        await strike(page, "Escape")
        assert await read(page, ".hour .mark") == "shared"


async def test_who_is_no_administrator_changes_only_what_is_theirs(
    house: House, hass: HomeAssistant, hass_read_only_user: MockUser
) -> None:
    begins = dt_util.utcnow().replace(microsecond=0) + timedelta(hours=2)
    theirs = await house.book("Lesson <b>of Bob</b>", begins, owner="Bob", owner_id="bob")
    name, own = hass_read_only_user.name, hass_read_only_user.id
    hers = await house.book("Hers", begins + timedelta(hours=2), owner=name, owner_id=own)
    await comes_to(house.site, theirs, link=LINK)
    async with house.seen_by(hass_read_only_user) as page:
        await open_hour(page, "Lesson <b>")
        assert not await page.run("one('dialog footer') ?? one('dialog .link')")
        await press(page, "Close")
        await gone(page)
        await press(page, "Only my bookings")
        await page.until(f"{NAMES}.join() === 'Hers'")
        await begin(page)
        assert not await page.run("one('dialog form').querySelector('[name=owner]')")
        await type_into(page, "[name=summary]", "Mine")
        await choose(page, "Calendar", "Centre Court")
        await send(page)
        assert "Unauthorized" in await page.until("one('dialog .refused')?.textContent")
        await press(page, "Close")
        await open_hour(page, "Hers")
        await press(page, "Cancel booking")
        await confirm(page)
        await page.until("one('.free')")
    assert [each.booking.uid for each in await house.hours()] == [theirs]
    assert await schedule_of(house.site).store.booking(hers) is None


async def test_earlier_and_later_days_are_there_when_somebody_asks_for_them(
    house: House, hass_admin_user: MockUser
) -> None:
    uid = await house.book("Yesterday", dt_util.utcnow() + timedelta(minutes=1))
    await comes_to(
        house.site,
        uid,
        start=dt_util.utcnow() - timedelta(days=2),
        end=dt_util.utcnow() - timedelta(days=2, hours=-1),
        state=BookingState.MISSED,
    )
    await schedule_of(house.site).diary.delete(uid)
    await house.book("Far", at(10, 12))
    async with house.seen_by(hass_admin_user) as page:
        assert await page.run(NAMES) == []
        await press(page, "Later days")
        await page.until(f"{NAMES}.join() === 'Far'")
        await press(page, "Earlier days")
        await page.until(f"{NAMES}.join() === 'Yesterday,Far'")
        assert await page.run("one('.hour .mark').textContent") == "missed"
        await press(page, "Earlier days")
        await page.until(f"{NAMES}.join() === 'Far'")
        refused = "try { card('bookings').setConfig({ days: 0 }) } catch (error) { error.message }"
        assert await page.run(refused) == "days is a number from 1 to 60."
