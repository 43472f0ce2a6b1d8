// Keeps GraphiQL's state in step with its editors.
import { useEffect, useLayoutEffect, useRef } from "react";
import { pick, useGraphiQL, useGraphiQLActions } from "@graphiql/react";
import { getSelectedOperationName } from "@graphiql/toolkit";
import { getOperationFacts } from "graphql-language-service";

/**
 * GraphiQL 5.4 reads the editors 100 ms after they have changed. Until then it runs a document by the name of an operation of the
 * previous one, offers the previous one's operations, and forgets what was typed if the tab is left. This component reads them
 * before the browser handles the next event. The tests of it are tests/explorer/test_tabs.py.
 */
export function EditorSync() {
  const { setOperationFacts, updateActiveTabValues } = useGraphiQLActions();
  const { queryEditor, variableEditor } = useGraphiQL(pick("queryEditor", "variableEditor"));
  const previous = useGraphiQL(pick("operations", "operationName"));
  const latest = useRef(previous);
  useLayoutEffect(() => {
    latest.current = previous;
  });

  useOnChange(queryEditor, (query) => {
    // Without a schema: it would add the variables' types, which nothing here needs.
    const { documentAST, operations } = getOperationFacts(null, query) ?? {};
    const operationName = getSelectedOperationName(latest.current.operations, latest.current.operationName, operations);
    setOperationFacts({ documentAST, operationName, operations });
    updateActiveTabValues({ query, operationName: operationName ?? null });
  });
  useOnChange(variableEditor, (variables) => updateActiveTabValues({ variables }));
  return null;
}

/** Calls back with an editor's text, at the end of the task that changed it. */
function useOnChange(editor, read) {
  const latest = useRef(read);
  useLayoutEffect(() => {
    latest.current = read;
  });
  useEffect(() => {
    const model = editor?.getModel();
    // Not at once: GraphiQL fills the editors while it changes to another tab, before it says which tab is the active one.
    const listener = model?.onDidChangeContent(() => queueMicrotask(() => latest.current(model.getValue())));
    return () => listener?.dispose();
  }, [editor]);
}
