// The page: a bar that says who is asking, and GraphiQL below it.
import "./workers.js";
import "graphiql/style.css";
import "@graphiql/plugin-explorer/style.css";
import "./page.css";
import { useCallback, useEffect, useMemo, useState } from "react";
import { createRoot } from "react-dom/client";
import { GraphiQL, HISTORY_PLUGIN } from "graphiql";
import { explorerPlugin } from "@graphiql/plugin-explorer";
import { Bar } from "./bar.jsx";
import * as sessions from "./session.js";
import { FIRST_VARIABLES, TOUR } from "./tour.js";

const PLUGINS = [HISTORY_PLUGIN, explorerPlugin()];
// Scalars that take more than one kind of JSON value, for the editor of variables.
const SCALARS = { JSON: {}, Metadata: { type: "object" }, MetadataValue: {}, _Any: { type: "object" } };

/** GraphiQL's fetcher for a session; a new session makes a new one, whereupon GraphiQL loads the schema anew. */
function fetcherOf({ headers }, tell) {
  return async (operation, { signal } = {}) => {
    if (headers === null) return { errors: [{ message: "Not signed in: paste a token or an API key above." }] };
    const { status, answer } = await sessions.ask(operation, headers, signal);
    if (status === 401) tell(status, answer);
    else tell(null, answer);
    return answer;
  };
}

function Page() {
  const [session, setSession] = useState(sessions.signsIn ? null : sessions.SIGNED_OUT);
  const [lacking, setLacking] = useState(null);
  const failed = (error) => setSession({ ...sessions.SIGNED_OUT, notice: error.message, isRefusal: true });
  const enter = (opening) => {
    setLacking(null);
    return opening.then(setSession, failed);
  };
  const tell = useCallback((status, answer) => {
    setLacking(sessions.missingScopes(answer));
    if (sessions.canRenew(status, answer)) enter(sessions.signIn());
    else if (status !== null) setSession(sessions.refused(status, answer));
  }, []);
  const fetcher = useMemo(() => fetcherOf(session ?? sessions.SIGNED_OUT, tell), [session, tell]);
  useEffect(() => {
    if (sessions.signsIn) enter(sessions.signIn());
  }, []);

  return (
    <>
      <Bar
        session={session}
        lacking={lacking}
        onSignIn={(typed) => {
          try {
            return enter(sessions.open(sessions.headersOf(typed)));
          } catch (error) {
            return failed(error);
          }
        }}
        onSignOut={() => setSession(sessions.SIGNED_OUT)}
      />
      <GraphiQL
        fetcher={fetcher}
        // Null is for GraphiQL a reason not to ask, and without a credential nothing would answer.
        schema={session?.headers ? undefined : null}
        plugins={PLUGINS}
        defaultTabs={TOUR}
        initialVariables={FIRST_VARIABLES}
        defaultEditorToolsVisibility="variables"
        customScalarSchemas={SCALARS}
        // Credentials are the bar's: headers typed here would be kept in the history of this browser.
        isHeadersEditorEnabled={false}
        shouldPersistHeaders={false}
        showPersistHeadersSettings={false}
      />
    </>
  );
}

createRoot(document.getElementById("root")).render(<Page />);
