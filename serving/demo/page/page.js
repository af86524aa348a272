/** The page at `/`: a history clicked together, and what served models recommend after it. */

import { renderAnswers } from "./answers.js";
import { changes } from "./changes.js";
import { announce, counted, element } from "./elements.js";
import { HistoryList } from "./history.js";
import { readFragment, writeFragment } from "./link.js";
import { SearchBox } from "./search.js";
import { idInput, models, recommend, shellCommand, titles } from "./server.js";

const PAUSE = 150; // milliseconds without a change before the models are asked

const state = { model: "", version: "", other: "", history: [] };
const histories = new Map(); // by model, of those one has switched away from
let served = [];
let known = new Map(); // id -> title; null for an id that the catalogue does not know
let asking = null;
let timer = 0;

const historyList = new HistoryList((history) => change({ history }));
const searchBox = new SearchBox(add, showError);

/** Take over what changed, show it, and ask anew; an answer on its way is stale from now on. */
function change(changed) {
  const before = { ...state };
  Object.assign(state, changed);
  history.replaceState(null, "", writeFragment(state));
  renderChoices();
  element("notice").textContent = "";
  if (before.model !== state.model || before.version !== state.version) {
    known = new Map();
    searchBox.show(state.model, state.version);
  }
  historyList.render(state.history, describe);
  asking?.abort();
  clearTimeout(timer);
  timer = setTimeout(answer, PAUSE);
}

function add({ id, title }) {
  known.set(id, title);
  change({ history: [...state.history, id] });
  announce(`Added ${title || id}, number ${state.history.length} of the history.`);
}

async function answer() {
  const { signal } = (asking = new AbortController());
  const { model, version, other, history: ids } = state;
  const versions = other ? [version, other] : [version];
  try {
    const asked = versions.map((each) => recommend(model, each, ids, signal));
    const [answers, input] = [await Promise.all(asked), await idInput(model, version)];
    await lookUp(model, version, ids);
    if (signal.aborted) return;
    showAnswers(versions, answers);
    element("shell").textContent = shellCommand(model, version, ids, input);
    element("error").hidden = true;
  } catch (error) {
    if (signal.aborted) return;
    showError(error);
    refresh().catch(showError);
  }
}

/** Learn the titles of ids that came with a link, or that another version may not know. */
async function lookUp(model, version, ids) {
  const [titleOf, missing] = [known, ids.filter((id) => !known.has(id))];
  if (!missing.length) return;
  const { size, items } = await titles(model, version, missing);
  missing.forEach((id) => titleOf.set(id, size === null ? "" : null));
  items.forEach(({ id, title }) => titleOf.set(id, title));
  if (titleOf === known) historyList.render(state.history, describe);
}

function describe(id) {
  const title = known.get(id);
  if (title) return { name: title, title, id };
  return { name: id, title: id, id: title === null ? "not in this catalogue, so skipped" : "" };
}

function showAnswers(versions, answers) {
  const [before, after] = answers.map(({ items }) => items);
  const compared = after ? changes(before, after) : null;
  const columns = answers.map(({ items, milliseconds }, place) => ({
    name: `Version ${versions[place]}`,
    note: `${Math.max(1, Math.round(milliseconds))} ms`,
    items,
    marks: place ? compared.after : compared?.before,
  }));
  element("columns").classList.toggle("two", columns.length > 1);
  renderAnswers(columns, add);
  const [old, recent] = versions;
  const difference = compared && `With version ${recent} instead of ${old}: ${compared.sentence}.`;
  const sentences = [popular(), difference].filter(Boolean).join(" ");
  element("summary").textContent =
    sentences || `After ${counted(state.history.length, "title")}, best first.`;
}

/** Why nobody's history is behind the answer; nothing if one is. */
function popular() {
  const ids = state.history;
  if (!ids.length) return "No history yet, so these are the most popular titles.";
  if (ids.every((id) => known.get(id) === null)) {
    return "None of these ids is known, so these are the most popular titles.";
  }
  return "";
}

function showError(error) {
  element("error").textContent = error.message;
  element("error").hidden = false;
  element("summary").textContent = "";
  element("columns").replaceChildren();
}

function renderChoices() {
  const versions = versionsOf(state.model);
  const others = versions.filter((version) => version !== state.version);
  fillSelect("model", served.map(({ name }) => [name, name]), state.model);
  fillSelect("version", versions.map((version) => [version, nameOf(version)]), state.version);
  fillSelect(
    "other",
    [["", "nothing"], ...others.map((version) => [version, nameOf(version)])],
    state.other,
  );
  element("other-label").hidden = !others.length;
}

function nameOf(version) {
  const newest = version === versionsOf(state.model)[0];
  return newest && versionsOf(state.model).length > 1 ? `${version} (newest)` : version;
}

function fillSelect(id, options, value) {
  element(id).replaceChildren(...options.map(([option, text]) => new Option(text, option)));
  element(id).value = value;
}

function versionsOf(model) {
  return served.find(({ name }) => name === model)?.versions ?? [];
}

/** What is served of what is asked for; for the rest the first model and the newest version. */
function choose({ model, version, other, history: ids }) {
  const name = versionsOf(model).length ? model : served[0].name;
  const versions = versionsOf(name);
  const first = versions.includes(version) ? version : versions[0];
  const second = versions.includes(other) && other !== first ? other : "";
  change({ model: name, version: first, other: second, history: ids });
  if (version && first !== version) {
    element("notice").textContent =
      `Version ${version} is not served any more: this is version ${first}.`;
  }
}

function switchModel(model) {
  histories.set(state.model, state.history);
  choose({ model, history: histories.get(model) ?? [] });
}

function switchVersion(version) {
  const other = version === state.other ? state.version : state.other;
  change({ version, other });
}

/** Versions come and go while one looks at the page. */
async function refresh() {
  const found = (await models()).filter(({ versions }) => versions.length);
  if (!found.length) throw new Error("No model is served right now.");
  const changed = JSON.stringify(found) !== JSON.stringify(served);
  served = found;
  if (changed) choose(state.model ? state : readFragment(location.hash));
}

async function copyLink() {
  const button = element("copy");
  try {
    await navigator.clipboard.writeText(location.href);
    button.textContent = "Copied";
    announce("Link copied.");
  } catch {
    // Browsers allow it on https and localhost only.
    button.textContent = "Copy the address above";
    announce("Copy the page's address from the browser.");
  }
  setTimeout(() => (button.textContent = "Copy link"), 3000);
}

element("model").addEventListener("change", ({ target }) => switchModel(target.value));
element("version").addEventListener("change", ({ target }) => switchVersion(target.value));
element("other").addEventListener("change", ({ target }) => change({ other: target.value }));
element("copy").addEventListener("click", copyLink);
element("clear").addEventListener("click", () => {
  change({ history: [] });
  element("search").focus();
  announce("The history is empty.");
});
addEventListener("hashchange", () => choose(readFragment(location.hash)));
addEventListener("focus", () => refresh().catch(showError));
refresh().catch(showError);
