/** Who may enter, where and when, as Gatehouse keeps it: read at once, and again after each change. */

import { sentenceOf } from "../../language.js";
import { listGroups, listHolidays, listSchedules, listUsers } from "./gatehouse.js";

export class Register {
  users = [];
  schedules = [];
  holidays = [];
  groups = [];
  ready = false;
  problem = null;

  #card;
  #turn = 0;

  constructor(card) {
    this.#card = card;
  }

  /** Read all of it; the newest reading counts. */
  async refresh() {
    const { hass } = this.#card;
    const turn = ++this.#turn;
    try {
      const reading = [listUsers, listSchedules, listHolidays, listGroups].map((list) => list(hass));
      const [users, schedules, holidays, groups] = await Promise.all(reading);
      if (turn === this.#turn) Object.assign(this, { users, schedules, holidays, groups, ready: true, problem: null });
    } catch (error) {
      this.problem = await sentenceOf(hass, error);
    }
    this.#card.changed();
  }

  user(id) {
    return this.users.find((user) => user.id === id);
  }
}
