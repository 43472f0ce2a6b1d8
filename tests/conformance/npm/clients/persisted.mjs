// Apollo Client with its persisted query link. `register` prints what a build would register; `ask` says what was sent and answered.
import { createHash } from "node:crypto";
import { ApolloClient, CombinedGraphQLErrors, HttpLink, InMemoryCache, gql } from "@apollo/client/core";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { print } from "graphql";
import { page, say, token, url } from "./documents.mjs";

const sha256 = (text) => createHash("sha256").update(text).digest("hex");
const ownNames = gql`query Names { customers(first: 1) { nodes { name } } }`;
const [, , mode, useGet] = process.argv;

if (mode === "register") {
  const text = print(new InMemoryCache().transformDocument(gql(page)));
  say({ [sha256(text)]: text });
} else {
  const sent = [];
  const recording = async (uri, options) => {
    const parameters = options.method === "GET" ? Object.fromEntries(new URL(uri).searchParams) : JSON.parse(options.body);
    const response = await fetch(uri, options);
    const extensions = typeof parameters.extensions === "string" ? JSON.parse(parameters.extensions) : parameters.extensions;
    sent.push([options.method, Boolean(extensions?.persistedQuery), Boolean(parameters.query), response.status]);
    return response;
  };
  const link = new PersistedQueryLink({ sha256, useGETForHashedQueries: useGet === "GET" }).concat(
    new HttpLink({ uri: url, fetch: recording, headers: { authorization: `Bearer ${token}` } }),
  );
  const client = new ApolloClient({ cache: new InMemoryCache(), link });
  const ask = async (query, variables) => {
    sent.length = 0;
    try {
      const { data } = await client.query({ query, variables, fetchPolicy: "no-cache" });
      return { sent: [...sent], names: data.customers.nodes.map(({ name }) => name) };
    } catch (error) {
      if (!CombinedGraphQLErrors.is(error)) throw error;
      return { sent: [...sent], codes: error.errors.map(({ extensions }) => extensions.code) };
    }
  };
  const variables = { first: 2, where: { namePrefix: "Nordlys" } };
  say({ first: await ask(gql(page), variables), again: await ask(gql(page), variables), other: await ask(ownNames) });
}
