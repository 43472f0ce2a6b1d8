// Types from the running service; a scalar that is not named here fails the build.
export default {
  schema: {
    [process.env.SERVICE_URL]: {
      headers: { authorization: `Bearer ${process.env.SERVICE_TOKEN}` },
    },
  },
  documents: "client.ts",
  generates: {
    "generated/": {
      preset: "client",
      config: {
        documentMode: "string",
        strictScalars: true,
        emitLegacyCommonJSImports: false,
        scalars: {
          Date: "string",
          DateTime: "string",
          Decimal: "string",
          JSON: "unknown",
          Metadata: "Record<string, string | number | boolean>",
          MetadataValue: "string | number | boolean",
          // Gateways' own, which no client meets.
          _Any: "never",
          federation__FieldSet: "never",
          federation__Scope: "never",
          link__Import: "never",
        },
      },
    },
  },
};
