// Prints the names of the rules that find something in this folder.
import { ESLint } from "eslint";

const results = await new ESLint().lintFiles("schema.graphql");
const rules = results.flatMap(({ messages }) => messages.map(({ ruleId }) => ruleId?.replace("@graphql-eslint/", "")));
process.stdout.write(JSON.stringify([...new Set(rules)]));
