// Grafbase's gateway in front of both subgraphs, in a process of its own.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const { SERVICE_SCHEMA, SERVICE_URL, EXAMPLE_SCHEMA, EXAMPLE_URL } = process.env;
const program = createRequire(import.meta.url).resolve("@grafbase/cli-x86_64-unknown-linux-musl/grafbase");
const seconds = 30;

// Its parser doesn't know descriptions of `schema`.
const described = readFileSync(SERVICE_SCHEMA, "utf8");
const schema = described.replace(/^"""[^]*?"""\s*(?=schema )/, "");
if (schema === described) throw new Error(`${SERVICE_SCHEMA} doesn't begin with a description`);

const configuration = `
[subgraphs.customers]
schema_path = "customers.graphql"
url = "${SERVICE_URL}"
websocket_url = "${SERVICE_URL.replace("http", "ws")}"

[subgraphs.invoices]
schema_path = "${EXAMPLE_SCHEMA}"
url = "${EXAMPLE_URL}"

[[headers]]
rule = "forward"
name = "authorization"
`;

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

async function answering(url, child, output) {
  const body = JSON.stringify({ query: "{ __typename }" });
  for (const deadline = Date.now() + seconds * 1000; Date.now() < deadline && child.exitCode === null;) {
    const response = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body }).catch(() => {});
    if (response?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(readFileSync(output, "utf8"));
}

/** Run `use` with the addresses of the gateway for requests and for WebSockets. */
export async function withGateway(use) {
  const folder = mkdtempSync(join(tmpdir(), "gateway-"));
  const output = join(folder, "output");
  writeFileSync(join(folder, "customers.graphql"), schema);
  writeFileSync(join(folder, "grafbase.toml"), configuration);
  const address = `127.0.0.1:${await freePort()}`;
  const log = createWriteStream(output);
  await once(log, "open");
  const child = spawn(program, ["dev", "--listen-address", address], {
    cwd: folder,
    env: { ...process.env, GRAFBASE_HOME: folder },
    stdio: ["ignore", log, log],
  });
  try {
    await answering(`http://${address}/graphql`, child, output);
    return await use(`http://${address}/graphql`, `ws://${address}/ws`);
  } finally {
    if (child.exitCode === null && child.kill()) await once(child, "exit");
    rmSync(folder, { recursive: true });
  }
}
