// The document as the page shows it: nothing is filled in but the limit of lists, and numbers have their digits.

/** The limit that is filled in: whole lists may have megabytes. */
const ROWS = 20;

/** Keep the digits of a number that JavaScript would shorten, such as 1250.50, for `JSON.parse`; older browsers can't. */
export function keepDigits(_name, value, context) {
  return typeof value === "number" && JSON.rawJSON ? JSON.rawJSON(context.source) : value;
}

/** Return the text of a document for Swagger UI, with the address of this service. */
export function shown(text, url) {
  const found = { ...JSON.parse(text), servers: [{ url }] };
  for (const operation of operationsOf(found)) operation.parameters = operation.parameters.map(offered);
  spell(found, JSON.parse(text, keepDigits));
  return found;
}

function operationsOf({ paths }) {
  return Object.values(paths).flatMap(Object.values);
}

/** Swagger UI sends the example of every parameter, so that a list shows what matches all of them: only mention it. */
function offered({ example, ...parameter }) {
  const { name, schema } = parameter;
  if (parameter.required) return { ...parameter, example };
  if (name === "limit") return { ...parameter, example: ROWS };
  // An object without an example of its own would be filled with an invented one.
  const empty = schema.type === "object" ? { schema: { ...schema, example: {} } } : {};
  const [entry] = schema.type === "object" ? Object.entries(example ?? {}) : [];
  const written = entry ? `${name}[${entry[0]}]=${entry[1]}` : example;
  const description = written ? `${parameter.description}\n\nFor example \`${written}\`.` : parameter.description;
  return { ...parameter, ...empty, description };
}

/** Replace the values of examples by their text, because Swagger UI would write their numbers without zeros at the end. */
function spell(found, exact) {
  if (typeof found !== "object" || found === null) return;
  for (const [name, entry] of Object.entries(found)) {
    if (!(name in exact)) continue;
    if (name === "examples") {
      for (const [key, example] of Object.entries(entry)) example.value = JSON.stringify(exact[name][key].value, null, 2);
    } else spell(entry, exact[name]);
  }
}
