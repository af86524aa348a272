/**
 * What the page asks the server: TensorFlow Serving's own REST interface wherever it can answer,
 * /demo/ for the list of models and for titles. Ids are text throughout, because int64 does not
 * fit JavaScript's numbers.
 */

import { literal } from "./tensor.js";

const SIGNATURE = "ragged";
const ROW_SPLITS = "row_splits";
const INTEGER = /^-?[0-9]{1,19}$/;

const inputs = new Map();

/** Names and versions: [{name, versions: ["2", "1"]}], newest version first. */
export async function models() {
  return (await ask("demo/models")).models;
}

/** The first titles with these words: {size, total, items: [{id, title}]}; size null: none known. */
export function search(model, version, words, signal) {
  return ask(`demo/catalogue?${new URLSearchParams({ model, version, search: words })}`, { signal });
}

/** The items among these ids that the catalogue knows: {size, items}, as `search`. */
export function titles(model, version, ids) {
  const query = new URLSearchParams([["model", model], ["version", version]]);
  ids.forEach((id) => query.append("id", id));
  return ask(`demo/titles?${query}`);
}

/** The input of a version that takes ids: {name, isText, others: the other inputs as JSON}. */
export async function idInput(model, version) {
  const path = modelPath(model, version);
  if (!inputs.has(path)) {
    const { metadata } = await ask(`${path}/metadata`);
    const signature = metadata.signature_def.signature_def[SIGNATURE];
    const taken = signature?.inputs ?? {};
    const defaults = Object.entries(signature?.defaults ?? {});
    const optional = new Set(defaults.map(([name]) => name));
    const names = Object.keys(taken).filter((name) => name !== ROW_SPLITS && !optional.has(name));
    if (names.length !== 1 || !(ROW_SPLITS in taken)) {
      throw new Error(
        `Version ${version} of ${model} has no signature “${SIGNATURE}” that takes ids and ` +
          `${ROW_SPLITS}; this page is for recommenders that have it.`,
      );
    }
    // Over REST a request has to name every input.
    const others = defaults.map(([name, tensor]) => `, ${JSON.stringify(name)}: ${literal(tensor)}`);
    const isText = taken[names[0]].dtype === "DT_STRING";
    inputs.set(path, { name: names[0], isText, others: others.join("") });
  }
  return inputs.get(path);
}

/** Whether a text can be sent as an id. */
export function isId(text, input) {
  return input.isText ? text !== "" : INTEGER.test(text);
}

/** What a version recommends after a history: {items: [{id, title, score}], milliseconds}. */
export async function recommend(model, version, history, signal) {
  const input = await idInput(model, version);
  const start = performance.now();
  const { outputs } = await ask(`${modelPath(model, version)}:predict`, {
    method: "POST",
    body: requestBody(history, input),
    signal,
  });
  const milliseconds = performance.now() - start;
  const items = outputs[input.name][0].map((id, place) => ({
    id: String(id),
    title: outputs.titles[0][place],
    score: outputs.scores[0][place],
  }));
  // 0 and "" fill the tail where fewer items are left than asked for.
  return { items: items.filter(({ id }) => id !== "" && id !== "0"), milliseconds };
}

/** The same as a shell command. */
export function shellCommand(model, version, history, input) {
  const url = new URL(`${modelPath(model, version)}:predict`, location.href);
  const body = requestBody(history, input).replaceAll("'", "'\\''");
  return `curl ${url} \\\n  -d '${body}'`;
}

function requestBody(history, input) {
  const ids = history.filter((id) => isId(id, input));
  // Integers go out digit by digit, as they came in.
  const values = ids.map((id) => (input.isText ? JSON.stringify(id) : id)).join(", ");
  return (
    `{"signature_name": "${SIGNATURE}", "inputs": {${JSON.stringify(input.name)}: [${values}], ` +
    `"${ROW_SPLITS}": [0, ${ids.length}]${input.others}}}`
  );
}

function modelPath(model, version) {
  return `v1/models/${encodeURIComponent(model)}/versions/${version}`;
}

async function ask(path, options) {
  const response = await fetch(path, options).catch((error) => {
    throw error.name === "AbortError"
      ? error
      : new Error("The server does not answer. Is it still running?");
  });
  const answer = parse(await response.text());
  if (!response.ok) throw new Error(answer.error ?? `The server answers ${response.status}.`);
  return answer;
}

function parse(text) {
  try {
    // An integer that a number cannot hold is kept as it was written.
    return JSON.parse(text, (key, value, context) =>
      Number.isInteger(value) && !Number.isSafeInteger(value) && INTEGER.test(context?.source)
        ? context.source
        : value,
    );
  } catch {
    throw new Error(`The server's answer is not JSON: ${text.slice(0, 80)}`);
  }
}
