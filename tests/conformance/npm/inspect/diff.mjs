// Compares the committed schema with what the running service says of itself, and shows that a difference would be seen.
import { readFileSync } from "node:fs";
import { diff } from "@graphql-inspector/core";
import { buildClientSchema, buildSchema, getIntrospectionQuery, printSchema } from "graphql";

async function ask(query) {
  const response = await fetch(process.env.SERVICE_URL, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${process.env.SERVICE_TOKEN}` },
    body: JSON.stringify({ query }),
  });
  return (await response.json()).data;
}

// Without applied directives, which introspection does not show.
const plain = (schema) => buildSchema(printSchema(schema));
const messages = (changes) => changes.map(({ message }) => message);

const committed = readFileSync(process.argv[2], "utf8");
const options = { schemaDescription: true, specifiedByUrl: true, oneOf: true, inputValueDeprecation: true, directiveIsRepeatable: true };
const introspected = buildClientSchema(await ask(getIntrospectionQuery(options)));
const { sdl } = (await ask("{ _service { sdl } }"))._service;
const changed = committed.replace("  customerNumber: String!", "  customerNumber: String");

process.stdout.write(
  JSON.stringify({
    introspected: messages(await diff(plain(buildSchema(committed)), plain(introspected))),
    introduced: buildSchema(committed).description === introspected.description,
    sdl: messages(await diff(buildSchema(committed), buildSchema(sdl))),
    "after a change": messages(await diff(plain(buildSchema(changed)), plain(introspected))),
  }),
);
