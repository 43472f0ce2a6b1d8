// Composes the service's schema alone and with the example's, with every composer.
import { composeServices as apollo } from "@apollo/composition";
import { composeServices as hive } from "@theguild/federation-composition";
import { ROUTER_COMPATIBILITY_VERSION_ONE as version, federateSubgraphs } from "@wundergraph/composition";
import { customers, invoices } from "./subgraphs.mjs";

const messages = (faults = []) => faults.map(({ message }) => message);

function cosmo(services) {
  const subgraphs = services.map(({ name, url, typeDefs }) => ({ name, url, definitions: typeDefs }));
  const { errors, warnings, federatedGraphSchema } = federateSubgraphs({ subgraphs, version });
  return { errors, hints: warnings, schema: federatedGraphSchema };
}

const composers = {
  "@apollo/composition": apollo,
  "@theguild/federation-composition": hive,
  "@wundergraph/composition": cosmo,
};

function outcome(compose, services) {
  const { errors, hints, supergraphSdl, schema } = compose(services);
  return { errors: messages(errors), hints: messages(hints), composed: Boolean(supergraphSdl ?? schema) };
}

const rival = { ...invoices, name: "rival" };
const outcomes = Object.entries(composers).map(([name, compose]) => [
  name,
  {
    alone: outcome(compose, [customers]),
    together: outcome(compose, [customers, invoices]),
    // Two subgraphs with the same fields that are not shareable: every composer must refuse them.
    conflicting: outcome(compose, [customers, invoices, rival]),
  },
]);
process.stdout.write(JSON.stringify(Object.fromEntries(outcomes)));
