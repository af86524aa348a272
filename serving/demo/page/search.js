/** The search box: titles while one types, or ids by hand where a model has no catalogue. */

import { copyOf, counted, element } from "./elements.js";
import { idInput, isId, search } from "./server.js";

const PAUSE = 120; // milliseconds without a key before the server is asked

export class SearchBox {
  /** `onChoose` gets each chosen item, {id, title}; `onError` what went wrong. */
  constructor(onChoose, onError) {
    this.onChoose = onChoose;
    this.onError = onError;
    this.input = element("search");
    this.results = element("results");
    this.input.addEventListener("input", () => this.wait());
    element("search-form").addEventListener("submit", (event) => this.submit(event));
    element("search-form").addEventListener("keydown", (event) => this.step(event));
  }

  /** Search in this version's catalogue from now on. */
  async show(model, version) {
    this.model = model;
    this.version = version;
    await this.find();
  }

  wait() {
    this.asking?.abort();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.find(), PAUSE);
  }

  async find() {
    this.asking?.abort();
    clearTimeout(this.timer);
    const { signal } = (this.asking = new AbortController());
    try {
      const found = await search(this.model, this.version, this.input.value, signal);
      if (!signal.aborted) this.render(found);
    } catch (error) {
      if (!signal.aborted) this.onError(error);
    }
  }

  render({ size, total, items }) {
    const words = this.input.value.trim();
    this.byHand = size === null;
    element("search-label").textContent = this.byHand ? "Add ids" : "Search the catalogue";
    element("found").textContent = foundText(words, size, total, items.length);
    this.results.replaceChildren(...(words ? items : []).map((item) => this.row(item)));
  }

  row(item) {
    const row = copyOf("found-row", item);
    const button = row.querySelector("button");
    button.ariaLabel = `Add ${item.title || item.id}`;
    button.addEventListener("click", () => this.onChoose(item));
    return row;
  }

  async submit(event) {
    event.preventDefault();
    if (this.byHand) return this.takeIds();
    await this.find();
    this.results.querySelector("button")?.click();
    this.input.select();
  }

  async takeIds() {
    const input = await idInput(this.model, this.version).catch(this.onError);
    if (!input) return;
    // A text may be an id with spaces in it, a list of integers may be pasted.
    const text = this.input.value.trim();
    const ids = input.isText ? [text] : text.split(/[\s,]+/);
    if (!ids.every((id) => isId(id, input))) {
      element("found").textContent = `Expected ${input.isText ? "an id" : "integers"}: “${text}”`;
      return;
    }
    ids.forEach((id) => this.onChoose({ id, title: "" }));
    this.input.value = "";
  }

  /** Arrows walk through the results, Escape leaves them. */
  step(event) {
    const stops = [this.input, ...this.results.querySelectorAll("button")];
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const next = event.key === "Escape" ? this.input : stops[stops.indexOf(event.target) + step];
    if (next && next !== event.target) {
      event.preventDefault();
      next.focus();
    }
  }
}

function foundText(words, size, total, shown) {
  if (size === null) return "This model has no catalogue of titles: type ids and press Enter.";
  if (!words) return `${counted(size, "title")}. Enter adds the first one found.`;
  if (!total) return `Nothing found for “${words}”.`;
  return counted(total, "title") + (total > shown ? `, here are ${shown}.` : ".");
}
