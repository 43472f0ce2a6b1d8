// Lets the editors follow the system when it turns light or dark: GraphiQL 5.4 asks only when the page opens, and left
// them with the colors of the other theme. Test: tests/explorer/test_contrast.py.
import { useEffect } from "react";
import { pick, useGraphiQL, useGraphiQLActions } from "@graphiql/react";

export function SystemTheme() {
  const { setTheme } = useGraphiQLActions();
  const { theme } = useGraphiQL(pick("theme"));
  useEffect(() => {
    const system = window.matchMedia("(prefers-color-scheme: dark)");
    // A theme that was chosen stays.
    const follow = () => theme ?? setTheme(null);
    system.addEventListener("change", follow);
    return () => system.removeEventListener("change", follow);
  }, [theme, setTheme]);
  return null;
}
