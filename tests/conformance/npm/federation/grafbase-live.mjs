// Subscriptions through Grafbase's gateway, which follows the service over graphql-transport-ws.
import { createClient } from "graphql-ws";
import WebSocket from "ws";
import { say, token, url } from "../clients/documents.mjs";
import { withGateway } from "./grafbase-gateway.mjs";

const { OTHER_TOKEN: other, FOREIGN_CUSTOMER: id } = process.env;
const seconds = 20;
const move = `mutation ($id: ID!, $city: String!) { updateCustomer(input: { id: $id, city: $city }) { errors { code } } }`;
const query = `subscription ($after: String) {
  changes(after: $after) { changedFields { after } subject { ... on Customer { name invoices { id total } paymentScore } } }
}`;

async function ask(query, variables) {
  const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify({ query, variables }) });
  return (await response.json()).data;
}

/** Return the number of subscriptions that are open at the service. */
async function open() {
  const metrics = await (await fetch(new URL("/metrics", url))).text();
  return Number(/^customer_gateway_live_streams (\S+)$/m.exec(metrics)[1]);
}

async function until(isTrue) {
  const deadline = Date.now() + seconds * 1000;
  while (!(await isTrue())) {
    if (Date.now() > deadline) throw new Error(`after ${seconds} seconds: not ${isTrue}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

await withGateway(async (_, address) => {
  /** Follow changes as a caller whose credential is in the handshake; without a credential there is no header. */
  const follow = (credential, after) => {
    const results = [];
    class Socket extends WebSocket {
      constructor(to, protocols) {
        super(to, protocols, { headers: credential && { authorization: `Bearer ${credential}` } });
      }
    }
    const client = createClient({ url: address, webSocketImpl: Socket, retryAttempts: 0 });
    const next = (result) => results.push(result);
    const stop = client.subscribe({ query, variables: { after } }, { next, error: next, complete: () => {} });
    return { results, stop };
  };
  const answered = async (following) => {
    await until(() => following.results.length > 0);
    following.stop();
    return following.results;
  };

  const { feedCursor } = await ask("{ feedCursor }");
  const before = await open();
  const own = follow(token, feedCursor);
  await until(async () => (await open()) === before + 1);
  // The same document and variables with other credentials: a gateway that shared the stream would show the changes.
  const refused = [follow(other, feedCursor), follow("nobody", feedCursor), follow("", feedCursor)];
  for (const city of ["First", "Second"]) await ask(move, { id, city });
  await until(() => own.results.length >= 2);
  const [foreign, unknown, stranger] = await Promise.all(refused.map(answered));
  const during = (await open()) - before;
  own.stop();
  await until(async () => (await open()) === before);
  say({ own: own.results, foreign, unknown, stranger, during });
});
process.exit();
