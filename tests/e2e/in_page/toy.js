// A card as anybody would write it, on a page of Home Assistant.
(async () => {
    const at = performance.getEntriesByType("resource")
        .find((each) => each.name.endsWith("incidents/card.js")).name.replace("incidents/card.js", "");
    const [{ GatehouseCard, offer }, { html }, { button, choice, field, tabs }] = await Promise.all(
        ["card.js", "lit.js", "parts.js"].map((name) => import(at + name)));
    const words = {
        en: { name: "Toy", hello: "Hello {who}", open: "Take the toy", gone: "It is gone." },
        de: { hello: "Hallo {who}" },
    };
    class Toy extends GatehouseCard {
        static words = words;
        static style = ".hello { padding: 16px; }";
        drawings = 0;
        told = [];
        kept = "a";
        checked(config) {
            if (config.wrong) throw new Error("It is wrong.");
            return { who: "world", ...config };
        }
        feeds() { return { news: (hass, hear) => window.subscribe(hass, hear) }; }
        heard(feed, event) { this.told.push([feed, event]); }
        refused(feed, sentence) { this.told.push([feed, sentence]); }
        entities() { return ["sun.sun"]; }
        template() {
            this.drawings += 1;
            return html`<p class="hello">${this.word("hello", { who: this.config.who })}</p>
                ${tabs([["a", "One"], ["b", "Two"]], this.kept, (key) => { this.kept = key; this.changed(); }, "Tabs")}
                ${button({ label: this.word("open"), onclick: () => this.sheet.open(new Detail(this)) })}`;
        }
    }
    class Detail {
        #card;
        typed = "";
        unit = "b";
        constructor(card) { this.#card = card; }
        title() { return this.#card.config.who; }
        template() {
            const ask = { title: "Sure?", text: "For <b>ever</b>.", confirm: "Forget", danger: true };
            return html`
                ${field("Name", html`<input .value=${this.typed}>`, "As people say it.")}
                ${choice([["a", "Days"], ["b", "Hours"], ["c", "Weeks"]], this.unit, (unit) => { this.unit = unit; })}
                <footer>${button({ label: "Delete", kind: "danger", onclick: async () => {
                    window.answered = await this.#card.sheet.ask(ask);
                    if (window.answered) this.#card.attempt(async () => null, this.#card.word("gone"));
                } })}${button({ label: "Try", kind: "primary", onclick: () =>
                    this.#card.attempt(async () => { throw { message: "No door." }; }) })}</footer>`;
        }
        closed() { window.ended = true; }
    }
    window.subscribe = async (hass, hear) => { window.hear = hear; return () => { window.left = true; }; };
    offer("gatehouse-toy-card", Toy, { name: "Toy", description: "A toy.", documentation: "toy.md" });
    offer("gatehouse-toy-card", Toy, { name: "Toy", description: "A toy.", documentation: "toy.md" });
    window.toy = document.createElement("gatehouse-toy-card");
    toy.style = "position: fixed; inset: 60px 8px auto; height: auto; z-index: 9";
    toy.setConfig({ who: "<i>you</i>" });
    const home = document.querySelector("home-assistant");
    toy.hass = { ...home.hass, language: "de" };
    home.shadowRoot.append(toy);
    return window.customCards.filter((each) => each.type === "gatehouse-toy-card").length;
})()
