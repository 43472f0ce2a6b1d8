// Keeps GraphiQL's state in step with its editors.
import { useEffect, useLayoutEffect, useRef } from "react";
import { pick, useGraphiQL, useGraphiQLActions } from "@graphiql/react";
import { getSelectedOperationName } from "@graphiql/toolkit";
import { getOperationFacts } from "graphql-language-service";

/**
 * GraphiQL 5.4 reads the editors 100 ms after a change. Until then it uses the operation names of the previous document,
 * and loses what was typed if another tab is opened. This component reads the editors before the browser handles the next
 * event. Tests: tests/explorer/test_tabs.py.
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
    // Without a schema, which would only add the variables' types; they aren't used here.
    const { documentAST, operations } = getOperationFacts(null, query) ?? {};
    const operationName = getSelectedOperationName(latest.current.operations, latest.current.operationName, operations);
    setOperationFacts({ documentAST, operationName, operations });
    updateActiveTabValues({ query, operationName: operationName ?? null });
  });
  useOnChange(variableEditor, (variables) => updateActiveTabValues({ variables }));
  return null;
}

/** Call back with an editor's text, at the end of the task that changed it. */
function useOnChange(editor, read) {
  const latest = useRef(read);
  useLayoutEffect(() => {
    latest.current = read;
  });
  useEffect(() => {
    const model = editor?.getModel();
    // Deferred, because GraphiQL fills the editors of a newly opened tab before it reports that tab as active.
    const listener = model?.onDidChangeContent(() => queueMicrotask(() => latest.current(model.getValue())));
    return () => listener?.dispose();
  }, [editor]);
}
