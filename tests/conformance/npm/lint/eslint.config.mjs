// Both sets of rules for schemas, with everything that is excepted and why.
import graphql from "@graphql-eslint/eslint-plugin";
import { excepted } from "./excepted.mjs";

const { rules: recommended } = graphql.configs["flat/schema-recommended"];
const { rules: relay } = graphql.configs["flat/schema-relay"];

export default [
  {
    files: ["**/*.graphql"],
    plugins: { "@graphql-eslint": graphql },
    processor: excepted,
    languageOptions: {
      parser: graphql.parser,
      parserOptions: { graphQLConfig: { schema: "schema.graphql" } },
    },
    rules: {
      ...recommended,
      ...relay,
      // What has an id of its own can be asked for again; these are parts, answers and values.
      "@graphql-eslint/strict-id-in-types": [
        "error",
        {
          exceptions: {
            suffixes: ["Connection", "Edge", "Error", "Payload"],
            types: [
              "BillingDocumentLine", // its document's id and its number name it
              "BillingTransitionPreview", // nothing of a preview is stored
              "PreviewedCut",
              "PreviewedDocument",
              "PreviewedLine",
              "PreviewedMove",
              "PreviewedTotal",
              "Change", // the id of the changed object and the version name it
              "FieldChange", // a part of a change
              "ChangeEvents", // a part of the feed between two cursors
              "PageInfo", // Relay's own type has none
              "SubscriptionTransition", // an acknowledgement, which holds the id that it is about
              "UpsertContactsResult", // a row of an answer, as the next ones
              "UpsertCustomerGroupsResult",
              "UpsertCustomersResult",
              "UpsertDepartmentsResult",
              "UpsertLedgerAccountsResult",
              "UpsertSubscriptionsResult",
              "_Service", // federation's own type has none
              "Viewer", // there is one for each request
            ],
          },
        },
      ],
      // Lists that are small by nature are no connections: docs/adr/0008.
      "@graphql-eslint/relay-edge-types": ["error", { listTypeCanWrapOnlyEdgeType: false }],
      // Relay's specification asks for forward or backward arguments; nested connections go forward.
      "@graphql-eslint/relay-arguments": ["error", { includeBoth: false }],
    },
  },
];
