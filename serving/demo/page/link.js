/**
 * The page's state as the fragment of its URL, to be shared:
 *
 *     #model=seqrec&version=1&other=2&history=1193,661,914
 */

/** {model, version, other, history}: what a fragment says; text, or null where it says nothing. */
export function readFragment(fragment) {
  const parts = fragment.replace(/^#/, "").split("&");
  const values = new Map(parts.map((part) => [part.split("=", 1)[0], part.split("=")[1] ?? ""]));
  const text = (name) => (values.has(name) ? decode(values.get(name)) : null);
  return {
    model: text("model"),
    version: text("version"),
    other: text("other"),
    history: (values.get("history") ?? "").split(",").filter(Boolean).map(decode),
  };
}

/** The fragment for a state. */
export function writeFragment({ model, version, other, history }) {
  const pairs = Object.entries({ model, version, other }).filter(([, value]) => value);
  const parts = pairs.map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  if (history.length) parts.push(`history=${history.map(encodeURIComponent).join(",")}`);
  return `#${parts.join("&")}`;
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // A link that was cut off in the middle of a character.
  }
}
