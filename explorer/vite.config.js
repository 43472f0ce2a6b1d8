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
  plugins: [precompressed()],
  worker: { format: "es" },
});
