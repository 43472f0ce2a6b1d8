// A client that knows the service by its generated types alone. Each expected error is one that the types must report.
import { useFragment as readFragment } from "./generated/fragment-masking.js";
import { graphql } from "./generated/gql.js";
import type { CreateCustomerInput, TypedDocumentString } from "./generated/graphql.js";

declare const process: { argv: string[]; stdout: { write(text: string): void } };
const [url = "", token = ""] = process.argv.slice(2);

type Answer<Result> = { data?: Result | null; errors?: { message: string; extensions: { code: string } }[] };

async function ask<Result, Variables>(
  document: TypedDocumentString<Result, Variables>,
  variables: Variables,
): Promise<Answer<Result>> {
  const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
  const response = await fetch(url, {
    method: "POST",
    headers,
    body: JSON.stringify({ query: document.toString(), variables }),
  });
  return (await response.json()) as Answer<Result>;
}

const page = graphql(`
  query Page($first: Int!, $where: CustomerFilter) {
    customers(first: $first, where: $where) {
      totalCount
      nodes { ...Row }
      pageInfo { endCursor }
    }
  }
`);
const row = graphql(`
  fragment Row on Customer {
    name
    creditLimit
    metadata
    createdAt
    parent { name }
    subscriptions(status: [ACTIVE]) { netAmount }
  }
`);
const create = graphql(`
  mutation Create($input: CreateCustomerInput!) {
    createCustomer(input: $input) {
      customer { id name metadata }
      errors { code path ... on CustomersError { customerIds } }
    }
  }
`);

// @ts-expect-error a filter by a field that is none
await ask(page, { first: 2, where: { color: "red" } }).catch(() => {});
// @ts-expect-error a variable is missing
await ask(page, { where: {} }).catch(() => {});

const found = await ask(page, { first: 2, where: { namePrefix: "Nordlys", isActive: true } });
const customers = found.data?.customers;
const cursor: string | null | undefined = customers?.pageInfo.endCursor;
const rows = customers?.nodes.map((node) => readFragment(row, node)) ?? [];
const names: string[] = rows.map(({ name }) => name);
// @ts-expect-error decimals are strings, so that no digit is lost
const limit: number | null | undefined = rows[0]?.creditLimit;

const input: CreateCustomerInput = {
  name: "Typed",
  vatZone: "DOMESTIC" as CreateCustomerInput["vatZone"],
  customerGroupId: "00000000-0000-0000-0000-000000000000",
  countryCode: "DK",
  defaultCurrency: "DKK",
  metadata: { seats: 5, vip: true },
  creditLimit: "10.00",
};
// @ts-expect-error a name is text
const wrong: CreateCustomerInput = { ...input, name: 5 };
const refused = await ask(create, { input });
const codes = refused.data?.createCustomer?.errors.map((error) => error.code);

if (!cursor || typeof limit !== "string" || typeof wrong.name !== "number") throw new Error("not as typed");
process.stdout.write(JSON.stringify({ names, codes }));
