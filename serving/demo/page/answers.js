/** The recommendations: a list for each version asked. */

import { copyOf, element, onPress } from "./elements.js";

const MOTION = { duration: 220, easing: "ease-out" };
const SCORE = new Intl.NumberFormat("en", {
  minimumSignificantDigits: 4,
  maximumSignificantDigits: 4,
});

/**
 * Show lists next to each other.
 *
 * Each column is {name, note, items: [{id, title, score}], marks}, where marks gives what
 * `changes` found by id. `onAdd` gets the item whose + was pressed.
 */
export function renderAnswers(columns, onAdd) {
  const target = element("columns");
  const old = places(target);
  const focused = document.activeElement?.closest("#columns li");
  const place = [...target.querySelectorAll("li")].indexOf(focused);
  target.replaceChildren(...columns.map((column, number) => article(column, number, onAdd)));
  slideFrom(old, target);
  if (focused) focusAgain(target, focused.dataset.key, place);
}

function article({ name, note, items, marks }, number, onAdd) {
  const column = copyOf("column", { time: note });
  column.querySelector("h3").textContent = name;
  const list = column.querySelector("ol");
  list.ariaLabel = `Recommendations of ${name}`;
  const scores = items.map(({ score }) => score);
  const [least, most] = [Math.min(...scores), Math.max(...scores)];
  items.forEach((item, index) => {
    const entry = row(item, index + 1, marks?.get(item.id), onAdd);
    entry.dataset.key = `${number} ${item.id}`;
    const share = most > least ? (item.score - least) / (most - least) : 1;
    entry.querySelector(".bar span").style.width = `${4 + 96 * share}%`;
    list.append(entry);
  });
  return column;
}

function row(item, rank, mark, onAdd) {
  const { id, title } = item;
  const texts = { title: title || id, id: title ? id : "", rank, score: SCORE.format(item.score) };
  const entry = copyOf("answer-row", texts);
  if (mark) {
    const badge = entry.querySelector(".mark");
    badge.textContent = mark.text;
    badge.classList.add(mark.kind);
    badge.hidden = false;
  }
  onPress(entry.querySelector(".add"), `Add ${title || id} to the history`, () => onAdd(item));
  return entry;
}

function places(target) {
  const rows = target.querySelectorAll("li");
  return new Map([...rows].map((row) => [row.dataset.key, row.getBoundingClientRect().top]));
}

/** Rows that moved slide to their new place; new ones fade in. */
function slideFrom(old, target) {
  if (!old.size || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  for (const row of target.querySelectorAll("li")) {
    const before = old.get(row.dataset.key);
    const distance = before - row.getBoundingClientRect().top;
    if (before === undefined) row.animate([{ opacity: 0 }, {}], MOTION);
    else if (distance) row.animate([{ transform: `translateY(${distance}px)` }, {}], MOTION);
  }
}

/** The focus stays on its row; where the row is gone, on the one that took its place. */
function focusAgain(target, key, place) {
  const rows = [...target.querySelectorAll("li")];
  const row = rows.find(({ dataset }) => dataset.key === key) ?? rows[place] ?? rows.at(-1);
  row?.querySelector("button").focus();
}
