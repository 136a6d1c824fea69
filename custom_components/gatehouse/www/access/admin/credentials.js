/** What somebody shows at doors: their cards and their PIN, and how they come by another. */

import { html, nothing, repeat } from "../../lit.js";
import { button, choice, field, icon, mark } from "../../parts.js";
import { Form, doneTold } from "./form.js";
import { deleteCredential, saveCredential } from "./gatehouse.js";
import { Lesson } from "./lesson.js";
import { changesOf, credentialDraft, standingOf, withNumbers } from "./model.js";
import { standingMark } from "./standing.js";

export class Credentials {
  #card;
  #register;
  #user;
  #open = null;

  /** They are those of the user of this id. */
  constructor(card, register, user) {
    this.#card = card;
    this.#register = register;
    this.#user = user;
  }

  template() {
    const all = this.#register.user(this.#user)?.credentials ?? [];
    return html`<section class="part" aria-label=${this.#card.word("cards_and_pins")}>
      <h3>${this.#card.word("cards_and_pins")}</h3>
      <ul>${repeat(all, ({ id }) => id, (each) => this.#row(each))}</ul>
      ${all.length ? nothing : html`<p class="about">${this.#card.word("nothing_to_show")}</p>`}
      ${this.#open && !this.#open.id ? this.#open.template() : this.#choices(all)}
    </section>`;
  }

  /** Nobody looks any more. */
  closed() {
    this.#open?.closed?.();
    this.#open = null;
  }

  #choices(all) {
    const pin = all.find((each) => each.credential_type === "pin");
    const open = (Part, ...given) => () => this.#show(new Part(this.#card, this.#user, () => this.#show(null), ...given));
    const choose = (word, shown, onclick) => button({ label: this.#card.word(word), icon: shown, onclick });
    return html`<div class="actions">
      ${choose("add_by_reader", "mdi:nfc", open(Lesson))}
      ${choose("add_by_number", "mdi:card-text-outline", open(NumberForm))}
      ${choose(pin ? "change_pin" : "add_pin", "mdi:dialpad", open(PinForm, pin))}
    </div>`;
  }

  #row(credential) {
    const { id, name, credential_type: kind, visitor, max_uses: most, uses } = credential;
    if (this.#open?.id === id) return html`<li>${this.#open.template()}</li>`;
    const standing = { standing: standingOf(credential, new Date()), ...momentsOf(credential) };
    const count = most ? this.#card.word("uses_of", { uses, most }) : "";
    const edit = () => this.#show(new CredentialForm(this.#card, this.#user, () => this.#show(null), credential));
    const which = { name };
    return html`<li class="credential">
      ${icon(kind === "pin" ? "mdi:dialpad" : "mdi:card-account-details")}
      <span class="told"><span class="name">${name}</span>
        <span class="marks">${standingMark(standing, this.#card)}
          ${visitor ? mark("ongoing", this.#card.word("visitor")) : nothing}<small>${count}</small></span></span>
      ${button({ label: this.#card.word("edit_which", which), icon: "mdi:pencil", iconOnly: true, onclick: edit })}
      ${button({
        ...{ label: this.#card.word("delete_which", which), icon: "mdi:delete-outline", iconOnly: true },
        onclick: () => this.#remove(credential),
      })}
    </li>`;
  }

  #show(open) {
    this.#open?.closed?.();
    this.#open = open;
    this.#card.changed();
  }

  async #remove({ id, name, credential_type: kind }) {
    const word = (key, values) => this.#card.word(key, values);
    const text = word(kind === "pin" ? "pin_leaves" : "card_leaves");
    const sure = await this.#card.sheet.ask({ title: word("delete_which", { name }), text, confirm: word("delete"), danger: true });
    if (!sure) return;
    const answer = await this.#card.attempt(() => deleteCredential(this.#card.hass, id));
    if (answer) this.#card.say(doneTold(this.#card, answer, "deleted"));
  }
}

const momentsOf = ({ valid_from: since, valid_until: until }) => ({
  since: since && new Date(since),
  until: until && new Date(until),
});

/** A form among what somebody shows; it ends when it is kept, or by Cancel. */
class InlineForm extends Form {
  #end;

  constructor(card, draft, end) {
    super(card, draft);
    this.#end = end;
  }

  cancel() {
    this.#end();
  }

  kept(answer) {
    this.card.say(doneTold(this.card, answer));
    this.#end();
  }
}

/** A card by the number that is printed on it. */
class NumberForm extends InlineForm {
  #user;

  constructor(card, user, end) {
    super(card, { name: card.word("card"), number: "", format: "hex" }, end);
    this.#user = user;
  }

  body() {
    const formats = [["hex", this.word("hex")], ["decimal", this.word("decimal")]];
    return html`<div class="pair">
        ${this.text("number", this.word("number"))}
        ${field(this.word("written"), choice(formats, this.draft.format, (format) => this.set({ format })))}
      </div>
      ${this.text("name", this.word("name_of_card"))}`;
  }

  keep() {
    return saveCredential(this.card.hass, { user_id: this.#user, ...this.draft });
  }
}

/** A PIN: typed, kept as a hash, and never shown again. */
class PinForm extends InlineForm {
  #asked;

  /** `pin` is the one that they have, if they have one. */
  constructor(card, user, end, pin) {
    super(card, { pin: "" }, end);
    this.#asked = pin ? { credential_id: pin.id } : { user_id: user, name: card.word("pin") };
  }

  body() {
    const how = { type: "password", inputmode: "numeric", autocomplete: "new-password", help: this.word("pin_about") };
    return this.text("pin", this.word("new_pin"), how);
  }

  keep() {
    return saveCredential(this.card.hass, { ...this.#asked, pin: this.draft.pin });
  }
}

/** The name and the limits of a card or PIN. */
class CredentialForm extends InlineForm {
  #before;

  constructor(card, user, end, credential) {
    const before = credentialDraft(credential, card.hass.config.time_zone);
    super(card, before, end);
    this.#before = before;
    this.id = credential.id;
  }

  body() {
    return html`
      ${this.text("name", this.word("name_of_card"))}
      ${this.check("active", this.word("opens_doors"))}
      ${this.check("visitor", this.word("for_visitor"))}
      <div class="pair">
        ${this.text("valid_from", this.word("valid_from"), { type: "datetime-local" })}
        ${this.text("valid_until", this.word("valid_until"), { type: "datetime-local" })}
      </div>
      ${this.text("max_uses", this.word("max_uses"), { type: "number", min: 1, help: this.word("max_uses_about") })}`;
  }

  keep() {
    const changes = withNumbers(changesOf(this.draft, this.#before));
    return saveCredential(this.card.hass, { credential_id: this.id, ...changes });
  }
}
