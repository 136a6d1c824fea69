/** The dashboard card `custom:gatehouse-bookings-card`: which hours are recorded, and what came of them. */

import { GatehouseCard, offer } from "../card.js";
import { wordsHere } from "../language.js";
import { html } from "../lit.js";
import { dateAfter, dateIn } from "./clock.js";
import { subscribeBookings } from "./gatehouse.js";
import { DAYS_BACK, MOST_DAYS, SILENCE, calendarsOf, heard, hourOf, questionOf } from "./model.js";
import { STYLE } from "./style.js";
import { agenda, head } from "./view.js";
import { WORDS } from "./words.js";

const TAG = "gatehouse-bookings-card";

/** Days ahead that are shown, unless somebody says otherwise, and the most that can be said. */
const WEEK = 7;
const LONGEST = 60;

/** What opens over the card is fetched beside it: nobody waits for that to see what is booked. */
const opening = Promise.all([import("./hour.js"), import("./form.js")]);

class BookingsCard extends GatehouseCard {
  static words = WORDS;
  static style = STYLE;

  #feed = SILENCE;
  #isMine = false;
  #isPastShown = false;
  #more = 0;
  #today = "";

  static getStubConfig() {
    return {};
  }

  static getConfigForm() {
    const words = wordsHere(WORDS);
    const ours = { integration: "gatehouse", domain: "calendar" };
    return {
      schema: [
        { name: "title", selector: { text: {} } },
        { name: "calendar", selector: { entity: { filter: ours } } },
        { name: "days", selector: { number: { min: 1, max: LONGEST, mode: "box" } } },
        { name: "mine", selector: { boolean: {} } },
      ],
      computeLabel: ({ name }) => words(name),
    };
  }

  checked(config) {
    const { days = WEEK } = config;
    if (!Number.isInteger(days) || days < 1 || days > LONGEST) {
      throw new Error(wordsHere(WORDS)("days_refused", { most: LONGEST }));
    }
    this.#feed = SILENCE;
    this.#isMine = Boolean(config.mine);
    return { ...config, days };
  }

  getCardSize() {
    return 6;
  }

  getGridOptions() {
    return { columns: 12, rows: 8, min_columns: 6, min_rows: 3 };
  }

  feeds() {
    return { bookings: (hass, hear) => this.#subscribe(hass, hear) };
  }

  heard(_feed, event) {
    this.#feed = heard(this.#feed, event);
  }

  refused(_feed, problem) {
    this.#feed = { ...this.#feed, state: "failed", problem };
  }

  entities() {
    return calendarsOf(this.hass).map(({ entity }) => entity);
  }

  template() {
    const hours = this.#feed.bookings.map(hourOf);
    return html`
      ${head(this, { isMine: this.#isMine, onmine: () => this.#turn(), onbook: () => this.book() })}
      ${agenda(this, {
        ...{ feed: this.#feed, hours, dateOf: (moment) => dateIn(this.#zone, moment) },
        ...{ isPastShown: this.#isPastShown, onpast: () => this.#look() },
        ...{ onlater: this.#isAll ? null : () => this.#lookOn(), onopen: (id) => this.open(id) },
      })}`;
  }

  drawn() {
    // The days that are shown move on with the day.
    if (this.#today && this.#today !== dateIn(this.#house, new Date())) this.listenAnew("bookings");
  }

  /** Return an hour as it is now, undefined if nobody books it any more. */
  hour(id) {
    const told = this.told(id);
    return told && hourOf(told);
  }

  /** Return what Gatehouse tells of an hour. */
  told(id) {
    return this.#feed.bookings.find((booking) => booking.id === id);
  }

  /** Open an hour. */
  open(id) {
    return this.attempt(async () => {
      const [{ HourDetail }] = await opening;
      this.sheet.open(new HourDetail(this, id));
    });
  }

  /** Let somebody book, or change a booking that is told. */
  book(booking = null) {
    return this.attempt(async () => {
      const [, { BookingForm }] = await opening;
      this.sheet.open(new BookingForm(this, booking));
    });
  }

  /** Show the bookings as they are now, as far as a day: news come only by and by. */
  renew(date = "") {
    while (date >= dateAfter(this.#today, this.#after) && !this.#isAll) this.#more += WEEK;
    this.listenAnew("bookings");
    this.changed();
  }

  get #house() {
    return this.hass.config.time_zone;
  }

  /** The zone by which days are shown: that in which times are. */
  get #zone() {
    return this.hass.locale?.time_zone === "server" ? this.#house : undefined;
  }

  get #after() {
    return this.config.days + this.#more;
  }

  get #isAll() {
    return DAYS_BACK + this.#after + WEEK > MOST_DAYS;
  }

  #subscribe(hass, hear) {
    this.#today = dateIn(this.#house, new Date());
    const asked = questionOf({
      ...{ today: this.#today, before: this.#isPastShown ? DAYS_BACK : 0, after: this.#after },
      ...{ calendar: this.config.calendar, owner: this.#isMine ? hass.user.id : null },
    });
    return subscribeBookings(hass, asked, hear);
  }

  #turn() {
    this.#isMine = !this.#isMine;
    this.renew();
  }

  #look() {
    this.#isPastShown = !this.#isPastShown;
    this.renew();
  }

  #lookOn() {
    this.#more += 2 * WEEK;
    this.renew();
  }
}

const words = wordsHere(WORDS);
offer(TAG, BookingsCard, {
  ...{ name: words("name"), description: words("description"), documentation: "bookings.md" },
  suggest: (hass, entity) =>
    entity.startsWith("calendar.") && hass.entities[entity]?.platform === "gatehouse"
      ? { config: { type: `custom:${TAG}`, calendar: entity } }
      : null,
});
