// urql without a user interface: queries, mutations, and both kinds of errors.
import { Client, cacheExchange, fetchExchange } from "@urql/core";
import { broken, create, newCustomer, page, say, token, url } from "./documents.mjs";

let requests = 0;
const counting = (input, init) => {
  requests += 1;
  return fetch(input, init);
};
const codesOf = ({ error }) => error.graphQLErrors.map(({ extensions }) => extensions.code);
const clientOf = (credential) =>
  new Client({
    url,
    exchanges: [cacheExchange, fetchExchange],
    preferGetMethod: false,
    fetch: counting,
    fetchOptions: { headers: { authorization: `Bearer ${credential}` } },
  });

const client = clientOf(token);
const variables = { first: 2, where: { namePrefix: "Nordlys" } };
const { data, error } = await client.query(page, variables).toPromise();
if (error) throw error;
await client.query(page, variables).toPromise();
const requestsForBoth = requests;
const [first] = data.customers.nodes;
const made = await client.mutation(create, { input: newCustomer("From urql", first.group.id) }).toPromise();
const refused = await client.mutation(create, { input: newCustomer("", first.id) }).toPromise();
const failed = await client.query(broken, {}).toPromise();
const unknown = await clientOf("nobody").query(page, variables).toPromise();

say({
  page: data.customers,
  requestsForBoth,
  made: made.data.createCustomer,
  refused: refused.data.createCustomer.errors,
  codes: codesOf(failed),
  unknown: codesOf(unknown)[0],
});
