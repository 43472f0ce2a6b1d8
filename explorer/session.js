// Who is asking: a credential that lives in this page's memory alone, and what the service says about it.

const ENDPOINT = window.location.pathname;
const SIGN_IN = document.querySelector("meta[name=sign-in]")?.content;
const VIEWER = "{ viewer { subject scopes expiresAt company { name } } }";
const ASK = "Paste a token or an API key to run operations and to load the schema.";
const RENEWED = new Set(["TOKEN_EXPIRED", "TOKEN_NOT_ACCEPTED"]);

/** What the page shows while it holds no credential that is accepted. */
export const SIGNED_OUT = { headers: null, viewer: null, notice: ASK, isRefusal: false };

/** The header that carries a credential, or what is wrong with its form. */
export function headersOf(typed) {
  const credential = typed.trim().replace(/^bearer\s+/i, "");
  if (!/^[\x21-\x7e]+$/.test(credential)) throw new Error("A token or an API key is one word without spaces: paste it whole.");
  return credential.startsWith("cgk_") ? { "x-api-key": credential } : { authorization: `Bearer ${credential}` };
}

/** One operation; the answer is what GraphiQL shows, whatever its status. */
export async function ask(operation, headers, signal) {
  const response = await fetch(ENDPOINT, {
    method: "POST",
    headers: { accept: "application/graphql-response+json", "content-type": "application/json", ...headers },
    body: JSON.stringify(operation),
    credentials: "omit",
    signal,
  });
  const noJson = { errors: [{ message: `Something before the service answered, and not in JSON: HTTP ${response.status}.` }] };
  return { status: response.status, answer: await response.json().catch(() => noJson) };
}

/** A session with this credential: the viewer where it is accepted, and else the reason. */
export async function open(headers) {
  const reply = await ask({ query: VIEWER }, headers);
  const viewer = reply.answer.data?.viewer;
  return viewer ? { headers, viewer, notice: null, isRefusal: false } : refused(reply);
}

/** The session after a credential was refused. */
export function refused({ status, answer }) {
  const error = answer.errors?.[0];
  const code = error?.extensions?.code ?? `HTTP ${status}`;
  return { ...SIGNED_OUT, notice: `${error?.message ?? "The service gave no reason."} (${code})`, isRefusal: true };
}

/** What an answer says about scopes that the credential lacks; null if nothing. */
export function missingScopes(answer) {
  const forbidden = (answer.errors ?? []).filter((error) => error.extensions?.code === "FORBIDDEN");
  const scopes = [...new Set(forbidden.map((error) => error.extensions.requiredScope))];
  return scopes.length ? `This credential lacks the scope ${scopes.join(", ")}: sign in with one that has it. (FORBIDDEN)` : null;
}

/** Whether this page gets its credentials from the service itself, as it does in development. */
export const signsIn = Boolean(SIGN_IN);

/** A session with a new development token. */
export async function signIn() {
  const response = await fetch(SIGN_IN, { method: "POST", credentials: "omit" });
  if (!response.ok) return { ...SIGNED_OUT, notice: await response.text() };
  const { token } = await response.json();
  return open(headersOf(token));
}

/** Whether a new development token may help after this reply: the old one has expired, or the service's key is another. */
export function canRenew({ status, answer }) {
  return signsIn && status === 401 && RENEWED.has(answer.errors?.[0]?.extensions?.code);
}
