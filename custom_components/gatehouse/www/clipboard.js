/** Copying what people want to have elsewhere. */

/** Copy a text; `parent` is what is in front. Resolves to whether the browser has let the page do that. */
export async function copied(text, parent) {
  try {
    // Only a page by HTTPS has a clipboard, and only while it is in front.
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return selected(text, parent);
  }
}

/** Copy a text out of a field, as old browsers do. */
function selected(text, parent) {
  const field = document.createElement("textarea");
  field.value = text;
  parent.append(field);
  field.select();
  const isCopied = document.execCommand("copy");
  field.remove();
  return isCopied;
}
