// A subscription through Hive's gateway, whose events another subgraph extends.
import { createGatewayRuntime } from "@graphql-hive/gateway-runtime";
import { composeServices } from "@theguild/federation-composition";
import { begin, rename, say, token, url } from "../clients/documents.mjs";
import { customers, invoices } from "./subgraphs.mjs";

const { supergraphSdl, errors } = composeServices([customers, invoices]);
if (errors) throw new AggregateError(errors);
const gateway = createGatewayRuntime({
  supergraph: supergraphSdl,
  propagateHeaders: {
    fromClientToSubgraphs: ({ request }) => ({ authorization: request.headers.get("authorization") }),
  },
  logging: false,
});
const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
const ask = async (query, variables) => {
  const body = JSON.stringify({ query, variables });
  return (await (await fetch(url, { method: "POST", headers, body })).json()).data;
};
const { feedCursor, customers: list } = await ask(begin);
const [{ id }] = list.nodes;
const query = `subscription ($after: String) {
  changes(after: $after) { changedFields { after } subject { ... on Customer { invoices { id } } } }
}`;
const response = await gateway.fetch("http://gateway/graphql", {
  method: "POST",
  headers: { ...headers, accept: "text/event-stream" },
  body: JSON.stringify({ query, variables: { after: feedCursor } }),
});
for (const name of ["First", "Second"]) await ask(rename, { id, name });

const found = [];
let text = "";
const decoder = new TextDecoder();
for await (const chunk of response.body) {
  text += decoder.decode(chunk, { stream: true });
  const events = text.split("\n\n");
  text = events.pop();
  for (const event of events) {
    const line = event.split("\n").find((line) => line.startsWith("data: "));
    if (line) found.push(JSON.parse(line.slice("data: ".length)));
  }
  if (found.length >= 2) break;
}
say(found);
await gateway.dispose?.();
process.exit();
