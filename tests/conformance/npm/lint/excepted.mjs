// Findings that are let through one by one, because their rules have no option for it; one that is no longer found is a fault.
const rest = "the REST API's clients know it by this name";
const federation = "the specification of federation names it so";
const exceptions = [
  ["directive @oneOf", "Description is required", "GraphQL's own directive, which tools describe themselves"],
  ["customerNumber: String!", 'starts with the name of the parent type "Customer"', rest],
  ["customerType: CustomerType!", 'starts with the name of the parent type "Customer"', rest],
  ["customerGroupId: ID!", 'starts with the name of the parent type "Customer"', rest],
  ["customerGroupNumber: String!", 'starts with the name of the parent type "Customer"', rest],
  ["customerGroupName: String!", 'starts with the name of the parent type "Customer"', rest],
  ...["_entities(", "representations: [_Any!]!", "): [_Entity]!", "_service: _Service!"].map((field) => [field, "Leading underscores", federation]),
  ...["_entities(", "_service: _Service!"].map((field) => [field, "should be in camelCase", federation]),
  ...["scalar _Any", "union _Entity", "type _Service"].map((type) => [type, "Leading underscores", federation]),
  ...["scalar _Any", "union _Entity", "type _Service"].map((type) => [type, "should be in PascalCase", federation]),
  ...["scalar federation__FieldSet", "scalar federation__Scope", "scalar link__Import", "enum link__Purpose"].map((type) => [type, "should be in PascalCase", federation]),
  ["changes: [FieldChange!]!", 'starts with the name of the parent type "Change"', "what changed, as the history of customers named it"],
  ["type BillingDocumentLineEdge {", "must implement `Node`", "a line is read with its document and has no id of its own"],
  ["type WebhookDeliveryEdge {", "must implement `Node`", "a delivery is read with its endpoint, which is a setting"],
  ["type ChangeEdge {", "must implement `Node`", "a change is read with the changed object and has no id of its own"],
];

let lines = [];

function preprocess(text) {
  lines = text.split("\n");
  return [text];
}

function postprocess([messages]) {
  const unused = new Set(exceptions);
  const left = messages.filter(({ line, message }) => {
    const found = exceptions.find(([start, words]) => lines[line - 1]?.trim().startsWith(start) && message.includes(words));
    unused.delete(found);
    return found === undefined;
  });
  const stale = [...unused].map((each) => ({ message: `No longer found: ${each}`, severity: 2, line: 1, column: 1 }));
  return [...left, ...stale];
}

export const excepted = { meta: { name: "excepted" }, preprocess, postprocess };
