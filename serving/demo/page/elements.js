/** Elements of index.html. Text from the server only ever becomes text, never HTML. */

/** The element with this id. */
export function element(id) {
  return document.getElementById(id);
}

/** A copy of what a template holds, with texts for its elements by their class. */
export function copyOf(template, texts) {
  const copy = element(template).content.firstElementChild.cloneNode(true);
  for (const [name, text] of Object.entries(texts)) {
    copy.querySelector(`.${name}`).textContent = text;
  }
  return copy;
}

/** Make a button do something, and say what for those who do not see where it stands. */
export function onPress(button, label, action) {
  button.ariaLabel = label;
  button.title = label;
  button.addEventListener("click", action);
}

/** Say something to screen readers. */
export function announce(text) {
  element("announcer").textContent = text;
}

/** "1 title", "1,008 titles". */
export function counted(number, word) {
  return `${number.toLocaleString("en")} ${word}${number === 1 ? "" : "s"}`;
}
