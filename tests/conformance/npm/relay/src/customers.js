// What an interface of customers asks for: a list that grows, rows that are read again, and one row by its id.
import { graphql } from "relay-runtime";

graphql`
  query customersQuery($namePrefix: String!) {
    viewer {
      company {
        name
      }
    }
    ...customers_list @arguments(namePrefix: $namePrefix)
  }
`;

graphql`
  fragment customers_list on Query
  @argumentDefinitions(
    namePrefix: { type: "String!" }
    first: { type: "Int", defaultValue: 2 }
    after: { type: "String" }
  )
  @refetchable(queryName: "customersPaginationQuery") {
    customers(first: $first, after: $after, where: { namePrefix: $namePrefix }) @connection(key: "customers_customers") {
      totalCount
      edges {
        node {
          id
          ...customers_row
        }
      }
    }
  }
`;

graphql`
  fragment customers_row on Customer
  @argumentDefinitions(count: { type: "Int", defaultValue: 1 }, cursor: { type: "String" })
  @refetchable(queryName: "customersRowPaginationQuery") {
    name
    creditLimit
    ...customers_contacts
    children(first: $count, after: $cursor) @connection(key: "customers_children") {
      edges {
        node {
          name
        }
      }
    }
  }
`;

graphql`
  fragment customers_contact on Contact @refetchable(queryName: "customersContactRefetchQuery") {
    name
    email
  }
`;

graphql`
  fragment customers_contacts on Customer
  @argumentDefinitions(count: { type: "Int", defaultValue: 1 }, cursor: { type: "String" })
  @refetchable(queryName: "customersContactsPaginationQuery") {
    contactsConnection(first: $count, after: $cursor) @connection(key: "customers_contactsConnection") {
      edges {
        node {
          name
        }
      }
    }
  }
`;

graphql`
  query customersNodeQuery($id: ID!) {
    node(id: $id) {
      __typename
      ... on Customer {
        name
        contacts(first: 1) {
          id
          ...customers_contact
        }
      }
    }
  }
`;
