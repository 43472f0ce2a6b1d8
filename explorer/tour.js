// The tabs of a first visit: the documents of the tour, with their variables.
const documents = import.meta.glob("./tour/*.graphql", { query: "?raw", import: "default", eager: true });
const variables = import.meta.glob("./tour/*.variables.json", { query: "?raw", import: "default", eager: true });

export const TOUR = Object.keys(documents)
  .sort()
  .map((path) => ({
    query: documents[path].trimEnd(),
    variables: variables[path.replace(/\.graphql$/, ".variables.json")].trimEnd(),
  }));
