import type { CodegenConfig } from "@graphql-codegen/cli";

// #region codegen
const config: CodegenConfig = {
  schema: "../../schema.graphql",
  documents: "src/*.tsx",
  generates: {
    "src/generated/": {
      preset: "client",
      presetConfig: { fragmentMasking: false },
      config: {
        enumsAsTypes: true,
        useTypeImports: true,
        // A scalar that is missing here is an error instead of `any`.
        strictScalars: true,
        scalars: {
          Date: "string",
          DateTime: "string",
          Decimal: "string",
          JSON: "unknown",
          Metadata: "Record<string, string | number | boolean>",
          MetadataValue: "string | number | boolean",
          // Only gateways use these.
          _Any: "never",
          federation__FieldSet: "never",
          federation__Scope: "never",
          link__Import: "never",
        },
      },
    },
    "src/generated/possibleTypes.ts": { plugins: ["fragment-matcher"] },
  },
};
// #endregion

export default config;
