// The page: a bar that says who is asking, and GraphiQL below it.
import "./workers.js";
import "graphiql/style.css";
import "@graphiql/plugin-explorer/style.css";
import "./page.css";
import "./readable.css";
import { useEffect, useMemo, useState } from "react";
import { createRoot } from "react-dom/client";
import { GraphiQL, HISTORY_PLUGIN } from "graphiql";
import { explorerPlugin } from "@graphiql/plugin-explorer";
import { ANSWERS, AnswersInTabs } from "./answers.jsx";
import { Bar } from "./bar.jsx";
import { OPENING } from "./opening.js";
import * as sessions from "./session.js";
import { EditorSync } from "./sync.jsx";
import { WrappedLines } from "./wrapped.jsx";

// Its own name, "GraphiQL Explorer", is what the button would say, and says nothing of what it is for.
const PLUGINS = [HISTORY_PLUGIN, { ...explorerPlugin(), title: "Query Builder" }];
// Scalars that take more than one kind of JSON value, for the editor of variables.
const SCALARS = { JSON: {}, Metadata: { type: "object" }, MetadataValue: {}, _Any: { type: "object" } };

const NOT_SIGNED_IN = { errors: [{ message: "Not signed in: paste a token or an API key above." }] };

/** GraphiQL's fetcher for a session; a new session makes a new one, whereupon GraphiQL loads the schema anew. */
function fetcherOf({ headers }, onSession, onAnswer) {
  return async (operation, { signal } = {}) => {
    if (headers === null) return NOT_SIGNED_IN;
    let reply = await sessions.ask(operation, headers, signal);
    if (sessions.canRenew(reply)) {
      const renewed = await sessions.signIn();
      onSession(renewed);
      if (renewed.headers) reply = await sessions.ask(operation, renewed.headers, signal);
    } else if (reply.status === 401) {
      onSession(sessions.refused(reply));
    }
    onAnswer(reply.answer);
    return reply.answer;
  };
}

function Page() {
  const [session, setSession] = useState(sessions.signsIn ? null : sessions.SIGNED_OUT);
  const [lacking, setLacking] = useState(null);
  const fetcher = useMemo(
    () =>
      ANSWERS.of(
        fetcherOf(session ?? sessions.SIGNED_OUT, setSession, (answer) => setLacking(sessions.missingScopes(answer))),
      ),
    [session],
  );
  const enter = async (open) => {
    setLacking(null);
    try {
      setSession(await open());
    } catch (error) {
      setSession({ ...sessions.SIGNED_OUT, notice: error.message, isRefusal: true });
    }
  };
  useEffect(() => {
    if (sessions.signsIn) enter(sessions.signIn);
  }, []);

  return (
    <>
      <Bar
        session={session}
        lacking={lacking}
        onSignIn={(typed) => enter(() => sessions.open(sessions.headersOf(typed)))}
        onSignOut={() => enter(() => sessions.SIGNED_OUT)}
      />
      <GraphiQL
        fetcher={fetcher}
        // Null is for GraphiQL a reason not to ask, and without a credential nothing would answer.
        schema={session?.headers ? undefined : null}
        plugins={PLUGINS}
        {...OPENING}
        onTabChange={ANSWERS.follow}
        defaultEditorToolsVisibility="variables"
        customScalarSchemas={SCALARS}
        schemaDescription
        // Credentials are the bar's: headers typed here would be kept in the history of this browser.
        isHeadersEditorEnabled={false}
        shouldPersistHeaders={false}
        showPersistHeadersSettings={false}
      >
        <EditorSync />
        <AnswersInTabs />
        <WrappedLines />
      </GraphiQL>
    </>
  );
}

createRoot(document.getElementById("root")).render(<Page />);
