// Prints the supergraph of both subgraphs.
import { composeServices } from "@theguild/federation-composition";
import { customers, invoices } from "./subgraphs.mjs";

const { supergraphSdl, errors } = composeServices([customers, invoices]);
if (errors) throw new AggregateError(errors);
process.stdout.write(`${supergraphSdl}\n`);
