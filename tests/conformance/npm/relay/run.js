// Runs the compiler's artifacts with Relay's own runtime and tells what its store then holds.
const { Environment, Network, RecordSource, Store, createOperationDescriptor, fetchQuery, getSingularSelector } = require("relay-runtime");

const artifact = (name) => require(`./artifacts/${name}.graphql`);
const headers = { "content-type": "application/json", authorization: `Bearer ${process.env.SERVICE_TOKEN}` };
const faults = [];

async function ask({ text }, variables) {
  const body = JSON.stringify({ query: text, variables });
  const answer = await (await fetch(process.env.SERVICE_URL, { method: "POST", headers, body })).json();
  if (answer.errors) faults.push(answer.errors);
  return answer;
}

const environment = new Environment({ network: Network.create(ask), store: new Store(new RecordSource()) });
const retained = [];

async function load(name, variables) {
  const operation = createOperationDescriptor(artifact(name), variables);
  retained.push(environment.retain(operation));
  await fetchQuery(environment, artifact(name), variables).toPromise();
  return environment.lookup(operation.fragment).data;
}

const read = (name, reference) => environment.lookup(getSingularSelector(artifact(name), reference)).data;
const names = ({ edges }) => edges.map(({ node }) => node.name ?? read("customers_row", node).name);

async function main() {
  const query = await load("customersQuery", { namePrefix: "Nordlys" });
  const list = () => read("customers_list", query).customers;
  const firstPage = names(list());
  while (list().pageInfo.hasNextPage) {
    await load("customersPaginationQuery", { namePrefix: "Nordlys", first: 2, after: list().pageInfo.endCursor });
  }

  const parent = list().edges[0].node;
  const children = () => read("customers_row", parent).children;
  const firstChildren = names(children());
  await load("customersRowPaginationQuery", { id: parent.id, count: 5, cursor: children().pageInfo.endCursor });

  const { node } = await load("customersNodeQuery", { id: parent.id });
  const contacts = () => read("customers_contacts", read("customers_row", parent)).contactsConnection;
  const firstContacts = names(contacts());
  await load("customersContactsPaginationQuery", { id: parent.id, count: 5, cursor: contacts().pageInfo.endCursor });

  const [contact] = node.contacts;
  await load("customersContactRefetchQuery", { id: contact.id });
  const missing = await load("customersNodeQuery", { id: "00000000-0000-0000-0000-000000000000" });

  const answer = {
    firstPage,
    list: names(list()),
    firstChildren,
    children: names(children()),
    firstContacts,
    contacts: names(contacts()),
    node: [node.__typename, node.name],
    contact: read("customers_contact", contact).name,
    missing: missing.node,
    faults,
  };
  process.stdout.write(JSON.stringify(answer));
}

main();
