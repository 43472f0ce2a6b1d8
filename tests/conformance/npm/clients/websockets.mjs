// What clients do over a WebSocket: a query, a mutation, and the change that it makes, live.
import { createClient } from "graphql-ws";
import WebSocket from "ws";
import { begin, rename, token, url } from "./documents.mjs";

export const address = url.replace("http", "ws");

export const changes = /* GraphQL */ `
  subscription Changes($after: String) {
    changes(after: $after) { cursor type version changedFields { field after } }
  }
`;

/** Return a client of graphql-ws; Node 20 has no WebSocket of its own. */
export const socketOf = (credential, more = {}) =>
  createClient({
    url: address,
    webSocketImpl: WebSocket,
    connectionParams: () => ({ Authorization: `Bearer ${credential}` }),
    retryAttempts: 5,
    retryWait: () => new Promise((resolve) => setTimeout(resolve, 50)),
    ...more,
  });

/** Follow changes, make one, and return it as it arrived. `client` wraps a library. */
export async function roundTrip(client, name) {
  const { feedCursor, customers } = await client.query(begin, {});
  const [{ id }] = customers.nodes;
  let stop;
  const arrived = new Promise((resolve, reject) => {
    const isOwn = ({ changedFields }) => changedFields.some(({ after }) => after === name);
    const next = (data) => isOwn(data.changes) && resolve(data.changes);
    stop = client.subscribe(changes, { after: feedCursor }, next, reject);
  });
  const { updateCustomer } = await client.query(rename, { id, name });
  const { type, changedFields } = await arrived;
  stop();
  return { errors: updateCustomer.errors, type, names: changedFields.map(({ after }) => after) };
}

export { token };
