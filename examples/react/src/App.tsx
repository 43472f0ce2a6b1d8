import { useApolloClient, useQuery } from "@apollo/client/react";
import { type FormEvent, useState } from "react";
import { CustomerList } from "./CustomerList";
import { CustomerPage } from "./CustomerPage";
import { graphql } from "./generated";
import * as session from "./session";

const VIEWER = graphql(`
  query Viewer {
    viewer { subject company { id name } }
  }
`);

export function App() {
  const { token, reason } = session.useSession();
  // While a new token is asked for, the page stays: its requests wait for the token.
  const isOpen = token !== null || reason !== null;
  return (
    <>
      <h1>Customers</h1>
      {token === null && <SignIn reason={reason} />}
      {isOpen && <Signed />}
    </>
  );
}

function SignIn({ reason }: { reason: string | null }) {
  function enter(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    session.signIn(String(new FormData(event.currentTarget).get("token")).trim());
  }
  return (
    <form onSubmit={enter}>
      {reason !== null && <p role="alert">Sign in again ({reason}).</p>}
      <label>
        Token <input name="token" type="password" autoComplete="off" required />
      </label>
      <button>Sign in</button>
    </form>
  );
}

function Signed() {
  const client = useApolloClient();
  const { data } = useQuery(VIEWER);
  const [shown, setShown] = useState<string | null>(null);
  async function signOut() {
    session.signOut();
    // What is cached belongs to the company of the token.
    await client.clearStore();
  }
  return (
    <>
      <p>
        {data?.viewer.company?.name} · {data?.viewer.subject} <button onClick={signOut}>Sign out</button>
      </p>
      {shown === null ? (
        <CustomerList onOpen={setShown} />
      ) : (
        <>
          <button onClick={() => setShown(null)}>All customers</button>
          <CustomerPage key={shown} id={shown} />
        </>
      )}
    </>
  );
}
