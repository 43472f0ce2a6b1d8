import { useQuery } from "@apollo/client/react";
import { ChangePayer } from "./ChangePayer";
import { CustomerForm } from "./CustomerForm";
import { graphql } from "./generated";

// #region fragments
graphql(`
  fragment CustomerFields on Customer {
    id
    version
    name
    email
    website
    creditLimit
  }
`);
graphql(`
  fragment CustomerDetails on Customer {
    ...CustomerFields
    billingRelationship
    group { id name discount }
    parent { id name }
    contacts { id name email isDefaultForCustomer }
    subscriptions(status: [TRIAL, ACTIVE, PENDING_CANCELLATION]) { id name netAmount currency nextBillingDate }
  }
`);
// #endregion

// #region page
const CUSTOMER = graphql(`
  query Customer($id: ID!) {
    customer(by: { id: $id }) { ...CustomerDetails }
  }
`);

export function CustomerPage({ id }: { id: string }) {
  const { data, error } = useQuery(CUSTOMER, { variables: { id } });
  if (error) return <p role="alert">{error.message}</p>;
  if (!data) return <p>Loading…</p>;
  const { customer } = data;
  if (customer === null) return <p>The company has no such customer.</p>;

  const payer = customer.billingRelationship === "PARENT_PAYS" ? customer.parent?.name : "itself";
  return (
    <>
      <h2>{customer.name}</h2>
      <p>{`Group ${customer.group.name}, discount ${customer.group.discount} %. Paid for by ${payer}.`}</p>
      <ul aria-label="Contacts">
        {customer.contacts.map(({ id, name, email }) => (
          <li key={id}>{email === null ? name : `${name} <${email}>`}</li>
        ))}
      </ul>
      <ul aria-label="Subscriptions">
        {customer.subscriptions.map(({ id, name, netAmount, currency, nextBillingDate }) => (
          <li key={id}>{`${name}: ${netAmount} ${currency}, next invoice ${nextBillingDate ?? "never"}`}</li>
        ))}
      </ul>
      <CustomerForm customer={customer} />
      <ChangePayer customer={customer} />
    </>
  );
}
// #endregion
