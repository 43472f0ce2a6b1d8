// Apollo Client without a user interface: queries, mutations, both kinds of errors, and its cache.
import { ApolloClient, ApolloLink, CombinedGraphQLErrors, HttpLink, InMemoryCache, gql } from "@apollo/client/core";
import { broken, create, newCustomer, page, say, token, url } from "./documents.mjs";

let requests = 0;
const counting = new ApolloLink((operation, forward) => {
  requests += 1;
  return forward(operation);
});
const clientOf = (credential) =>
  new ApolloClient({
    cache: new InMemoryCache(),
    link: counting.concat(new HttpLink({ uri: url, headers: { authorization: `Bearer ${credential}` } })),
  });

function codesOf(error) {
  if (!CombinedGraphQLErrors.is(error)) throw error;
  return error.errors.map(({ extensions }) => extensions.code);
}

const client = clientOf(token);
const variables = { first: 2, where: { namePrefix: "Nordlys" } };
const { data } = await client.query({ query: gql(page), variables });
await client.query({ query: gql(page), variables });
const requestsForBoth = requests;

const [first] = data.customers.nodes;
const made = await client.mutate({
  mutation: gql(create),
  variables: { input: newCustomer("From Apollo", first.group.id) },
});
const refused = await client.mutate({
  mutation: gql(create),
  variables: { input: newCustomer("", first.id) },
});
const failed = await client.query({ query: gql(broken), errorPolicy: "all" });
const unknown = await clientOf("nobody").query({ query: gql(page), variables }).catch((error) => error);

say({
  page: data.customers,
  requestsForBoth,
  made: made.data.createCustomer,
  refused: refused.data.createCustomer.errors,
  codes: codesOf(failed.error),
  unknown: codesOf(unknown)[0],
});
