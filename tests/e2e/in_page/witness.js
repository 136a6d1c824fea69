// What a test sees and finds of a page: its parts are inside of each other, each behind a root of its own.
window.complaints = [];
// Home Assistant's own pages ask also for what this house does without.
const complain = (said) =>
    said.code === "unknown_command" || complaints.push(said.stack ?? JSON.stringify(said));
window.addEventListener("error", (event) => event.error && complain(event.error));
window.addEventListener("unhandledrejection", (event) => complain(event.reason));
console.error = (...said) => said.forEach(complain);
window.all = (name, root = document) => [
    ...root.querySelectorAll(name),
    ...[...root.querySelectorAll("*")].flatMap(({ shadowRoot }) =>
        shadowRoot ? all(name, shadowRoot) : []),
];
window.one = (name) => all(name).find((each) => each.checkVisibility());
window.called = (words) => all("button").find(
    (each) => each.checkVisibility() && (each.ariaLabel ?? each.textContent).trim().startsWith(words));
window.card = (kind) => one(`gatehouse-${kind}-card`);
