// A card in a Home Assistant that does not know Gatehouse yet, as while it starts.
(async () => {
    const name = "gatehouse-incidents-card";
    const Card = customElements.get(name);
    let count = 0;
    const subscribeMessage = async () => {
        count += 1;
        if (count === 1) throw { code: "unknown_command", message: "Unknown command." };
        return () => undefined;
    };
    const { hass } = document.querySelector("home-assistant");
    const home = { ...hass, connection: { subscribeMessage } };
    const early = document.createElement(name);
    const show = async (config) => {
        early.hass = { ...home, config };
        await new Promise((next) => setTimeout(next));
        return count;
    };
    early.setConfig(Card.getStubConfig());
    document.body.append(early);
    const starting = { ...home.config };
    const asked = [await show(starting)];
    const told = early.shadowRoot.querySelector(".status").textContent;
    asked.push(await show(starting), await show({ ...home.config }));
    early.remove();
    let refused = null;
    try { early.setConfig({ view: "cube" }); } catch (error) { refused = error.message; }
    const address = performance.getEntriesByType("resource")
        .find((each) => each.name.endsWith("incidents/card.js")).name;
    await import(`${address}?again`);
    const offers = window.customCards.filter((card) => card.type === name);
    const suggested = offers[0].getEntitySuggestion(hass, "camera.front_door").config.camera;
    const form = Card.getConfigForm().schema.map((field) => field.name);
    return { asked, told, form, refused, offered: offers.length, suggested };
})()
