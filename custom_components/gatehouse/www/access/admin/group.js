/** Doors that are given to people together. */

import { html, nothing } from "../../lit.js";
import { Form, checkBox } from "./form.js";
import { deleteGroup, saveGroup } from "./gatehouse.js";
import { changesOf, doorName, usersOf, withOrWithout } from "./model.js";

export class GroupForm extends Form {
  #group;
  #register;

  /** Without a group, it is a new one. */
  constructor(card, register, group = null) {
    super(card, { name: group?.name ?? "", doors: group?.doors ?? [] });
    this.#group = group;
    this.#register = register;
  }

  title() {
    return this.#group?.name ?? this.word("new_group");
  }

  body() {
    const { doors } = this.draft;
    const needed = this.#group ? usersOf(this.#register.users, { group: this.#group.id }) : [];
    return html`
      ${this.text("name", this.word("name_of"))}
      <fieldset>
        <legend>${this.word("doors")}</legend>
        ${doorBoxes(this.card, doors, (changed) => this.set({ doors: changed }))}
      </fieldset>
      ${needed.length ? html`<p class="about">${this.word("used_by", { names: needed.join(", ") })}</p>` : nothing}`;
  }

  keep() {
    const asked = this.#group ? { door_group_id: this.#group.id } : {};
    return saveGroup(this.card.hass, { ...asked, ...changesOf(this.draft, this.#group) });
  }

  leaving() {
    if (!this.#group) return null;
    const { id, name } = this.#group;
    return {
      ...{ title: this.word("delete_which", { name }), text: this.word("group_leaves") },
      forget: () => deleteGroup(this.card.hass, id),
    };
  }
}

/** A box for each door, also for those that are gone. */
export function doorBoxes(card, chosen, change) {
  const { doors } = card.feed;
  const keys = [...new Set([...doors.map((door) => door.key), ...chosen])];
  return keys.map((key) =>
    checkBox(doorName(doors, key), chosen.includes(key), (wanted) => change(withOrWithout(chosen, key, wanted))),
  );
}
