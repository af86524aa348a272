/** What another version changes in a list of recommendations. */

/**
 * Compare two lists of items.
 *
 * Returns marks, {kind, text} by id, for each list: the first says what is gone, the second what is
 * new or moved and by how many places; and a sentence for all of it.
 */
export function changes(before, after) {
  const [old, recent] = [places(before), places(after)];
  const gone = before.filter(({ id }) => !recent.has(id));
  const marks = after.map(({ id }) => [id, mark(old.get(id), recent.get(id))]);
  const count = (kind) => marks.filter(([, { kind: other }]) => other === kind).length;
  const counts = [
    [count("same"), "stay in place"],
    [count("up"), "move up"],
    [count("down"), "move down"],
    [count("new"), "new"],
    [gone.length, "gone"],
  ];
  return {
    before: new Map(gone.map(({ id }) => [id, { kind: "gone", text: "gone" }])),
    after: new Map(marks),
    sentence:
      count("same") === before.length && before.length === after.length
        ? "nothing changes here"
        : counts.filter(([number]) => number).map((pair) => pair.join(" ")).join(", "),
  };
}

function places(items) {
  return new Map(items.map(({ id }, place) => [id, place]));
}

function mark(before, now) {
  if (before === undefined) return { kind: "new", text: "new" };
  if (before === now) return { kind: "same", text: "same place" };
  return before > now
    ? { kind: "up", text: `up ${before - now}` }
    : { kind: "down", text: `down ${now - before}` };
}
