// The subgraphs of a run, as the environment names them: the service's own schema and the example's.
import { readFileSync } from "node:fs";
import { parse } from "graphql";

const { SERVICE_SCHEMA, SERVICE_URL, EXAMPLE_SCHEMA, EXAMPLE_URL } = process.env;

export const customers = subgraph("customers", SERVICE_URL, SERVICE_SCHEMA);
export const invoices = subgraph("invoices", EXAMPLE_URL, EXAMPLE_SCHEMA);

function subgraph(name, url, path) {
  return { name, url, typeDefs: parse(readFileSync(path, "utf8")) };
}
