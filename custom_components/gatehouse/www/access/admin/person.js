/** Somebody: their name, what they may open when, and what they show at doors. */

import { html, nothing } from "../../lit.js";
import { button, choice, field } from "../../parts.js";
import { Credentials } from "./credentials.js";
import { Form, checkBox, doneTold } from "./form.js";
import { deleteUser, saveUser } from "./gatehouse.js";
import { doorBoxes } from "./group.js";
import { changesOf, personDraft, withOrWithout } from "./model.js";
import { changed, without } from "./windows.js";

export class PersonForm extends Form {
  #id;
  #before;
  #register;
  #credentials;

  /** Without an id, it is somebody new. */
  constructor(card, register, id = null) {
    super(card, null);
    this.#register = register;
    this.#be(id ? register.user(id) : null);
  }

  title() {
    return this.#user?.name ?? this.word("new_person");
  }

  closed() {
    this.#credentials?.closed();
  }

  body() {
    const { permissions } = this.draft;
    return html`
      ${this.text("name", this.word("name_of_person"))}
      ${this.check("active", this.word("may_enter"))}
      ${permissions.map((each, index) => this.#permission(each, index))}
      <div class="actions">
        ${button({ label: this.word("add_permission"), icon: "mdi:plus", onclick: () => this.#add() })}
      </div>
      <div class="pair">
        ${this.text("valid_from", this.word("valid_from"), { type: "datetime-local" })}
        ${this.text("valid_until", this.word("valid_until"), { type: "datetime-local" })}
      </div>
      <small>${this.word("house_time")}</small>
      ${this.text("note", this.word("note"))}`;
  }

  beside() {
    return this.#credentials?.template() ?? html`<p class="part about">${this.word("cards_later")}</p>`;
  }

  keep() {
    const asked = this.#id ? { user_id: this.#id } : {};
    const before = this.#before ?? { valid_from: "", valid_until: "" };
    return saveUser(this.card.hass, { ...asked, ...changesOf(this.draft, before) });
  }

  kept(answer) {
    this.card.say(doneTold(this.card, answer));
    this.#be(answer.user);
  }

  leaving() {
    if (!this.#id) return null;
    const { name } = this.#user ?? this.draft;
    return {
      ...{ title: this.word("delete_which", { name }), text: this.word("person_leaves", { name }) },
      forget: () => deleteUser(this.card.hass, this.#id),
    };
  }

  get #user() {
    return this.#id ? this.#register.user(this.#id) : null;
  }

  #be(user) {
    this.draft = personDraft(user, this.card.hass.config.time_zone);
    if (!user) return;
    this.#id = user.id;
    this.#before = this.draft;
    this.#credentials ??= new Credentials(this.card, this.#register, user.id);
  }

  #permission({ doors, door_groups: groups, schedule }, index) {
    const all = this.draft.permissions;
    const change = (fields) => this.set({ permissions: changed(all, index, fields) });
    const { groups: known, schedules } = this.#register;
    const when = [["", this.word("at_all_times")], ...schedules.map(({ id, name }) => [id, name])];
    const box = ({ id, name }) =>
      checkBox(name, groups.includes(id), (wanted) => change({ door_groups: withOrWithout(groups, id, wanted) }));
    return html`<fieldset class="permission">
      <legend>${this.word("opens")}</legend>
      ${doorBoxes(this.card, doors, (chosen) => change({ doors: chosen }))}
      ${known.map(box)}
      ${field(this.word("when"), choice(when, schedule ?? "", (chosen) => change({ schedule: chosen || null })))}
      ${all.length > 1
        ? button({
            ...{ label: this.word("remove_permission"), icon: "mdi:delete-outline" },
            onclick: () => this.set({ permissions: without(all, index) }),
          })
        : nothing}
    </fieldset>`;
  }

  #add() {
    const permissions = [...this.draft.permissions, { doors: [], door_groups: [], schedule: null }];
    this.set({ permissions });
  }
}
