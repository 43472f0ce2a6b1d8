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

// What is corrected in libraries: in which file, what for, the code that is there, and what takes its place.
const CORRECTIONS = [
  {
    file: /graphiql-explorer\/dist\/Explorer\.js$/,
    reason: "The query builder knows no lists and logs an error for each: show them as they are written.",
    found: "(argValue.kind === 'Variable')",
    put: "(argValue.kind === 'ListValue') { input = React.createElement('span', null, (0, _graphql.print)(argValue)); } else if (argValue.kind === 'Variable')",
  },
  {
    file: /graphiql-explorer\/dist\/Explorer\.js$/,
    reason: "Each value takes the focus as it is shown, so that the builder opens at the last one: only the first one after a click in the builder.",
    found: "if (input && activeElement && !(activeElement instanceof HTMLTextAreaElement)) {",
    put: "if (input && activeElement && activeElement.matches('.graphiql-explorer-root :not(input)')) {",
  },
  {
    file: /@graphiql\/react\/dist\/constants\.js$/,
    reason: "Comments have a contrast of 3.6 in the dark: they get one of more than 4.5.",
    found: 'foreground: "#908aff"',
    put: 'foreground: "#908aff" }, { token: "comment", foreground: "#86b374"',
  },
];

/** Corrects libraries as they are bundled; a new version whose code is another one fails the build. */
function corrections() {
  return {
    name: "corrections",
    transform: {
      filter: { id: CORRECTIONS.map(({ file }) => file) },
      handler(code, id) {
        for (const { reason, found, put } of CORRECTIONS.filter(({ file }) => file.test(id))) {
          const parts = code.split(found);
          if (parts.length !== 2) this.error(`${id} is another one: see whether this is still needed. ${reason}`);
          code = parts.join(put);
        }
        return { code, map: null };
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
  plugins: [corrections(), precompressed()],
  worker: { format: "es" },
});
