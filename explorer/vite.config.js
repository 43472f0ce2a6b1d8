// Builds the explorer into the folder that the service serves: index.html, and beside it `explorer/` with hashed names.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { defineConfig } from "vite";

const ASSETS = "explorer";

/** Lays a `.gz` beside each finished file of the bundle, so that the service has nothing to compress. */
function precompressed() {
  return {
    name: "precompressed",
    writeBundle({ dir }, bundle) {
      for (const fileName of Object.keys(bundle).filter((name) => name.startsWith(`${ASSETS}/`))) {
        const path = join(dir, fileName);
        writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }));
      }
    },
  };
}

/** Has the query builder show lists as they are written; it knows none, and graphiql-explorer 0.9 logs an error for each. */
function listsInBuilder() {
  const BRANCH = "(argValue.kind === 'Variable')";
  const SHOWN = "(argValue.kind === 'ListValue') { input = React.createElement('span', null, (0, _graphql.print)(argValue)); } else if ";
  return {
    name: "lists-in-builder",
    transform: {
      filter: { id: /graphiql-explorer\/dist\/Explorer\.js$/ },
      handler(code) {
        const parts = code.split(BRANCH);
        if (parts.length !== 2) this.error("graphiql-explorer is another one: see whether its builder knows lists now.");
        return { code: parts.join(SHOWN + BRANCH), map: null };
      },
    },
  };
}

export default defineConfig({
  // Relative, so that the page works under whatever path a proxy gives the service.
  base: "./",
  build: {
    outDir: "../app/web/explorer_bundle",
    emptyOutDir: true,
    assetsDir: ASSETS,
    assetsInlineLimit: 0,
    target: "es2022",
    chunkSizeWarningLimit: 5000,
    rolldownOptions: {
      // Server components are not a thing here, and a third of the libraries mark themselves for them.
      onwarn: (warning, warn) => warning.code === "MODULE_LEVEL_DIRECTIVE" || warn(warning),
      // GraphiQL makes the titles of its icons from the names of functions.
      output: { keepNames: true },
    },
  },
  plugins: [listsInBuilder(), precompressed()],
  worker: { format: "es" },
});
