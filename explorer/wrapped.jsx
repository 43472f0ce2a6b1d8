// Wraps long lines in the editors; otherwise their ends are hidden by the toolbar.
import { useEffect } from "react";
import { pick, useGraphiQL } from "@graphiql/react";

export function WrappedLines() {
  const { queryEditor, variableEditor } = useGraphiQL(pick("queryEditor", "variableEditor"));
  useEffect(() => {
    for (const editor of [queryEditor, variableEditor]) editor?.updateOptions({ wordWrap: "on" });
  }, [queryEditor, variableEditor]);
  return null;
}
