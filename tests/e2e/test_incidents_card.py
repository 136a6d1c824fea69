"""What happened, looked at in a real dashboard: found, opened, reviewed, and told what it was."""

from dataclasses import replace
from datetime import timedelta
from json import dumps
from typing import Any

from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockUser

from custom_components.gatehouse.incidents import NewsKind
from tests.e2e.browser import Browser, Page
from tests.e2e.dashboards import (
    DESK_AT_NIGHT,
    IN_PAGE,
    PHONE,
    click_on,
    faint,
    golden,
    press,
    read,
    strike,
    type_into,
)
from tests.e2e.happening import SCRIPT, House, house, porch

__all__ = ["house", "porch"]

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

PLACES = "all('.place').map((each) => each.textContent)"

EARLY = (IN_PAGE / "early.js").read_text()


class Js(str):
    """What a script says as it is."""


async def test_somebody_opens_reviews_keeps_and_describes_what_happened(
    house: House, browser: Browser, hass_admin_user: MockUser
) -> None:
    async def known() -> Any:
        return await house.site.runtime_data.archive.get("a1")

    async with house.seeing(browser, hass_admin_user) as page:
        for told in ("Front door", "Two people rang the bell.", "medium", "new"):
            assert told in await read(page, ".incident")
        await page.until("one('.thumbnail img').naturalWidth > 0")

        await click_on(page, ".incident")
        await page.until("one('dialog video')?.readyState > 0")
        await page.run("one('dialog video').play()")
        await page.until("one('dialog video').currentTime > 0.3")
        assert "the card has expired" in await read(page, ".passages")

        await press(page, "Mark as reviewed")
        await page.until("called('Reviewed')?.ariaPressed === 'true'")
        await press(page, "Keep")
        await page.until("called('Kept')?.ariaPressed === 'true'")
        await press(page, "Add a note")
        await page.until("one('textarea')")
        await type_into(page, "textarea", SCRIPT)
        await press(page, "Save")
        await page.until(f"one('div.note p')?.textContent === {SCRIPT!r}")
        now = await known()
        assert (now.reviewed is not None, now.kept, now.note) == (True, True, SCRIPT)
        assert await page.run("one('dialog video').currentTime > 0.3")

        await press(page, "Not a person")
        await page.until("one('.question')")
        await page.run("all('.question button').at(-1).click()")
        await page.until("called('It was somebody')")
        assert "person" in await read(page, ".remarks > .about")
        assert (await known()).false_alarm
        assert await page.run("all('.incident').length") == 0
        await press(page, "It was somebody")
        await page.until("called('Not a person')")
        assert not (await known()).false_alarm
        assert not house.site.runtime_data.zones.of(house.incident.cameras[0]).ignored

        await strike(page, "Escape")
        await page.until("!one('dialog')")
        await page.until("card('incidents').shadowRoot.activeElement?.dataset.id === 'a1'")
        assert await page.run("window.hacked") is None


# How far the first box of a picture is from where it belongs, in shares of the picture.
ASTRAY = """(() => {
    const [picture, box] = [one(".still img"), all(".boxes li").at(-1)]
        .map((each) => each.getBoundingClientRect());
    const shape = one(".still img").naturalWidth / one(".still img").naturalHeight;
    return Math.max(
        Math.abs(picture.width / picture.height - shape),
        Math.abs((box.left - picture.left) / picture.width - 0.375),
        Math.abs((box.right - picture.left) / picture.width - 0.5625),
        Math.abs((box.top - picture.top) / picture.height - 0.25),
        Math.abs((box.bottom - picture.top) / picture.height - 0.89),
    );
})()"""
IS_BOXED = "one('.still.seen') && getComputedStyle(one('.boxes')).visibility === 'visible'"


async def test_boxes_are_where_somebody_was_and_go_when_they_are_in_the_way(
    house: House, browser: Browser, hass_admin_user: MockUser
) -> None:
    async with house.seeing(browser, hass_admin_user) as page:
        await click_on(page, ".incident")
        await page.until("one('dialog video')?.readyState > 0")
        assert "/picture/" in await page.run("one('dialog video').poster")
        await press(page, "Picture")
        await page.until(IS_BOXED)
        assert "/frame/a1/1?" in await page.run("one('.still img').src")
        assert await page.run("all('.boxes li').map((each) => each.textContent)") == [
            f"{SCRIPT} 40%",
            "person 91%",
        ]
        await page.until(f"{ASTRAY} < 0.005")

        await page.run("called('Boxes').focus()")
        await strike(page, "Enter", "\r")
        await page.until("called('Boxes').ariaPressed === 'false' && !one('.boxes')")
        await strike(page, "Escape")
        await click_on(page, ".incident")
        await page.until("one('dialog video')?.readyState > 0")
        assert "/frame/a1/1?" in await page.run("one('dialog video').poster")
        await press(page, "Picture 1")
        await page.until("one('.still.seen')")
        assert not await page.run("called('Boxes')")
        await press(page, "Picture")
        await press(page, "Boxes")
        await page.until(IS_BOXED)

        going_on = replace(house.incident, frames=())
        await house.tell(NewsKind.UPDATED, going_on)
        await page.until("one('.still img').src.includes('/picture/') && !called('Boxes')")
        assert await page.run("window.hacked") is None


async def test_what_is_looked_for_is_found_also_among_the_news(
    house: House, browser: Browser, hass_admin_user: MockUser
) -> None:
    await house.past(6)
    async with house.seeing(browser, hass_admin_user) as page:
        assert len(await page.run(PLACES)) == 7
        await press(page, "Look for")
        await type_into(page, "input[type=search]", "gard")
        await page.run("one('input[type=search]').dispatchEvent(new Event('change'))")
        await page.until(f"{PLACES}.join() === 'Garden,Garden'")
        await press(page, "Show")

        now = replace(house.incident, started=dt_util.utcnow(), last_seen=dt_util.utcnow())
        news = [replace(now, id="b2", place="Gate"), replace(now, id="c3", place="Gárden shed")]
        await house.tell(NewsKind.CONFIRMED, *news)
        await page.until(f"{PLACES}.length === 3")
        assert await page.run(f"{PLACES}[0]") == "Gárden shed"

        await press(page, "No longer look for: “gard”")
        await page.until(f"{PLACES}.length === 9")
        await press(page, "Look for")
        await page.until("all('dialog select')[0].options.length === 2")
        choose = "(number, value) => {{ const select = all('dialog select')[number];"
        choose += "select.value = value; select.dispatchEvent(new Event('change')); }}"
        await page.run(f"window.choose = {choose.replace('{{', '{').replace('}}', '}')}")
        await page.run("choose(2, 'critical')")
        await page.until(f"{PLACES}.length === 1")
        await press(page, "Everything")
        await page.until(f"{PLACES}.length === 9")
        await click_on(page, "dialog [type=checkbox]")
        await page.until("one('.status')?.textContent === 'Nothing like that has happened.'")


async def test_hundreds_of_incidents_are_scrolled_page_by_page(
    house: House, browser: Browser, hass_admin_user: MockUser
) -> None:
    await house.past(500)
    async with house.seeing(browser, hass_admin_user) as page:
        rows = "all('.incident').length"
        assert await page.run(rows) < 200
        print("until a new card shows what happened, ms:", await page.run(SHOWN))
        await page.run(
            "window.down = () => { const body = one('.body');"
            " body.scrollTo(0, body.scrollHeight); return all('.incident').length; }"
        )
        await page.until("down() === 501")
        assert (
            await page.run("new Set(all('.incident').map((each) => each.dataset.id)).size") == 501
        )
        assert not await page.run("one('.more')")
        frames = await page.run(SCROLLED)
        print("frames while scrolling through 500 incidents, ms:", frames)

        at = await page.run("one('.body').scrollTop")
        below = "(() => { const box = one('.body').getBoundingClientRect();"
        below += " return all('.incident').find((each) =>"
        below += " each.getBoundingClientRect().top >= box.top).dataset.id; })()"
        seen = await page.run(below)
        later = replace(house.incident, id="e5", started=dt_util.utcnow(), place="Gate")
        await house.tell(NewsKind.CONFIRMED, later)
        await page.until("all('.incident')[0].dataset.id === 'e5'")
        assert at > 0
        assert await page.run(below) == seen


SHOWN = """
(async () => {
    const fresh = document.createElement("gatehouse-incidents-card");
    performance.mark("made");
    fresh.setConfig({});
    fresh.hass = document.querySelector("home-assistant").hass;
    document.body.append(fresh);
    while (!fresh.shadowRoot.querySelector(".incident")) await new Promise(requestAnimationFrame);
    const { duration } = performance.measure("shown", "made");
    fresh.remove();
    return duration;
})()
"""
SCROLLED = """
(async () => {
    const body = one(".body");
    body.scrollTo(0, 0);
    const took = [];
    let before = performance.now();
    for (let at = 0; at < 60; at += 1) {
        body.scrollTo(0, at * body.scrollHeight / 100);
        await new Promise(requestAnimationFrame);
        took.push(performance.now() - before);
        before = performance.now();
    }
    took.sort((one, other) => one - other);
    return { median: took[30], longest: took.at(-1) };
})()
"""


async def test_the_keyboard_and_a_finger_go_from_one_incident_to_the_next(
    house: House, browser: Browser, hass_admin_user: MockUser
) -> None:
    await house.past(3)
    async with house.seeing(browser, hass_admin_user, screen=PHONE) as page:
        focused = "card('incidents').shadowRoot.activeElement"
        await page.run("one('.incident').focus()")
        await strike(page, "ArrowDown")
        await page.until(f"{focused} === all('.incident')[1]")
        await strike(page, "End")
        await strike(page, "ArrowUp")
        await page.until(f"{focused} === all('.incident')[2]")

        await strike(page, "Enter", "\r")
        place = "one('dialog h2')?.textContent"
        await page.until(f"{place} === all('.place')[2].textContent")
        await strike(page, "ArrowRight")
        await page.until(f"{place} === all('.place')[3].textContent")
        await strike(page, "ArrowRight")
        await swipe(page, across=150)
        await page.until(f"{place} === all('.place')[2].textContent")
        await swipe(page, across=30)
        await press(page, "Newer incident")
        await page.until(f"{place} === all('.place')[1].textContent")
        await strike(page, "Escape")
        await page.until(f"!one('dialog') && {focused} === all('.incident')[1]")


async def swipe(page: Page, across: int) -> None:
    """Move a finger over what is told of an incident."""
    box = await page.run("one('.facts').getBoundingClientRect().toJSON()")
    start = {"x": box["left"] + 100, "y": box["top"] + 10}
    touched = [
        ("touchStart", [start]),
        ("touchMove", [start | {"x": start["x"] + across}]),
        ("touchEnd", []),
    ]
    for kind, points in touched:
        await page.send("Input.dispatchTouchEvent", type=kind, touchPoints=points)


async def test_who_looks_hears_news_over_a_lost_connection(
    house: House, browser: Browser, hass_read_only_user: MockUser
) -> None:
    async with house.seeing(browser, hass_read_only_user) as page:
        await click_on(page, ".incident")
        await page.until("one('dialog video')?.readyState > 0")
        changed = replace(house.incident, assessment=None, place=SCRIPT)
        await house.tell(NewsKind.UPDATED, changed)
        await page.until(f"one('dialog h2').textContent === {SCRIPT!r}")
        await strike(page, "Escape")

        another = replace(changed, id="b2", started=dt_util.utcnow(), place="Drive", picture=None)
        await house.tell(NewsKind.CONFIRMED, another)
        await page.until(f"{PLACES}[0] === 'Drive'")
        assert await page.run(f"{PLACES}[1]") == SCRIPT

        # The connection is lost, and something happens meanwhile.
        await page.run("document.querySelector('home-assistant').hass.connection.socket.close()")
        later = replace(another, id="c3", started=dt_util.utcnow() + timedelta(seconds=1))
        await house.tell(NewsKind.CONFIRMED, replace(later, place="Gate"))
        await page.until(f"{PLACES}[0] === 'Gate'")
        assert await page.run("window.hacked") is None


async def test_a_card_that_came_before_gatehouse_asks_again_and_is_defined_once(
    house: House, browser: Browser, hass_admin_user: MockUser
) -> None:
    async with house.seeing(browser, hass_admin_user) as page:
        assert await page.run(EARLY) == {
            "asked": [1, 1, 2],
            "told": "The incidents cannot be shown: Unknown command.",
            "form": ["title", "view", "camera"],
            "refused": "view is timeline or gallery.",
            "offered": 1,
            "suggested": "camera.front_door",
        }


@pytest.mark.parametrize(
    "screen",
    [DESK_AT_NIGHT, PHONE],
    ids=["desk at night", "phone"],
)
async def test_all_can_be_read_and_reached_on_every_screen(
    house: House, browser: Browser, hass_admin_user: MockUser, screen: tuple[int, int, str]
) -> None:
    fits = "(() => { const box = one('dialog').getBoundingClientRect();"
    fits += f" return box.left >= 0 && box.right <= {screen[0]} && box.height <= {screen[1]}"
    fits += " && one('dialog').scrollWidth <= one('dialog').clientWidth; })()"
    async with house.seeing(browser, hass_admin_user, screen=screen) as page:
        assert await page.run("card('incidents').scrollWidth <= card('incidents').clientWidth")
        assert await faint(page) == []
        await press(page, "Look for")
        await page.until("one('dialog select')")
        assert await page.run(fits)
        assert await faint(page) == []
        await press(page, "Show")
        await click_on(page, ".incident")
        await press(page, "Picture")
        await page.until(IS_BOXED)
        await page.until(f"{ASTRAY} < 0.01")
        assert await faint(page) == []
        await press(page, f"{house.incident.place}, 8 s")
        await press(page, "Share")
        await page.until("one('.links h3')")
        await press(page, "Add a note")
        await page.until("one('textarea')")
        assert await page.run(fits)
        assert await page.run("all('dialog button').every((each) => each.offsetHeight >= 40)")
        assert await faint(page) == []


async def test_yesterday_is_the_day_before_also_where_it_had_other_hours(
    house: House, browser: Browser, hass_admin_user: MockUser
) -> None:
    async with house.seeing(browser, hass_admin_user) as page:
        told = await page.run(
            "(async () => { const at = performance.getEntriesByType('resource').find((each) =>"
            " each.name.endsWith('/language.js')).name;"
            " const { timesOf } = await import(at); const { day } = timesOf({"
            " locale: { language: 'en', time_zone: 'server' },"
            " config: { time_zone: 'Europe/Berlin' } });"
            " const now = new Date('2026-03-30T00:30+02:00');"
            " return ['2026-03-30T00:10+02:00', '2026-03-29T20:00+02:00',"
            " '2026-03-28T20:00+01:00'].map((each) => day(new Date(each), now)); })()"
        )

    assert told == ["Today", "Yesterday", "Saturday, March 28, 2026"]


async def test_the_model_makes_of_what_is_told_what_is_shown(
    house: House, browser: Browser, hass_admin_user: MockUser
) -> None:
    """The pure parts of the card, each by itself."""
    got = golden("incidents_get")["answer"]["result"]
    page_told = golden("incidents_subscribe")["events"][0]
    [first] = page_told["incidents"]
    async with house.seeing(browser, hass_admin_user) as page:
        await page.run(
            "(async () => { const at = performance.getEntriesByType('resource').find((each) =>"
            " each.name.endsWith('incidents/model.js')).name;"
            " window.model = { ...await import(at),"
            " ...await import(at.replace('model.js', 'opened/details.js')) }; })()"
        )

        async def of(function: str, *given: Any) -> Any:
            told = ", ".join(value if isinstance(value, Js) else dumps(value) for value in given)
            return await page.run(f"model.{function}({told})")

        everything = await page.run("model.ALL")
        for looked, asked in (
            ({}, {"false_alarm": False}),
            ({"alarms": "with", "text": " a "}, {"text": "a"}),
            ({"alarms": "only", "kept": True}, {"false_alarm": True, "kept": True}),
            (
                {"alarms": "with", "where": "g:x/y", "level": "high"},
                {"group": "x/y", "level": "high"},
            ),
            (
                {"alarms": "with", "where": "c:x/y", "reviewed": "no"},
                {"cameras": ["x/y"], "reviewed": False},
            ),
            (
                {"alarms": "with", "day": "2026-02-28"},
                {"since": "2026-02-28T00:00:00", "until": "2026-03-01T00:00:00"},
            ),
        ):
            assert await of("questionOf", everything | looked) == asked | {"limit": 40}

        for looked, is_one in (
            ({}, True),
            ({"text": "ANN fro"}, True),
            ({"text": "nn"}, False),
            ({"where": f"g:{first['group']}", "label": "person", "level": "medium"}, True),
            ({"where": "c:camera.front_door", "reviewed": "no"}, True),
            ({"where": "c:gone"}, False),
            ({"label": "dog"}, False),
            ({"level": "high"}, False),
            ({"reviewed": "yes"}, False),
            ({"alarms": "only"}, False),
            ({"kept": True}, False),
            ({"day": "2026-11-20"}, True),
            ({"day": "2026-11-19"}, False),
        ):
            assert await of("matches", first, everything | looked, "Europe/Paris") is is_one

        always, never = Js("() => true"), Js("() => false")

        def told(kind: str, **changes: Any) -> dict[str, Any]:
            return {"kind": kind, "incident": first | changes}

        feed = await of("heard", {"incidents": []}, page_told, always)
        assert (feed["state"], feed["next"]) == ("ready", "a1")
        feed = await of("heard", feed, told("confirmed", id="c3", started="2027-01-01"), always)
        feed = await of("heard", feed, told("updated", id="old", started="2020-01-01"), always)
        assert [each["id"] for each in feed["incidents"]] == ["c3", "a1"]
        assert await of("besideOf", feed, "a1") == {"newer": "c3", "older": None}
        fewer = await of("heard", feed, told("updated"), never)
        assert [each["id"] for each in fewer["incidents"]] == ["c3"]
        older = {"incidents": [first, first | {"id": "b2", "started": "2020-01-01"}], "next": None}
        whole = await of("continued", feed, older)
        assert [each["id"] for each in whole["incidents"]] == ["c3", "a1", "b2"]
        again = await of("heard", whole, page_told, always)
        assert [each["id"] for each in again["incidents"]] == ["a1", "b2"]
        assert again["next"] is None
        failed = await of("heard", feed, {"kind": "failed", "message": "No disk."}, always)
        assert (failed["state"], failed["problem"]) == ("failed", "No disk.")

        details = await of("detailsOf", got)
        assert [(clip["id"], clip["camera"]) for clip in details["clips"]] == [
            ("f1", "camera.front_door"),
            ("f2", "camera.front_door"),
        ]
        shown = await of("shownOf", details)
        assert [each["kind"] for each in shown] == ["clip", "picture", "frame"]
        assert [shown[0]["plain"], shown[2]["url"]] == got["frame_urls"]
        old = await of("shownOf", await of("detailsOf", got | {"frame_detections": [[], []]}))
        assert [each["url"] for each in old[1:]] == [got["picture_url"], *got["frame_urls"]]
        newer = await of("detailsOf", got | {"footage": [got["footage"][1] | {"url": "/new"}]})
        steady = await of("renewed", newer, details)
        assert steady["clips"][0]["url"] == details["clips"][0]["url"]
        assert await of("whyNoClip", details) is None
        for stages, ongoing, why in (
            ([], False, "missing"),
            ([], True, "coming"),
            (["failed", "recording"], False, "coming"),
            (["failed", "expired"], False, "lost"),
            (["expired"], False, "expired"),
        ):
            clips = [{"stage": stage, "url": None} for stage in stages]
            assert await of("whyNoClip", {"clips": clips, "ongoing": ongoing}) == why

        typed = {"amount": "2", "unit": "days", "uses": "", "note": " For Ann "}
        wish = {"footage_id": "f1", "lifetime": {"days": 2}, "note": "For Ann"}
        assert await of("wishOf", "f1", typed) == wish
        assert await of("wishOf", "f1", typed | {"uses": "3"}) == wish | {"uses": 3}

        shares = golden("share_list")["answer"]["result"]["shares"]
        links = await of("linksOf", shares, "f1", "https://house.example:8123")
        assert links["own"][0]["address"] == "https://house.example:8123/gatehouse/share/TOKEN"
        assert (await of("linksOf", shares, "f2", "https://house.example"))["own"] == []
