// urql's own transport of subscriptions, which is SSE.
import { Client, fetchExchange } from "@urql/core";
import { begin, changes, rename, say, token, url } from "./documents.mjs";

const client = new Client({
  url,
  exchanges: [fetchExchange],
  preferGetMethod: false,
  fetchSubscriptions: true,
  fetchOptions: { headers: { authorization: `Bearer ${token}` } },
});
const { data } = await client.query(begin, {}).toPromise();
const [{ id }] = data.customers.nodes;
const results = (variables, count) =>
  new Promise((resolve) => {
    const found = [];
    const { unsubscribe } = client.subscription(changes, variables).subscribe((result) => {
      if (found.push(result) === count) setTimeout(() => resolve(found) || unsubscribe());
    });
  });

const following = results({ after: data.feedCursor }, 2);
for (const name of ["First", "Second"]) await client.mutation(rename, { id, name }).toPromise();
const names = (await following).map((result) => result.data.changes.changedFields[0].after);
const [invalid] = await results({ after: "nowhere" }, 1);
say({ names, invalid: invalid.error.graphQLErrors[0].extensions.code });
