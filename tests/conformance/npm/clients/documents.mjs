// What every client sends, and how it says what came back.
export const [url, token] = [process.env.SERVICE_URL, process.env.SERVICE_TOKEN];

export const page = /* GraphQL */ `
  query Page($first: Int!, $where: CustomerFilter) {
    customers(first: $first, where: $where) {
      totalCount
      nodes { id customerNumber name group { id } }
    }
  }
`;

export const create = /* GraphQL */ `
  mutation Create($input: CreateCustomerInput!) {
    createCustomer(input: $input) {
      customer { id name }
      errors { __typename code path }
    }
  }
`;

export const broken = /* GraphQL */ `
  query Broken { viewer { subject } customers(after: "nowhere") { totalCount } }
`;

// The last customer, because other tests expect the first ones as they were seeded.
export const begin = /* GraphQL */ `
  query Begin { feedCursor customers(last: 1) { nodes { id } } }
`;

export const rename = /* GraphQL */ `
  mutation Rename($id: ID!, $name: String!) {
    updateCustomer(input: { id: $id, name: $name }) { customer { id } errors { code } }
  }
`;

export const changes = /* GraphQL */ `
  subscription Changes($after: String) {
    changes(after: $after) { cursor type changedFields { field after } subject { ... on Customer { id } } }
  }
`;

export const newCustomer = (name, customerGroupId) => ({
  name,
  customerGroupId,
  vatZone: "DOMESTIC",
  countryCode: "DK",
  defaultCurrency: "DKK",
});

export const say = (answer) => process.stdout.write(JSON.stringify(answer));
