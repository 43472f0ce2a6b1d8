// graphql-sse: every kind of operation over SSE, and a stream that goes on where its connection was cut.
import { createClient } from "graphql-sse";
import { begin, broken, changes, rename, say, token, url } from "./documents.mjs";

let cursor;
let connection;
const clientOf = (credential) =>
  createClient({
    url,
    headers: () => ({ authorization: `Bearer ${credential}`, ...(cursor && { "last-event-id": cursor }) }),
    retry: async () => {},
    // Connections that the script can cut.
    fetchFn: (input, init) => {
      connection = new AbortController();
      return fetch(input, { ...init, signal: AbortSignal.any([init.signal, connection.signal]) });
    },
  });
const client = clientOf(token);
const only = async (from, query, variables) => {
  for await (const result of from.iterate({ query, variables })) return result;
};

const { data } = await only(client, begin);
const [{ id }] = data.customers.nodes;
const stream = client.iterate({ query: changes, variables: { after: data.feedCursor } });
const names = [];
const next = async (name) => {
  await only(clientOf(token), rename, { id, name });
};
const take = async () => {
  const { value } = await stream.next();
  cursor = value.data.changes.cursor;
  names.push(value.data.changes.changedFields[0].after);
};

await next("First");
await take();
const cut = connection;
await next("Second");
cut.abort(new Error("The connection was lost."));
await take();
await stream.return();
cursor = undefined;

const invalid = await only(client, changes, { after: "nowhere" });
const failed = await only(client, broken);
const unknown = await only(createClient({ url, retryAttempts: 0, headers: { authorization: "Bearer nobody" } }), begin).catch(
  ({ response }) => response.status,
);
say({ names, invalid: invalid.errors[0].extensions.code, failed: failed.errors[0].extensions.code, unknown });
