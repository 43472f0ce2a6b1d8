// Compares the committed schema with what the running service says of itself, and shows that a difference would be seen.
import { readFileSync } from "node:fs";
import { diff } from "@graphql-inspector/core";
import { buildASTSchema, buildClientSchema, buildSchema, getIntrospectionQuery, parse, printSchema } from "graphql";

const linked = ["key", "link", "requiresScopes", "shareable", "_FieldSet", "link__Import", "link__Purpose"];

async function ask(query) {
  const response = await fetch(process.env.SERVICE_URL, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${process.env.SERVICE_TOKEN}` },
    body: JSON.stringify({ query }),
  });
  return (await response.json()).data;
}

// Introspection shows no applied directives, but the definitions that the text links to: both are left out.
function plain(schema) {
  const { definitions, ...rest } = parse(printSchema(schema));
  return buildASTSchema({ ...rest, definitions: definitions.filter(({ name }) => !linked.includes(name?.value)) });
}

const whole = (text) => buildSchema(text, { assumeValidSDL: true });
const messages = (changes) => changes.map(({ message }) => message);

const committed = readFileSync(process.argv[2], "utf8");
const options = { specifiedByUrl: true, oneOf: true, inputValueDeprecation: true, directiveIsRepeatable: true };
const introspected = buildClientSchema(await ask(getIntrospectionQuery(options)));
const { sdl } = (await ask("{ _service { sdl } }"))._service;
const changed = committed.replace("  customerNumber: String!", "  customerNumber: String");

process.stdout.write(
  JSON.stringify({
    introspected: messages(await diff(plain(whole(committed)), plain(introspected))),
    sdl: messages(await diff(whole(committed), whole(sdl))),
    "after a change": messages(await diff(plain(whole(changed)), plain(introspected))),
  }),
);
