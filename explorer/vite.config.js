// Builds the explorer into the folder that the service serves: index.html, and beside it `explorer/` with hashed names.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { defineConfig } from "vite";
import { EDITOR_COLORS } from "./colors.js";

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

const EXPLORER = /graphiql-explorer\/dist\/Explorer\.js$/;
const HISTORY = /@graphiql\/plugin-history\/dist\/components\.js$/;
const CONSTANTS = /@graphiql\/react\/dist\/constants\.js$/;
const NAMED = "Buttons show a sign alone: they get a name, for screen readers and as a tooltip.";

/** The properties of a button that name it, by an expression. */
function nameOf(name) {
  return `title: ${name}, "aria-label": ${name},`;
}

// What is corrected in libraries: in which file, what for, the code that is there, and what takes its place; `$&` in that is the code itself.
const CORRECTIONS = [
  {
    file: EXPLORER,
    reason: "The query builder knows no lists and logs an error for each: show them as they are written.",
    found: "(argValue.kind === 'Variable')",
    put: "(argValue.kind === 'ListValue') { input = React.createElement('span', null, (0, _graphql.print)(argValue)); } else if (argValue.kind === 'Variable')",
  },
  {
    file: EXPLORER,
    reason: "Each value takes the focus as it is shown, so that the builder opens at the last one: only the first one after a click in the builder.",
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
    reason: "Every operation of the history was called alike by screen readers, and not by its own name.",
    found: '"aria-label": "Set active"',
    put: '"aria-label": `Load ${displayName} into the editors`',
  },
  {
    file: HISTORY,
    reason: 'It doesn\'t say what "active" means.',
    found: 'label: "Set active"',
    put: 'label: "Load into the editors"',
  },
  {
    file: /@graphiql\/react\/dist\/icons\/index\.js$/,
    reason: 'Icons have titles such as "docs icon", which say what is drawn and not what it is for: that is said by the buttons.',
    found: `RawComponent.name.replace("Svg", "").replaceAll(/([A-Z])/g, " $1").trimStart().toLowerCase() + " icon"`,
    put: "undefined",
  },
  {
    file: /@graphiql\/react\/dist\/icons\/index\.js$/,
    reason: "Without a title an icon is decoration, also for screen readers.",
    found: "jsx(RawComponent, {",
    put: '$& "aria-hidden": "true",',
  },
  {
    file: CONSTANTS,
    reason: "The pink of Monaco's links and lists has a contrast of 4.1 on its own tint in the light.",
    found: '"#d60590"',
    put: '"#b8057c"',
  },
  {
    file: CONSTANTS,
    reason: "It has 4.3 in the dark.",
    found: '"#ff5794"',
    put: '"#ff8ab5"',
  },
  {
    file: CONSTANTS,
    reason: "Brackets, numbers, comments, directives and line numbers have contrasts of 1.7 to 4.4.",
    found: "export { DEFAULT_PRETTIFY_QUERY",
    put: `for (const [theme, { colors, rules }] of Object.entries(${JSON.stringify(EDITOR_COLORS)})) {
      Object.assign(MONACO_THEME_DATA[theme].colors, colors);
      MONACO_THEME_DATA[theme].rules.push(...rules);
    }
    $&`,
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
          code = parts.join(put.replace("$&", () => found));
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
    },
  },
  plugins: [corrections(), precompressed()],
  worker: { format: "es" },
});
