// Both subgraphs behind Hive's gateway, planned by itself or, with `router` as an argument, by Hive's router.
import { createGatewayRuntime } from "@graphql-hive/gateway-runtime";
import { unifiedGraphHandler } from "@graphql-hive/router-runtime";
import { composeServices } from "@theguild/federation-composition";
import { operations } from "./operations.mjs";
import { customers, invoices } from "./subgraphs.mjs";

const planner = process.argv[2] === "router" ? { unifiedGraphHandler } : {};
const { supergraphSdl, errors } = composeServices([customers, invoices]);
if (errors) throw new AggregateError(errors);
const gateway = createGatewayRuntime({
  supergraph: supergraphSdl,
  propagateHeaders: {
    fromClientToSubgraphs: ({ request }) => ({ authorization: request.headers.get("authorization") }),
  },
  logging: false,
  ...planner,
});

const answers = {};
for (const [name, [token, query, variables]] of Object.entries(operations)) {
  const headers = { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) };
  const body = JSON.stringify({ query, variables });
  const response = await gateway.fetch("http://gateway/graphql", { method: "POST", headers, body });
  answers[name] = await response.json();
}
await gateway.dispose?.();
process.stdout.write(JSON.stringify(answers));
