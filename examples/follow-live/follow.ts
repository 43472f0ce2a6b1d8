// Keep a copy of a company's customers in a file: `npm start FILE`, with URL and API_KEY in the environment. The first
// start reads all customers; from then on, each change arrives as it happens. The cursor is stored together with the
// copy, so that a restart misses nothing. docs/live.md explains the steps.
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createClient, NetworkError } from "graphql-sse";

type Customer = { id: string; customerNumber: string; name: string; version: number };
type Page = { nodes: Customer[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } };
type Copy = { cursor: string; customers: Record<string, Customer> };

const READ = `query($after: String) { feedCursor customers(first: 500, after: $after) {
  nodes { id customerNumber name version } pageInfo { hasNextPage endCursor } } }`;
const FOLLOW = `subscription($after: String) { changes(after: $after, types: [CUSTOMER_CREATED, CUSTOMER_UPDATED]) {
  cursor subject { ... on Customer { id customerNumber name version } } } }`;
const headers = { "x-api-key": process.env.API_KEY ?? "" };
const client = createClient({ url: `${process.env.URL}/graphql`, headers, retryAttempts: 0 });

/** Yield the data of each result. The cause of an error is its code. */
async function* ask<Data>(query: string, after: string | null): AsyncGenerator<Data> {
  for await (const { data, errors } of client.iterate<Data>({ query, variables: { after } })) {
    if (errors?.[0]) throw new Error(errors[0].message, { cause: errors[0].extensions?.code });
    if (data) yield data;
  }
}

/** Return all customers, and the cursor of the first page: what changes during later pages comes as events. */
async function readAll(): Promise<Copy> {
  const copy: Copy = { cursor: "", customers: {} };
  for (let after: string | null = null, hasMore = true; hasMore; )
    for await (const { feedCursor, customers } of ask<{ feedCursor: string; customers: Page }>(READ, after)) {
      for (const customer of customers.nodes) copy.customers[customer.id] = customer;
      copy.cursor ||= feedCursor;
      ({ endCursor: after, hasNextPage: hasMore } = customers.pageInfo);
    }
  return copy;
}

function store(copy: Copy) {
  writeFileSync(`${file}.new`, JSON.stringify(copy));
  renameSync(`${file}.new`, file);
}

const file = process.argv[2] ?? "customers.json";
let copy: Copy | null = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : null;
for (;;) {
  try {
    store((copy ??= await readAll()));
    for await (const { changes } of ask<{ changes: { cursor: string; subject: Customer } }>(FOLLOW, copy.cursor)) {
      copy.customers[changes.subject.id] = changes.subject;
      copy.cursor = changes.cursor;
      store(copy);
    }
  } catch (error) {
    const code = error instanceof NetworkError ? (error.response?.status ?? 503) : (error as Error).cause;
    if (code === "FEED_CURSOR_EXPIRED") copy = null;
    else if (!/^(429|50[0234]|SLOW_CONSUMER|TOO_MANY_SUBSCRIPTIONS|UNAVAILABLE)$/.test(String(code))) throw error;
    await new Promise((resume) => setTimeout(resume, 1000));
  }
}
