// Both subgraphs behind Apollo's gateway.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { composeServices } from "@apollo/composition";
import { ApolloGateway, RemoteGraphQLDataSource } from "@apollo/gateway";
import { parse } from "graphql";
import { operations } from "./operations.mjs";
import { customers, invoices } from "./subgraphs.mjs";

// This gateway starts with no supergraph that has scopes, as it can't check them. The service does.
const withoutScopes = parse(readFileSync(process.env.SERVICE_SCHEMA_WITHOUT_SCOPES, "utf8"));

class Subgraph extends RemoteGraphQLDataSource {
  willSendRequest({ request, context }) {
    if (context.token) request.http.headers.set("authorization", `Bearer ${context.token}`);
  }
}

const { supergraphSdl, errors } = composeServices([{ ...customers, typeDefs: withoutScopes }, invoices]);
if (errors) throw new AggregateError(errors);
const refusal = await new ApolloGateway({ supergraphSdl: composeServices([customers, invoices]).supergraphSdl }).load().then(
  () => "accepted",
  (error) => error.causes.map(({ extensions }) => extensions.code),
);
const gateway = new ApolloGateway({ supergraphSdl, buildService: ({ url }) => new Subgraph({ url }) });
const { schema, executor } = await gateway.load();

const answers = { refusal };
for (const [name, [token, query, variables]] of Object.entries(operations)) {
  const queryHash = createHash("sha256").update(query).digest("hex");
  const request = { query, variables };
  answers[name] = await executor({ schema, request, document: parse(query), queryHash, context: { token } });
}
await gateway.stop();
process.stdout.write(JSON.stringify(answers));
