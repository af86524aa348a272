/** The history: an ordered list whose rows move by arrows or by dragging, and can be removed. */

import { announce, copyOf, element, onPress } from "./elements.js";

export class HistoryList {
  /** `onChange` gets the ids in their new order. */
  constructor(onChange) {
    this.onChange = onChange;
    this.list = element("history");
    this.dragged = null;
  }

  /** Show ids, by the names and notes that `describe` gives each: {name, title, id}. */
  render(ids, describe) {
    this.ids = ids;
    this.names = ids.map((id) => describe(id).name);
    this.list.replaceChildren(...ids.map((id, place) => this.row(describe(id), place)));
    for (const name of ["nothing", "order", "clear", "copy"]) {
      element(name).hidden = (name === "nothing") === ids.length > 0;
    }
  }

  row({ name, title, id }, place) {
    const row = copyOf("history-row", { title, id });
    const [up, down, remove] = row.querySelectorAll("button");
    onPress(up, `Move ${name} up`, () => this.move(place, place - 1, ".up"));
    onPress(down, `Move ${name} down`, () => this.move(place, place + 1, ".down"));
    onPress(remove, `Remove ${name}`, () => this.remove(place));
    // Not disabled, or it would lose the focus when the row gets there.
    up.ariaDisabled = place === 0;
    down.ariaDisabled = place === this.ids.length - 1;
    this.makeDraggable(row, place);
    return row;
  }

  makeDraggable(row, place) {
    row.addEventListener("dragstart", (event) => {
      this.dragged = place;
      event.dataTransfer.effectAllowed = "move";
      event.dataTransfer.setData("text/plain", this.names[place]);
    });
    row.addEventListener("dragend", () => (this.dragged = null));
    row.addEventListener("dragover", (event) => {
      if (this.dragged === null) return;
      event.preventDefault();
      row.classList.add(place < this.dragged ? "before" : "after");
    });
    row.addEventListener("dragleave", () => row.classList.remove("before", "after"));
    row.addEventListener("drop", (event) => {
      event.preventDefault();
      this.move(this.dragged, place);
    });
  }

  /** Move a row, and leave the focus on the button that did it. */
  move(from, to, button = ".up") {
    if (from === null || to < 0 || to >= this.ids.length || from === to) return;
    const name = this.names[from];
    const ids = this.ids.toSpliced(from, 1).toSpliced(to, 0, this.ids[from]);
    this.onChange(ids);
    this.list.children[to].querySelector(button).focus();
    announce(`${name} is number ${to + 1} of ${ids.length} now.`);
  }

  /** Remove a row; the focus goes to its neighbour. */
  remove(place) {
    const name = this.names[place];
    this.onChange(this.ids.toSpliced(place, 1));
    const rows = this.list.children;
    const next = rows[Math.min(place, rows.length - 1)]?.querySelector(".remove");
    (next ?? element("search")).focus();
    announce(`Removed ${name}.`);
  }
}
