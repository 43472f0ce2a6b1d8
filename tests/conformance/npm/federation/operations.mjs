// What is asked of every gateway, as whom, and under which name the answer is told.
const { SERVICE_TOKEN: own, OTHER_TOKEN: other, FOREIGN_CUSTOMER: foreign } = process.env;

const toInvoices = `query List($first: Int!) {
  customers(first: $first, where: { or: [{ customerNumber: "1" }, { customerNumber: "2" }] }) { totalCount nodes { name invoices { id total } paymentScore } }
}`;
const toCustomers = `{
  unpaidInvoices { id total customer { name group { name } paymentScore } }
}`;
const thereAndBack = `{
  customer(by: { customerNumber: "2" }) {
    name
    invoices { id customer { parent { name children(first: 3) { nodes { name paymentScore } } } } }
  }
}`;
const write = `mutation($input: CreateCustomerInput!) {
  createCustomer(input: $input) { customer { name invoices { id } } errors { code path } }
}`;
const lookUp = `query($id: ID!) {
  customer(by: { id: $id }) { name invoices { id } }
  node(id: $id) { id }
  nodes(ids: [$id]) { id }
}`;
const newCustomer = { name: "", vatZone: "DOMESTIC", customerGroupId: foreign, countryCode: "DK", defaultCurrency: "DKK" };

export const operations = {
  toInvoices: [own, toInvoices, { first: 2 }],
  toCustomers: [own, toCustomers, {}],
  thereAndBack: [own, thereAndBack, {}],
  write: [own, write, { input: newCustomer }],
  foreignById: [other, lookUp, { id: foreign }],
  foreignByReference: [other, toCustomers, {}],
  strangerHere: ["", "{ customers(first: 1) { totalCount } }", {}],
  strangerThere: ["", toCustomers, {}],
};
