/**
 * The default of an input, a TensorProto as metadata shows it, as the JSON of a request: text, as
 * int64 does not fit JavaScript's numbers.
 */

// The field with the values, how DataView reads one in `tensor_content`, and its bytes.
const FIELDS = {
  DT_FLOAT: ["float_val", "getFloat32", 4],
  DT_DOUBLE: ["double_val", "getFloat64", 8],
  DT_INT32: ["int_val", "getInt32", 4],
  DT_INT16: ["int_val", "getInt16", 2],
  DT_INT8: ["int_val", "getInt8", 1],
  DT_UINT8: ["int_val", "getUint8", 1],
  DT_INT64: ["int64_val", "getBigInt64", 8],
  DT_UINT32: ["uint32_val", "getUint32", 4],
  DT_UINT64: ["uint64_val", "getBigUint64", 8],
  DT_BOOL: ["bool_val", "getUint8", 1],
  DT_STRING: ["string_val"],
};

/** A tensor as nested lists; a value itself for a scalar. */
export function literal(tensor) {
  const sizes = (tensor.tensor_shape?.dim ?? []).map(({ size }) => Number(size));
  const count = sizes.reduce((product, size) => product * size, 1);
  const values = elements(tensor).map((value) => text(value, tensor.dtype));
  if (count && !values.length) throw new Error(`A default of type ${tensor.dtype} is unreadable.`);
  // The last value stands for those that are missing.
  let parts = Array.from({ length: count }, (_, place) => values[Math.min(place, values.length - 1)]);
  for (const [depth, size] of [...sizes.entries()].reverse()) {
    const groups = sizes.slice(0, depth).reduce((product, other) => product * other, 1);
    parts = Array.from(
      { length: groups },
      (_, group) => `[${parts.slice(group * size, (group + 1) * size).join(", ")}]`,
    );
  }
  return parts[0];
}

function elements(tensor) {
  const [field, read, bytes] = FIELDS[tensor.dtype] ?? [];
  const content = tensor.tensor_content ? decoded(tensor.tensor_content) : new Uint8Array();
  if (!content.length || !read) return tensor[field] ?? [];
  const view = new DataView(content.buffer);
  return Array.from({ length: content.length / bytes }, (_, n) => view[read](n * bytes, true));
}

function text(value, dtype) {
  if (dtype === "DT_STRING") return JSON.stringify({ b64: value });
  if (dtype === "DT_BOOL") return String(Boolean(value));
  return String(value);
}

function decoded(base64) {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
