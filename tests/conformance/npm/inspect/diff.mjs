// Compares the committed schema with what the running service says of itself, and shows that a difference would be seen.
import { readFileSync } from "node:fs";
import { diff } from "@graphql-inspector/core";
import { buildClientSchema, buildSchema, getIntrospectionQuery, printSchema } from "graphql";

const committed = readFileSync(process.argv[2], "utf8");
const response = await fetch(process.env.SERVICE_URL, {
  method: "POST",
  headers: { "content-type": "application/json", authorization: `Bearer ${process.env.SERVICE_TOKEN}` },
  body: JSON.stringify({
    query: getIntrospectionQuery({ specifiedByUrl: true, oneOf: true, inputValueDeprecation: true, directiveIsRepeatable: true }),
  }),
});
// Printed and read again, because directives that are only known from introspection have no place that diff looks at.
const running = buildSchema(printSchema(buildClientSchema((await response.json()).data)));
const changed = buildSchema(committed.replace("  customerNumber: String!", "  customerNumber: String"));

const changes = await diff(buildSchema(committed), running);
const seen = await diff(buildSchema(committed), changed);
process.stdout.write(
  JSON.stringify({ changes: changes.map(({ message }) => message), "after a change": seen.map(({ type }) => type) }),
);
