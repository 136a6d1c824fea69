"""The access card in a real dashboard, before real doors: who may enter is said there, and seen."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
import json
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockUser

from tests.e2e.browser import Browser, Page
from tests.e2e.dashboards import (
    DESK,
    PHONE_AT_NIGHT,
    Home,
    click_on,
    faint,
    golden,
    looking,
    press,
    read,
    strike,
    type_into,
)
from tests.e2e.doorstep import FRONT, Doorstep, doorstep
from tests.ha.doorkeeping import act
from tests.ha.site import site_with
from tests.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

LOCK = "lock.front_b_door_b"
SHED = "lock.shed"
WHITE, BLUE, STRANGER = "0102030405", "0A0B0C0D0E", "FFFFFFFF01"
SCREENS = [DESK, PHONE_AT_NIGHT]

DOORS = "card('access')?.shadowRoot.querySelector('.door')"
BY_ANNA = "all('.passage .name').some((each) => each.textContent === 'Anna')"


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """A house with two doors, and a dashboard with the card."""

    hass: HomeAssistant
    home: Home
    porch: Doorstep
    browser: Browser

    def seen_by(
        self, user: MockUser, screen: tuple[int, int, str] = DESK
    ) -> AbstractAsyncContextManager[Page]:
        """Give the page of somebody who looks at the card."""
        return looking(self.browser, self.home, user, DOORS, screen=screen)

    async def asks(self, action: str, **data: Any) -> Any:
        """Return what an action answers."""
        return await act(self.hass, action, **data)

    async def becomes(self, lock: str, state: str) -> None:
        """Wait until a lock is in a state."""
        await eventually(lambda: self.is_(lock, state), 10, f"{lock}, to be {state},")

    def is_(self, entity: str, state: str) -> bool:
        """Whether an entity is in a state."""
        found = self.hass.states.get(entity)
        return found is not None and found.state == state

    async def let_in(self, name: str, card: str, **limits: Any) -> None:
        """Let somebody in at the front door, by a card."""
        await self.asks("set_user", **{"name": name, "doors": [LOCK], **limits})
        await self.asks("set_credential", user_id=name, name="White card", number=card)


@pytest.fixture
async def house(
    hass: HomeAssistant, home: Home, media: Path, tmp_path: Path, browser: Browser
) -> AsyncIterator[House]:
    async with doorstep(tmp_path / "porch") as porch:
        site = site_with(porch.subentry, detectors=[])
        site.add_to_hass(hass)
        assert await hass.config_entries.async_setup(site.entry_id)
        house = House(hass=hass, home=home, porch=porch, browser=browser)
        for lock in (LOCK, SHED):
            await house.becomes(lock, "locked")
        await home.show({"type": "custom:gatehouse-access-card"})
        yield house


async def part(page: Page, name: str) -> None:
    """Go to a part of the card, and wait until it is there."""
    await press(page, name)
    await page.until(f"one('.body').ariaLabel === {name!r}")


async def said(page: Page, kind: str) -> str:
    """Return the sentence of a kind that is said in what is open, as soon as there is one."""
    return await page.until(f"one('dialog .{kind}')?.textContent")


async def tells(page: Page, sentence: str) -> None:
    """Wait until this is what is told in what is open: what was told before may still be there."""
    await page.until(f"one('dialog .said')?.textContent === {sentence!r}")


async def gone(page: Page) -> None:
    """Wait until nothing is open over the page."""
    await page.until("!all('dialog .sheet').length")


async def leave(page: Page) -> None:
    """Close what is open over the page."""
    await press(page, "Close")
    await gone(page)


async def choose(page: Page, label: str, words: str) -> None:
    """Choose an option of a field by its words, as a user does."""
    chosen = (
        f"const field = all('.field').find((each) => each.checkVisibility() &&"
        f" each.querySelector('span').textContent === {label!r}).querySelector('select');"
        f" field.value = [...field.options].find((each) => each.text === {words!r}).value;"
        " field.dispatchEvent(new Event('change'))"
    )
    await page.run(f"(() => {{ {chosen} }})()")


async def check(page: Page, words: str) -> None:
    """Check the box that is called so, or take the check away."""
    box = f"all('.check').find((each) => each.textContent.trim() === {words!r})"
    await page.run(f"{box}.querySelector('input').click()")


async def test_somebody_is_let_in_with_a_card_and_seen_to_come(
    house: House, hass_admin_user: MockUser
) -> None:
    async with house.seen_by(hass_admin_user) as page:
        await part(page, "People")
        await page.until("one('.status')?.textContent.startsWith('Nobody may enter yet')")
        await press(page, "Add person")
        await press(page, "Save")
        assert "Choose a name of 1 to 80 letters" in await said(page, "problem")
        await type_into(page, "[name=name]", "Anna <script>complaints.push(1)</script>")
        await check(page, "Front <b>door</b>")
        await press(page, "Save")
        await tells(page, "Saved.")

        await press(page, "Card, at a reader")
        await type_into(page, ".lesson [name=name]", "White card")
        await press(page, "Begin")
        assert "Front <b>door</b>" in await page.until("one('.hold')?.textContent")
        await hold_until(house.porch, page, "one('.credential')")
        await tells(page, "The card is learned.")
        assert "White card" in await read(page, ".credential")

        await press(page, "Set a PIN")
        await type_into(page, "[name=pin]", "12")
        await page.run("all('dialog .part button[type=submit]')[0].click()")
        assert "4 to 10 digits" in await said(page, "problem")
        await type_into(page, "[name=pin]", "471109")
        await page.run("all('dialog .part button[type=submit]')[0].click()")
        await page.until("all('.credential').length === 2 && !one('[name=pin]')")
        await leave(page)
        assert "cards: 1, PIN" in await page.until("one('.people li')?.textContent")
        await part(page, "Log")
        assert await house.porch.does("present", WHITE) == "Admitted"
        told = await page.until(
            "all('.passage').find((each) => each.textContent.includes('granted'))?.textContent"
        )
        assert "Anna <script>complaints.push(1)</script>" in told
        assert "Card (White card)" in told
        assert "Front <b>door</b>" in told
        assert await house.porch.does("present", STRANGER) == "Denied"
        await page.until("one('.passage').textContent.includes('Access denied: Unknown card')")


async def test_a_card_of_somebody_else_stays_theirs_and_who_is_deleted_is_gone(
    house: House, hass_admin_user: MockUser
) -> None:
    await house.let_in("Anna <i>B.</i>", WHITE)
    async with house.seen_by(hass_admin_user) as page:
        await part(page, "People")
        await press(page, "Add person")
        await type_into(page, "[name=name]", "Bob")
        await press(page, "Save")
        await press(page, "Card, at a reader")
        await press(page, "Begin")
        await page.until("one('.hold')")
        await press(page, "Cancel")
        await admits_again(house.porch)
        await press(page, "Card, at a reader")
        await press(page, "Begin")
        await page.until("one('.hold')")
        await hold_until(house.porch, page, "one('dialog .problem')")
        assert "This card is Anna <i>B.</i>’s already." in await said(page, "problem")
        await press(page, "Cancel")
        await press(page, "Card, by its number")
        await type_into(page, "[name=number]", WHITE)
        await page.run("all('dialog .part button[type=submit]')[0].click()")
        await page.until("one('dialog .problem')?.textContent.includes('belongs to Anna')")

        await press(page, "Delete")
        await page.until("one('.question')")
        assert "Bob is forgotten" in await read(page, ".question p")
        await page.run("all('.question button')[1].click()")
        await gone(page)
        await type_into(page, "[type=search]", "front")
        await page.until("all('.people li').length === 1")
        await type_into(page, "[type=search]", "garage")
        await page.until("one('.status')?.textContent === 'Nobody is called so.'")
        assert [user["name"] for user in (await house.asks("get_users"))["users"]] == [
            "Anna <i>B.</i>"
        ]


async def test_a_card_becomes_that_of_a_visitor_who_may_come_three_times(
    house: House, hass_admin_user: MockUser
) -> None:
    await house.let_in("Plumber", BLUE)
    async with house.seen_by(hass_admin_user) as page:
        await part(page, "People")
        await page.until("one('.people .row')")
        await click_on(page, ".people .row")
        await press(page, "Change White card")
        await check(page, "For a visitor")
        await page.run("all('dialog .part button[type=submit]')[0].click()")
        assert "needs an end or a number of uses" in await said(page, "problem")
        await type_into(page, "[name=max_uses]", "3")
        await page.run("all('dialog .part button[type=submit]')[0].click()")
        await page.until("one('.credential')?.textContent.includes('used 0 of 3 times')")

        await press(page, "Other doors at other hours")
        await page.run("all('.permission')[1].querySelectorAll('input')[1].click()")
        await press(page, "Save")
        await page.until("all('.people li')[0].textContent.includes('Front <b>door</b>; Shed')")
        assert "visitor, 3 visits left" in await page.run("all('.people li')[0].textContent")
        await leave(page)
        assert await house.porch.does("present", BLUE) == "Admitted"
        assert await house.porch.does("present", BLUE, "--door", "shed") == "Admitted"
        await click_on(page, ".people .row")
        await page.until("one('.credential').textContent.includes('used 2 of 3 times')")
        await press(page, "Delete White card")
        await page.until("one('.question')")
        await page.run("all('.question button')[1].click()")
        await page.until("one('dialog .said')?.textContent === 'Deleted.'")
        assert await house.porch.does("present", BLUE) == "Denied"


async def test_the_card_shows_what_it_is_told_to_and_who_rings(
    house: House, hass_admin_user: MockUser
) -> None:
    async with house.seen_by(hass_admin_user) as page:
        await page.until("one('.emergency')")
        await house.porch.does("press", "doorbell")
        await page.until("one('.door .mark.ongoing')?.textContent === 'Somebody rings'")

        await page.run(f"card('access').setConfig({{ sections: ['doors'], doors: [{SHED!r}] }})")
        await page.until("all('.door').length === 1 && all('[role=tab]').length === 0")
        await page.run("card('access').setConfig({ title: '', sections: ['log'] })")
        await page.until(
            "one('.filters') && !card('access').shadowRoot.querySelector('.title, .door')"
        )
        refused = (
            "(() => { try { card('access').setConfig({ sections: ['cellar'] }); }"
            " catch (error) { return error.message; } })()"
        )
        assert (
            await page.run(refused) == "sections is a list of some of: doors, people, hours, log."
        )
        offered = "customCards.find(({ type }) => type === 'gatehouse-access-card')"
        suggested = f"{offered}.getEntitySuggestion(card('access').hass, %r)"
        assert (await page.run(suggested % LOCK))["config"]["doors"] == [LOCK]
        assert await page.run(suggested % "switch.home_lockdown") is None
        assert await page.run("customElements.get('gatehouse-access-card').getStubConfig()") == {}


async def hold_until(porch: Doorstep, page: Page, question: str) -> None:
    """Hold the white card to the reader: it may need a moment until it is asked to learn."""

    async def is_so() -> bool:
        await porch.does("present", WHITE)
        return await page.run(f"Boolean({question})")

    await eventually(is_so, 20, "the card, to be seen,")


async def admits_again(porch: Doorstep) -> None:
    """Wait until the white card opens the door, as no reader wants to learn it any more."""

    async def is_so() -> bool:
        return await porch.does("present", WHITE) == "Admitted"

    await eventually(is_so, 20, "the card, to open the door,")


async def test_a_second_tap_unlocks_a_door_and_an_emergency_is_asked_about(
    house: House, hass_admin_user: MockUser
) -> None:
    async with house.seen_by(hass_admin_user) as page:
        await page.until("one('.emergency')")
        await press(page, "Unlock Shed")
        assert house.is_(SHED, "locked")
        await press(page, "Tap again to unlock Shed")
        await house.becomes(SHED, "unlocked")
        by_him = "all('.door')[1].textContent.includes('Mock User')"
        await page.until(by_him)
        await page.until("all('.door .how')[1].textContent === 'Locked'")

        await house.porch.does("door", "open", "--door", "front")
        await page.until("one('.door .how').textContent === 'Forced open'")
        await house.porch.does("door", "close", "--door", "front")
        await page.until("one('.door .how').textContent === 'Locked'")

        await press(page, "More about Front")
        await page.until("one('dialog [type=submit]')")
        assert "outside" in await read(page, ".readers")
        await choose(page, "Mode", "Keep unlocked")
        await choose(page, "For how long", "15 minutes")
        await choose(page, "What the door asks for", "a card and a PIN")
        await press(page, "Save")
        await gone(page)
        await house.becomes(LOCK, "unlocked")
        await page.until("one('.door .mode')?.textContent.startsWith('Keep unlocked until')")
        told = {door["key"]: door for door in (await house.asks("get_doors"))["doors"]}
        assert told[FRONT]["verify"] == "card_and_pin"

        await press(page, "Lockdown")
        await page.until("one('.question')")
        await strike(page, "Escape")
        await page.until("!one('.question')")
        await press(page, "Lockdown")
        await page.run("all('.question button')[1].click()")
        await page.until("one('.alarm')?.textContent === 'Lockdown: nobody enters.'")
        await house.becomes(LOCK, "locked")
        await press(page, "Unlock Front")
        await press(page, "Tap again")
        assert "all the same" in await page.until("one('.question p')?.textContent")
        await page.run("all('.question button')[1].click()")
        await house.becomes(LOCK, "unlocked")
        await press(page, "End it")
        await page.run("all('.question button')[1].click()")
        await page.until("!one('.alarm')")

        await house.porch.stop()
        await page.until("one('.door .how').textContent.startsWith('Not reachable')")
        assert await page.run("one('.door .unlock').disabled")


async def test_who_is_no_administrator_sees_and_unlocks_doors_and_nothing_else(
    house: House, hass_read_only_user: MockUser
) -> None:
    hass_read_only_user.mock_policy({"entities": {"entity_ids": {SHED: True}}})
    async with house.seen_by(hass_read_only_user) as page:
        assert await page.run("all('.door .name').map((each) => each.textContent)") == ["Shed"]

    hass_read_only_user.mock_policy(
        {"entities": {"entity_ids": {SHED: True, LOCK: {"read": True}, "event.shed_access": True}}}
    )
    async with house.seen_by(hass_read_only_user) as page:
        assert await page.run("all('.door .name').map((each) => each.textContent)") == [
            "Front <b>door</b>",
            "Shed",
        ]
        assert await page.run("all('[role=tab], .emergency').length") == 0
        loaded = (
            "performance.getEntriesByType('resource').some(({ name }) => name.includes('/admin/'))"
        )
        assert not await page.run(loaded)

        await press(page, "Unlock Shed")
        await press(page, "Tap again")
        await house.becomes(SHED, "unlocked")
        await page.until("all('.door')[1].textContent.includes('Mock User')")

        await page.run(
            "window.addEventListener('hass-notification', ({ detail }) => told = detail)"
        )
        await press(page, "Unlock Front")
        await press(page, "Tap again")
        assert await page.until("window.told?.message") == "You may not unlock this door."
        assert house.is_(LOCK, "locked")


async def test_a_schedule_is_drawn_and_changed_and_kept_while_it_is_needed(
    house: House, hass_admin_user: MockUser
) -> None:
    async with house.seen_by(hass_admin_user) as page:
        await part(page, "Schedules")
        await press(page, "Add schedule")
        await type_into(page, "[name=name]", "Office <i>hours</i>")
        await drag(page, (0, 8 * 60), (4, 17 * 60))
        await drag(page, (5, 22 * 60), (5, 23 * 60))
        assert await page.run("all('.block').length") == 6
        await drag(page, (2, 17 * 60 - 4), (2, 18 * 60))
        edges = (
            "all('.window').map((each) => [...each.querySelectorAll('input')].map((i) => i.value))"
        )
        assert await page.run(edges) == [["08:00", "18:00"], ["22:00", "23:00"]]
        await page.run(
            "(() => { const end = all('.window')[1].querySelector('.end'); end.value = '02:00';"
            " end.dispatchEvent(new Event('change')); })()"
        )
        await page.until("all('.window')[1].textContent.includes('ends on the next day')")
        assert await page.run("all('.day')[6].querySelectorAll('.block').length") == 1
        await press(page, "Add days")
        await press(page, "Save")
        assert await said(page, "problem") == "Say the first day."
        await page.run(
            "(() => { const first = one('.special .first'); first.value = '2026-12-24';"
            " first.dispatchEvent(new Event('change')); })()"
        )
        await press(page, "Save")
        await page.until("!one('dialog') && one('.nouns .row')")
        [kept] = (await house.asks("get_schedules"))["schedules"]
        assert kept["name"] == "Office <i>hours</i>"
        assert kept["windows"] == [
            {
                "days": ["mon", "tue", "wed", "thu", "fri"],
                "start": "08:00:00",
                "end": "18:00:00",
            },
            {"days": ["sat"], "start": "22:00:00", "end": "02:00:00"},
        ]
        assert kept["special"] == [{"first": "2026-12-24", "last": "2026-12-24", "hours": []}]
        assert "Mon–Fri 08:00–18:00; Sat 22:00–02:00" in await read(page, ".nouns .row")

        await house.let_in("Carla", BLUE, schedule=kept["id"])
        await page.until("one('.nouns .row').textContent.includes('Used by Carla')")
        await click_on(page, ".nouns .row")
        await press(page, "Delete")
        await page.until("one('.question')")
        await page.run("all('.question button')[1].click()")
        assert await said(page, "problem") == "It is still in use. Take it from Carla first"
        await leave(page)

        await press(page, "Add holiday")
        await type_into(page, "[name=name]", "Christmas")
        await page.run(
            "(() => { const first = one('[name=first]'); first.value = '2026-12-25';"
            " first.dispatchEvent(new Event('input')); })()"
        )
        await check(page, "Each year")
        await press(page, "Save")
        await gone(page)
        await page.until("all('.nouns .row').length === 2")
        assert "each year, December 25" in await page.run("all('.nouns .row')[1].textContent")

        await press(page, "Add group")
        await type_into(page, "[name=name]", "Outside")
        await check(page, "Shed")
        await press(page, "Save")
        await gone(page)
        await page.until("all('.nouns .row').length === 3")
        assert "Shed" in await page.run("all('.nouns .row')[2].textContent")
        [group] = (await house.asks("get_door_groups"))["door_groups"]
        assert group["name"] == "Outside"


async def drag(page: Page, start: tuple[int, int], end: tuple[int, int]) -> None:
    """Drag over the week, from a minute of a day to another."""
    await page.run("one('.week').scrollIntoView({ block: 'center' })")
    points = []
    for day, minute in (start, end):
        box = await page.run(f"all('.day')[{day}].getBoundingClientRect().toJSON()")
        points.append((box["left"] + 12, box["top"] + box["height"] * minute / 1440))
    mouse = {"button": "left", "buttons": 1, "clickCount": 1}
    kinds = ["mousePressed", "mouseMoved", "mouseReleased"]
    for kind, (x, y) in zip(kinds, [points[0], points[1], points[1]], strict=True):
        await page.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, **mouse)


async def test_a_schedule_can_be_made_with_keys_alone(
    house: House, hass_admin_user: MockUser
) -> None:
    async with house.seen_by(hass_admin_user) as page:
        await page.until("one('.emergency')")
        await page.run("one('[role=tab][aria-selected=true]').focus()")
        await strike(page, "ArrowRight")
        await strike(page, "ArrowRight")
        await page.until("called('Add schedule')")
        await page.run("called('Add schedule').focus()")
        await strike(page, "Enter", "\r")
        await page.until("one('dialog[open]')")
        await reach(page, "Name")
        await page.send("Input.insertText", text="Weekend")
        await reach(page, "Add hours")
        await strike(page, "Enter", "\r")
        for day in ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"):
            await reach(page, day)
            await strike(page, " ", " ")
        await reach(page, "Name")
        await strike(page, "Enter", "\r")
        await page.until("!one('dialog[open]') && one('.nouns .row')")
        [kept] = (await house.asks("get_schedules"))["schedules"]
        assert (kept["name"], kept["windows"][0]["days"]) == ("Weekend", ["sat", "sun"])
        focus = "card('access').shadowRoot.activeElement.textContent.trim()"
        assert await page.run(focus) == "Add schedule"


async def reach(page: Page, words: str) -> None:
    """Go from one control to the next by Tab, until there is the one that is called so."""
    here = (
        "((each) => each?.ariaLabel ?? each?.labels?.[0]?.textContent.trim()"
        " ?? each?.textContent.trim())(card('access').shadowRoot.activeElement)"
    )
    for _ in range(60):
        if await page.run(here) == words:
            return
        await strike(page, "Tab")
    raise AssertionError(f"{words!r} is not reached by Tab")


async def test_the_log_goes_back_is_filtered_and_saved(
    house: House, hass_admin_user: MockUser
) -> None:
    await house.let_in("Anna", WHITE)
    assert await house.porch.does("present", WHITE) == "Admitted"
    assert await house.porch.does("present", STRANGER) == "Denied"
    await asyncio.gather(
        *(house.asks("unlock", door=SHED, person=f"Guest {number}") for number in range(60))
    )
    async with house.seen_by(hass_admin_user) as page:
        await part(page, "Log")
        await page.until("all('.passage').length >= 50")
        await page.run("all('.passage').at(-1).scrollIntoView()")
        await page.until("all('.passage').length === 62")
        assert await page.run("new Set(all('.passage').map((each) => each.textContent)).size") > 60

        await choose(page, "What", "Access denied")
        await page.until("all('.passage').length === 1")
        assert "Unknown card" in await read(page, ".passage")
        await choose(page, "What", "everything")
        await choose(page, "Person", "Anna")
        await page.until(
            "all('.passage').length === 1 && one('.passage .name').textContent === 'Anna'"
        )
        assert await house.porch.does("present", WHITE) == "Admitted"
        await page.until("all('.passage').length === 2")
        await house.asks("unlock", door=SHED, person="Somebody else")

        await page.run(
            "URL.createObjectURL = (file) => { window.file = file; return 'about:blank'; }"
        )
        await page.run("HTMLAnchorElement.prototype.click = function () { window.link = this; }")
        await press(page, "Save as CSV")
        lines = (await page.until("window.file && link.download && file.text()")).splitlines()
        assert len(lines) == 3
        assert all("Anna" in line for line in lines[1:])

        await choose(page, "Person", "everybody")
        await page.run(
            "(() => { const text = one('.filters input[type=search]'); text.value = 'guest 17';"
            " text.dispatchEvent(new Event('input')); })()"
        )
        await page.until("all('.passage').length === 1")
        assert await read(page, ".passage .name") == "Guest 17"


@pytest.mark.parametrize("screen", SCREENS, ids=["desk", "phone"])
async def test_all_of_it_fits_the_screen_and_can_be_read(
    house: House, hass_admin_user: MockUser, screen: tuple[int, int, str]
) -> None:
    week = {"days": ["mon", "sat"], "start": "22:00", "end": "06:00"}
    await house.asks("set_schedule", name="Nights", windows=[week])
    await house.let_in("Anna", WHITE, schedule="Nights")
    await house.porch.does("present", STRANGER)
    async with house.seen_by(hass_admin_user, screen) as page:
        await page.until("one('.emergency')")
        await fits(page)
        await press(page, "More about Front")
        await fits(page, "dialog")
        await leave(page)
        for name, opener in (("People", ".people .row"), ("Schedules", ".nouns .row")):
            await part(page, name)
            await page.until(f"one({opener!r})")
            await fits(page)
            await click_on(page, opener)
            await fits(page, "dialog")
            await leave(page)
        await part(page, "Log")
        await page.until("one('.passage')")
        await fits(page)


async def fits(page: Page, name: str = "gatehouse-access-card") -> None:
    """Check that nothing sticks out, that thumbs hit what they want, and that all can be read."""
    await page.until(f"one({name!r})")
    assert await page.run(f"one({name!r}).scrollWidth <= one({name!r}).clientWidth")
    small = "each.offsetHeight < 40 && each.checkVisibility()"
    assert await page.run(f"all('button', one({name!r})).filter((each) => {small}).length") == 0
    assert await faint(page) == []


async def test_the_models_make_of_what_is_told_what_is_shown(
    house: House, hass_admin_user: MockUser
) -> None:
    """The pure parts of the card, each by itself."""
    async with house.seen_by(hass_admin_user) as page:
        await page.until("one('.emergency')")
        modules = ["model.js", "admin/model.js", "admin/windows.js", "admin/passages.js"]
        await page.run(
            "Promise.all(" + str(modules) + ".map((each) => import("
            "performance.getEntriesByType('resource').find(({ name }) => "
            "name.endsWith(`access/${each}`)).name)))"
            ".then((all) => { window.pure = Object.assign({}, ...all); }) && null"
        )
        await page.until("window.pure")
        _check_feed(await page.run(_feed()))
        assert await page.run(WINDOWS) == WINDOWS_ARE
        assert await page.run(PEOPLE) == PEOPLE_ARE
        assert await page.run(PASSAGES) == PASSAGES_ARE


def _feed() -> str:
    """Return a script that hears all that can be told."""
    events = [
        *golden("access_subscribe")["events"],
        {"kind": "ring", "door": "9f2c41d07ab3/door/front"},
        {"kind": "site", "site": "lockdown", "unconfirmed": ["Porch"]},
        {"kind": "policy"},
    ]
    return (
        f"(() => {{ const events = {json.dumps(events)};"
        " const feed = events.reduce((feed, event) => pure.heard(feed, event), pure.SILENCE);"
        " const [door] = feed.doors;"
        " const opened = { ...door, state: { ...door.state, open: true } };"
        " const later = pure.heard(feed, { kind: 'door', door: opened });"
        " const news = { ...feed.passages[1], id: 'p3' };"
        " const failed = pure.heard(feed, { kind: 'failed', message: 'No disk.' });"
        " return { feed, open: later.doors[0].state.open, failed: [failed.state, failed.problem],"
        " news: pure.heard(feed, { kind: 'passage', passage: news }) }; })()"
    )


def _check_feed(told: dict[str, Any]) -> None:
    feed, news = told["feed"], told["news"]
    assert (feed["state"], feed["site"], feed["unconfirmed"]) == ("ready", "lockdown", ["Porch"])
    assert [door["name"] for door in feed["doors"]] == ["Front door", "Garage"]
    assert feed["ringing"] == "9f2c41d07ab3/door/front"
    assert told["open"]
    assert told["failed"] == ["failed", "No disk."]
    assert [each["id"] for each in news["passages"]] == ["p3", "p2", "p1"]
    assert news["ringing"] is None


WINDOWS = """
(() => {
    const office = [{ days: ["mon"], start: "08:00", end: "17:00" }];
    const night = [{ days: ["sun"], start: "22:00", end: "06:00" }];
    const all = [{ days: ["tue"], start: "00:00", end: "00:00" }];
    const places = (windows) => pure.blocksOf(windows).map(({ day, from, to }) => [day, from, to]);
    const name = (day) => day;
    return {
        blocks: [places(office), places(night), places(all)],
        joined: pure.drawn(office, { days: [1, 2], from: 480, to: 1020 }),
        added: pure.drawn(office, { days: [0], from: 1380, to: 1440 }).length,
        later: pure.resized(office, 0, "end", 1440)[0].end,
        empty: pure.resized(office, 0, "end", 480) === office,
        told: pure.daysTold(["sun", "mon", "wed", "tue", "fri"], name),
    };
})()
"""
WINDOWS_ARE = {
    "blocks": [[[0, 480, 1020]], [[6, 1320, 1440], [0, 0, 360]], [[1, 0, 1440]]],
    "joined": [{"days": ["mon", "tue", "wed"], "start": "08:00", "end": "17:00"}],
    "added": 2,
    "later": "00:00",
    "empty": True,
    "told": "mon–wed, fri, sun",
}

PEOPLE = """
(() => {
    const now = new Date("2026-11-20T12:00:00Z");
    const stands = (fields) => pure.standingOf({ active: true, uses: 0, ...fields }, now);
    const user = { name: "Ann", active: true, note: "", valid_from: null,
        valid_until: "2026-12-01T11:30:00+00:00", permissions: [] };
    const draft = pure.personDraft(user, "Europe/Berlin");
    return {
        stands: [
            stands({}), stands({ active: false }), stands({ valid_from: "2026-12-01" }),
            stands({ valid_until: "2026-11-20T12:00:00Z" }), stands({ max_uses: 2, uses: 2 }),
        ],
        until: draft.valid_until,
        nothing: pure.changesOf(draft, draft),
        ended: pure.changesOf({ ...draft, valid_until: "" }, draft),
        uses: [{ max_uses: "3" }, { max_uses: null }, {}].map(pure.withNumbers),
        needed: pure.usersOf(
            [{ name: "Ann", permissions: [{ doors: [], door_groups: ["f1"], schedule: "d1" }] },
             { name: "Bob", permissions: [] }], { group: "f1" }),
    };
})()
"""
PEOPLE_ARE = {
    "stands": ["valid", "disabled", "not_yet", "over", "used_up"],
    "until": "2026-12-01T12:30",
    "nothing": {},
    "ended": {"valid_until": None},
    "uses": [{"max_uses": 3}, {"max_uses": None}, {}],
    "needed": ["Ann"],
}

PASSAGES = """
(() => {
    const passage = { door: "d", user_id: "a1", kind: "granted", incident_id: "i1",
        occurred_at: "2026-11-20T23:30:00+00:00" };
    const asked = { door: "", user: "", kind: "", day: "" };
    const fits = (filter) => pure.isAsked(passage, { ...asked, ...filter }, "Europe/Berlin");
    return {
        wishes: [
            pure.wishOf(asked),
            pure.wishOf({ door: "d", user: "a1", kind: "denied", day: "2026-11-20" }),
        ],
        fits: [{}, { day: "2026-11-21" }, { day: "2026-11-20" }, { kind: "denied" }].map(fits),
        span: pure.spanOf([passage, { ...passage, incident_id: null }]),
        none: pure.spanOf([]),
        latency: [[null], [0.412, "de"], [41.6, "en"]].map((each) => pure.latencyOf(...each)),
    };
})()
"""
PASSAGES_ARE = {
    "wishes": [
        {},
        {
            "doors": ["d"],
            "users": ["a1"],
            "kinds": ["denied"],
            "since": "2026-11-20T00:00:00",
            "until": "2026-11-20T23:59:59.999999",
        },
    ],
    "fits": [True, True, False, False],
    "span": {"since": "2026-11-20T23:20:00.000Z", "until": "2026-11-20T23:40:00.000Z"},
    "none": None,
    "latency": [None, "0,4 ms", "42 ms"],
}
