// Every text of ours that stands out from what is behind it by less than WCAG 2.2 asks (1.4.3): 4.5 to 1.
(() => {
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const rgba = (colour) => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
        return [r, g, b, a / 255];
    };
    const over = ([r, g, b, a], [R, G, B]) =>
        [r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a), 1];
    const parent = (node) => node.assignedSlot ?? node.parentElement ?? node.getRootNode().host;
    const paper = (node) => {
        const sheets = [];
        for (let each = node; each; each = parent(each)) {
            const colour = rgba(getComputedStyle(each).backgroundColor);
            sheets.push(colour);
            if (colour[3] === 1) break;
        }
        return sheets.reverse().reduce((under, sheet) => over(sheet, under), [255, 255, 255, 1]);
    };
    const linear = (part) => part / 255 <= 0.04045 ? part / 3294.6 : ((part / 255 + 0.055) / 1.055) ** 2.4;
    const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
    const ours = all("*").filter((each) => each.localName.startsWith("gatehouse-"));
    const texts = ours.flatMap((each) => all("*", each.shadowRoot)).filter((each) =>
        each.checkVisibility({ opacityProperty: true }) && !each.closest(":disabled, [inert]")
        && [...each.childNodes].some((child) => child.nodeType === 3 && child.data.trim()));
    return texts.flatMap((each) => {
        const behind = paper(each);
        const [one, other] = [over(rgba(getComputedStyle(each).color), behind), behind]
            .map(light).sort((a, b) => b - a);
        const ratio = (one + 0.05) / (other + 0.05);
        return ratio < 4.5 ? [`${ratio.toFixed(2)} ${each.className}: ${each.textContent.trim()}`] : [];
    });
})()
