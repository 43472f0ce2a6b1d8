// The page: a bar that shows who is signed in, and GraphiQL below it.
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
import { SystemTheme } from "./theme.jsx";
import { WrappedLines } from "./wrapped.jsx";

// The plugin's own title, "GraphiQL Explorer", doesn't say what its button does.
const PLUGINS = [HISTORY_PLUGIN, { ...explorerPlugin(), title: "Query Builder" }];
// Scalars with more than one kind of JSON value, for the variables editor.
const SCALARS = { JSON: {}, Metadata: { type: "object" }, MetadataValue: {}, _Any: { type: "object" } };

const NOT_SIGNED_IN = { errors: [{ message: "Not signed in. Paste a token or an API key above." }] };

/** Return what sends operations in a session. Each session gets a new one, so that GraphiQL loads the schema again. */
function askerOf({ headers }, onSession) {
  return async (operation, options) => {
    if (headers === null) return { status: 401, answer: NOT_SIGNED_IN };
    const reply = await sessions.ask(operation, headers, options);
    if (sessions.canRenew(reply)) {
      const renewed = await sessions.signIn();
      onSession(renewed);
      return renewed.headers ? sessions.ask(operation, renewed.headers, options) : reply;
    }
    if (reply.status === 401) onSession(sessions.refused(reply));
    return reply;
  };
}

function Page() {
  const [session, setSession] = useState(sessions.signsIn ? null : sessions.SIGNED_OUT);
  const [lacking, setLacking] = useState(null);
  const fetcher = useMemo(
    () =>
      ANSWERS.of(askerOf(session ?? sessions.SIGNED_OUT, setSession), (answer) =>
        setLacking(sessions.missingScopes(answer)),
      ),
    [session],
  );
  const enter = async (open) => {
    setLacking(null);
    // They were opened with another credential.
    ANSWERS.stopStreams();
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
        // With null, GraphiQL doesn't load the schema, which would fail without a credential.
        schema={session?.headers ? undefined : null}
        plugins={PLUGINS}
        {...OPENING}
        onTabChange={ANSWERS.follow}
        defaultEditorToolsVisibility="variables"
        customScalarSchemas={SCALARS}
        schemaDescription
        // The bar handles credentials: GraphiQL would store typed headers in the browser's history of operations.
        isHeadersEditorEnabled={false}
        shouldPersistHeaders={false}
        showPersistHeadersSettings={false}
      >
        <EditorSync />
        <AnswersInTabs />
        <SystemTheme />
        <WrappedLines />
      </GraphiQL>
    </>
  );
}

createRoot(document.getElementById("root")).render(<Page />);
