// Lines that are longer than an editor is wide go on below instead of ending under the toolbar.
import { useEffect } from "react";
import { pick, useGraphiQL } from "@graphiql/react";

export function WrappedLines() {
  const { queryEditor, variableEditor } = useGraphiQL(pick("queryEditor", "variableEditor"));
  useEffect(() => {
    for (const editor of [queryEditor, variableEditor]) editor?.updateOptions({ wordWrap: "on" });
  }, [queryEditor, variableEditor]);
  return null;
}
