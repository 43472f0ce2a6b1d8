import { useQuery } from "@apollo/client/react";
import { useDeferredValue, useState } from "react";
import { graphql } from "./generated";

// #region list
const CUSTOMERS = graphql(`
  query Customers($first: Int!, $after: String, $where: CustomerFilter) {
    customers(first: $first, after: $after, where: $where) {
      totalCount
      edges { cursor node { id customerNumber name } }
      pageInfo { hasNextPage endCursor }
    }
  }
`);

export function CustomerList({ onOpen }: { onOpen: (id: string) => void }) {
  const [typed, setTyped] = useState("");
  const search = useDeferredValue(typed.trim());
  // An empty search is no condition.
  const variables = { first: 10, where: { search } };
  const { data, loading, error, fetchMore } = useQuery(CUSTOMERS, { variables });
  const [failure, setFailure] = useState<Error | null>(null);
  const page = data?.customers;

  function more() {
    setFailure(null);
    fetchMore({ variables: { after: page?.pageInfo.endCursor ?? null } }).catch(setFailure);
  }

  return (
    <>
      <label>
        Search <input value={typed} onChange={(event) => setTyped(event.target.value)} />
      </label>
      {(error ?? failure) && <p role="alert">{(error ?? failure)?.message}</p>}
      <ul>
        {page?.edges.map(({ node }) => (
          <li key={node.id}>
            {node.customerNumber} <button onClick={() => onOpen(node.id)}>{node.name}</button>
          </li>
        ))}
      </ul>
      {page && <p>{`${page.edges.length} of ${page.totalCount}`}</p>}
      {page?.pageInfo.hasNextPage && <button disabled={loading} onClick={more}>More</button>}
    </>
  );
}
// #endregion
