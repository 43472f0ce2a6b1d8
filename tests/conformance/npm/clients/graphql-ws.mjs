// graphql-ws alone: a round trip, a lost connection that resumes at its cursor, a wrong credential, the legacy protocol.
import WebSocket from "ws";
import { begin, rename, say } from "./documents.mjs";
import { address, changes, roundTrip, socketOf, token } from "./websockets.mjs";

const socket = socketOf(token);
const run = (query, variables) =>
  new Promise((resolve, reject) => {
    socket.subscribe({ query, variables }, {
      next: ({ data, errors }) => (errors ? reject(errors) : resolve(data)),
      error: reject,
      complete: () => {},
    });
  });
const client = {
  query: run,
  subscribe: (query, variables, next, failed) =>
    socket.subscribe({ query, variables }, { next: ({ data }) => next(data), error: failed, complete: () => {} }),
};
const trip = await roundTrip(client, "By graphql-ws");

/** Rename a customer while a client is connected, away, and connected again; return the versions that it received. */
async function resumed() {
  const versions = [];
  const first = await run(begin);
  let cursor = first.feedCursor;
  let waiting;
  const operation = {
    query: changes,
    // Read again whenever the client connects, so that it resumes.
    get variables() {
      return { after: cursor };
    },
  };
  const following = socketOf(token);
  following.subscribe(operation, {
    next: ({ data }) => {
      cursor = data.changes.cursor;
      versions.push(data.changes.version);
      waiting?.();
    },
    error: (error) => { throw error; },
    complete: () => {},
  });
  const until = async (count) => {
    while (versions.length < count) await new Promise((resolve) => { waiting = resolve; });
  };
  const make = (name) => run(rename, { id: first.customers.nodes[0].id, name });
  await make("Before");
  await until(1);
  following.terminate();
  await make("Away");
  await make("After");
  await until(3);
  await following.dispose();
  return versions;
}

const closeOf = (subprotocol, first) =>
  new Promise((resolve) => {
    const raw = new WebSocket(address, subprotocol);
    raw.on("open", () => first && raw.send(JSON.stringify(first)));
    raw.on("close", (code, reason) => resolve([code, reason.toString()]));
    raw.on("error", () => {});
  });

const versions = await resumed();
let fatal;
try {
  await new Promise((resolve, reject) => {
    socketOf("nobody", { retryAttempts: 0 }).subscribe({ query: "{ viewer { subject } }" }, {
      next: resolve, error: reject, complete: resolve,
    });
  });
} catch (closed) {
  fatal = [closed.code, closed.reason];
}
say({
  ...trip,
  versions,
  unknown: fatal,
  legacy: await closeOf("graphql-ws"),
  early: await closeOf("graphql-transport-ws", { type: "subscribe", id: "1", payload: { query: "{ viewer { subject } }" } }),
});
await socket.dispose();
