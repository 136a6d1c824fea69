/** Elements, made and arranged. What comes from outside only ever becomes text or an attribute. */

/** Make an element: properties where it has them, else attributes; `onclick` and the like listen. */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name in made) made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** Make a button with one of Home Assistant's icons, and words unless the icon says enough. */
export function button(icon, words, properties = {}, { iconOnly = false } = {}) {
  const named = iconOnly ? { ariaLabel: words, title: words, className: "round" } : {};
  const shown = element("ha-icon", { icon, ariaHidden: "true" });
  const text = iconOnly ? null : element("span", { textContent: words });
  return element("button", { type: "button", ...named, ...properties }, shown, text);
}

/** Have a parent hold exactly these nodes; those that stay are not touched, and keep the focus. */
export function arrange(parent, nodes) {
  const wanted = new Set(nodes);
  for (const child of [...parent.childNodes]) if (!wanted.has(child)) child.remove();
  nodes.forEach((node, place) => {
    const there = parent.childNodes[place];
    if (there !== node) parent.insertBefore(node, there ?? null);
  });
}
