// The tabs of a first visit: the documents of the tour, each with its variables.
const documents = import.meta.glob("./tour/*.graphql", { query: "?raw", import: "default", eager: true });
const variables = import.meta.glob("./tour/*.variables.json", { query: "?raw", import: "default", eager: true });

export const TOUR = Object.keys(documents)
  .sort()
  .map((path) => ({
    query: documents[path].trimEnd(),
    variables: variables[path.replace(/\.graphql$/, ".variables.json")].trimEnd(),
  }));

/** The variables of the tab that a first visit shows: GraphiQL fills in those of the others by itself, as they are opened. */
export const FIRST_VARIABLES = isFirstVisit() ? TOUR[0].variables : undefined;

function isFirstVisit() {
  try {
    return localStorage.getItem("graphiql:tabState") === null;
  } catch {
    // A browser that keeps nothing has every visit as its first.
    return true;
  }
}
