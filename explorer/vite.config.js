// Builds the explorer and the page of the REST endpoints into the folder that the service serves: index.html,
// v1/docs.html, and `explorer/` with hashed file names for both.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { defineConfig } from "vite";
import { EDITOR_COLORS } from "./colors.js";
import { keepDigits } from "./v1/document.js";

const ASSETS = "explorer";

/** Write a `.gz` copy of each file of the bundle, so that the service needn't compress. */
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

const EXPLORER = /graphiql-explorer\/dist\/Explorer\.js$/;
const HISTORY = /@graphiql\/plugin-history\/dist\/components\.js$/;
const CONSTANTS = /@graphiql\/react\/dist\/constants\.js$/;
const NAMED = "Buttons show only a symbol: give them a name, for screen readers and as a tooltip.";

/** Return the properties that name a button; `name` is an expression. */
function nameOf(name) {
  return `title: ${name}, "aria-label": ${name},`;
}

// Corrections of libraries: the file, the reason, the code that is found, and what replaces it (`$&` is the found code).
const CORRECTIONS = [
  {
    file: EXPLORER,
    reason: "The query builder doesn't support lists and logs an error for each: show them as text.",
    found: "(argValue.kind === 'Variable')",
    put: "(argValue.kind === 'ListValue') { input = React.createElement('span', null, (0, _graphql.print)(argValue)); } else if (argValue.kind === 'Variable')",
  },
  {
    file: EXPLORER,
    reason: "The builder focuses each value it shows, so it scrolls to the last one: focus only after a click in it.",
    found: "if (input && activeElement && !(activeElement instanceof HTMLTextAreaElement)) {",
    put: "if (input && activeElement && activeElement.matches('.graphiql-explorer-root :not(input)')) {",
  },
  {
    file: EXPLORER,
    reason: NAMED,
    found: "title: isArgValueVariable ? 'Remove the variable' : 'Extract the current value into a GraphQL variable',",
    put: nameOf("isArgValueVariable ? 'Replace the variable by a value' : 'Replace the value by a variable'"),
  },
  {
    file: EXPLORER,
    reason: NAMED,
    found: "title: 'Extract selections into a new reusable fragment',",
    put: nameOf("'Move the selected fields into a fragment'"),
  },
  {
    file: EXPLORER,
    reason: NAMED,
    found: "onClick: function onClick() {\n                  return _this13.props.onOperationDestroy();",
    put: `${nameOf("`Remove this ${operationType}`")} $&`,
  },
  {
    file: EXPLORER,
    reason: NAMED,
    found: "onClick: function onClick() {\n                  return _this13.props.onOperationClone();",
    put: `${nameOf("`Copy this ${operationType}`")} $&`,
  },
  {
    file: EXPLORER,
    reason: NAMED,
    found: "onClick: function onClick() {\n                return _this15.state.newOperationType ?",
    put: `${nameOf("`Add a ${_this15.state.newOperationType}`")} $&`,
  },
  {
    file: HISTORY,
    reason: NAMED,
    found: "onClick: handleClose, children:",
    put: `onClick: handleClose, ${nameOf('"Keep the label as it was"')} children:`,
  },
  {
    file: HISTORY,
    reason: "Screen readers gave every operation of the history the same name.",
    found: '"aria-label": "Set active"',
    put: '"aria-label": `Load ${displayName} into the editors`',
  },
  {
    file: HISTORY,
    reason: 'The label doesn\'t say what "active" means.',
    found: 'label: "Set active"',
    put: 'label: "Load into the editors"',
  },
  {
    file: /@graphiql\/react\/dist\/icons\/index\.js$/,
    reason: 'Icons have titles such as "docs icon", which describe the drawing; the buttons already say what they do.',
    found: `RawComponent.name.replace("Svg", "").replaceAll(/([A-Z])/g, " $1").trimStart().toLowerCase() + " icon"`,
    put: "undefined",
  },
  {
    file: /@graphiql\/react\/dist\/icons\/index\.js$/,
    reason: "Without a title, an icon is decoration: hide it from screen readers.",
    found: "jsx(RawComponent, {",
    put: '$& "aria-hidden": "true",',
  },
  {
    file: /@graphiql\/react\/dist\/stores\/execution\.js$/,
    reason: "GraphiQL stops a subscription when its tab is left: let answers.jsx say what the stop button stops.",
    found: "stop() {",
    put: "setSubscription(subscription, isFetching) { set({ subscription, isFetching }); }, $&",
  },
  {
    file: CONSTANTS,
    reason: "In the light theme, the pink of links and lists has a contrast of only 4.1 on its own tint.",
    found: '"#d60590"',
    put: '"#b8057c"',
  },
  {
    file: CONSTANTS,
    reason: "In the dark theme, it has 4.3.",
    found: '"#ff5794"',
    put: '"#ff8ab5"',
  },
  {
    file: CONSTANTS,
    reason: "Brackets, numbers, comments, directives and line numbers have contrasts of only 1.7 to 4.4.",
    found: "export { DEFAULT_PRETTIFY_QUERY",
    put: `for (const [theme, { colors, rules }] of Object.entries(${JSON.stringify(EDITOR_COLORS)})) {
      Object.assign(MONACO_THEME_DATA[theme].colors, colors);
      MONACO_THEME_DATA[theme].rules.push(...rules);
    }
    $&`,
  },
  {
    file: /swagger-ui-es-bundle\.js$/,
    reason: "Answers were shown with 250000 where the service wrote 250000.00.",
    found: 'JSON.stringify(JSON.parse(s),null,"  ")',
    put: `JSON.stringify(JSON.parse(s,${keepDigits}),null,"  ")`,
  },
];

/** Correct libraries while bundling. The build fails if a new version has different code. */
function corrections() {
  return {
    name: "corrections",
    transform: {
      filter: { id: CORRECTIONS.map(({ file }) => file) },
      handler(code, id) {
        for (const { reason, found, put } of CORRECTIONS.filter(({ file }) => file.test(id))) {
          const parts = code.split(found);
          if (parts.length !== 2) this.error(`${id} has changed: is this correction still needed? ${reason}`);
          code = parts.join(put.replace("$&", () => found));
        }
        return { code, map: null };
      },
    },
  };
}

export default defineConfig({
  // Relative, so that the page works under any path that a proxy gives the service.
  base: "./",
  build: {
    outDir: "../app/web/explorer_bundle",
    emptyOutDir: true,
    assetsDir: ASSETS,
    assetsInlineLimit: 0,
    target: "es2022",
    chunkSizeWarningLimit: 5000,
    rolldownOptions: {
      // In a folder like the path that serves it, so that its links to the other files are right.
      input: { index: "index.html", docs: "v1/docs.html" },
      // A third of the libraries contain directives for server components, which don't exist here.
      onwarn: (warning, warn) => warning.code === "MODULE_LEVEL_DIRECTIVE" || warn(warning),
    },
  },
  plugins: [corrections(), precompressed()],
  worker: { format: "es" },
});
