// Apollo Client, urql and Relay's network layer with graphql-ws: they follow changes, and make one.
import { ApolloClient, InMemoryCache, gql } from "@apollo/client/core";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { Client, fetchExchange, subscriptionExchange } from "@urql/core";
import relay from "relay-runtime";
import { say, url } from "./documents.mjs";
import { roundTrip, socketOf, token } from "./websockets.mjs";

const dataOf = ({ data, error }) => {
  if (error) throw error;
  return data;
};

function apollo(socket) {
  const client = new ApolloClient({ link: new GraphQLWsLink(socket), cache: new InMemoryCache() });
  return {
    query: async (text, variables) => {
      const document = gql(text);
      const [{ operation }] = document.definitions;
      return dataOf(
        operation === "mutation"
          ? await client.mutate({ mutation: document, variables })
          : await client.query({ query: document, variables, fetchPolicy: "network-only" }),
      );
    },
    subscribe: (text, variables, next, failed) => {
      const following = client.subscribe({ query: gql(text), variables }).subscribe({
        next: ({ data }) => next(data),
        error: failed,
      });
      return () => following.unsubscribe();
    },
  };
}

/** As urql's guide sets it up: the WebSocket is for subscriptions, and HTTP for everything else. */
function urql(socket) {
  const forwardSubscription = ({ query, variables }) => ({
    subscribe: (sink) => ({ unsubscribe: socket.subscribe({ query, variables }, sink) }),
  });
  const client = new Client({
    url,
    exchanges: [fetchExchange, subscriptionExchange({ forwardSubscription })],
    preferGetMethod: false,
    fetchOptions: { headers: { authorization: `Bearer ${token}` } },
  });
  const run = (text) => (text.trimStart().startsWith("mutation") ? client.mutation : client.query).bind(client);
  return {
    query: async (text, variables) => dataOf(await run(text)(text, variables).toPromise()),
    subscribe: (text, variables, next, failed) =>
      client.subscription(text, variables).subscribe(({ data, error }) => (error ? failed(error) : next(data)))
        .unsubscribe,
  };
}

function relayNetwork(socket) {
  const { Network, Observable } = relay;
  const execute = ({ text }, variables) =>
    Observable.create((sink) => socket.subscribe({ query: text, variables }, sink));
  const network = Network.create(execute, execute);
  const run = (text, variables, operationKind) =>
    network.execute({ text, operationKind, name: operationKind, id: null, metadata: {} }, variables, { force: true });
  return {
    query: (text, variables) =>
      run(text, variables, text.trimStart().startsWith("mutation") ? "mutation" : "query").toPromise().then(dataOf),
    subscribe: (text, variables, next, failed) => {
      const following = run(text, variables, "subscription").subscribe({ next: ({ data }) => next(data), error: failed });
      return () => following.unsubscribe();
    },
  };
}

const answers = {};
for (const [name, wrap] of Object.entries({ apollo, urql, relay: relayNetwork })) {
  const socket = socketOf(token);
  answers[name] = await roundTrip(wrap(socket), `By ${name}`);
  await socket.dispose();
}
say(answers);
