// Both subgraphs behind Grafbase's gateway.
import { withGateway } from "./grafbase-gateway.mjs";
import { operations } from "./operations.mjs";

const answers = {};
await withGateway(async (url) => {
  for (const [name, [token, query, variables]] of Object.entries(operations)) {
    const headers = { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) };
    const response = await fetch(url, { method: "POST", headers, body: JSON.stringify({ query, variables }) });
    answers[name] = await response.json();
  }
});
process.stdout.write(JSON.stringify(answers));
