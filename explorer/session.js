// The session: a credential, kept only in this page's memory, and the service's answer about it.
import { eventsOf } from "./events.js";

const ENDPOINT = window.location.pathname;
const SIGN_IN = document.querySelector("meta[name=sign-in]")?.content;
const VIEWER = "{ viewer { subject scopes expiresAt company { name } } }";
const ASK = "Paste a token or an API key to run operations and to load the schema.";
const EVENT_STREAM = "text/event-stream";
const RENEWED = new Set(["TOKEN_EXPIRED", "TOKEN_NOT_ACCEPTED"]);
const REJECTED = new Set([...RENEWED, "API_KEY_NOT_ACCEPTED"]);

/** The session without an accepted credential. */
export const SIGNED_OUT = { headers: null, viewer: null, notice: ASK, isRefusal: false };

/** Return the header for a credential; throw an error if its form is invalid. */
export function headersOf(typed) {
  const credential = typed.trim().replace(/^bearer\s+/i, "");
  if (!/^[\x21-\x7e]+$/.test(credential)) {
    throw new Error("A token or an API key contains no spaces. Paste the whole credential.");
  }
  return credential.startsWith("cgk_") ? { "x-api-key": credential } : { authorization: `Bearer ${credential}` };
}

/**
 * Run one operation, and return the status with the answer, which GraphiQL shows whatever the status is. With `live`, the
 * operation is a subscription: if the service opens its stream, `events` are returned instead, those after `live.after`.
 */
export async function ask(operation, headers, { signal, live } = {}) {
  const response = await fetch(ENDPOINT, {
    method: "POST",
    headers: {
      accept: live ? EVENT_STREAM : "application/graphql-response+json",
      "content-type": "application/json",
      ...(live?.after && { "last-event-id": live.after }),
      ...headers,
    },
    body: JSON.stringify(operation),
    credentials: "omit",
    signal,
  });
  const { status } = response;
  if (response.headers.get("content-type")?.startsWith(EVENT_STREAM)) return { status, events: eventsOf(response.body) };
  const message = `The answer is not JSON, so it may come from a proxy: HTTP ${status}.`;
  return { status, answer: await response.json().catch(() => ({ errors: [{ message }] })) };
}

/** Return a session with this credential: the viewer if it is accepted, otherwise the reason. */
export async function open(headers) {
  const reply = await ask({ query: VIEWER }, headers);
  const viewer = reply.answer.data?.viewer;
  return viewer ? { headers, viewer, notice: null, isRefusal: false } : refused(reply);
}

/** Return the session after a credential was rejected. */
export function refused({ status, answer }) {
  const error = answer.errors?.[0];
  const code = error?.extensions?.code ?? `HTTP ${status}`;
  const message = error?.message ?? "The service rejected the credential without a reason.";
  return { ...SIGNED_OUT, notice: `${message} (${code})`, isRefusal: true };
}

/** Return a notice about the scopes that an answer says are missing; null if none are. */
export function missingScopes(answer) {
  const forbidden = (answer.errors ?? []).filter((error) => error.extensions?.code === "FORBIDDEN");
  const scopes = [...new Set(forbidden.map((error) => error.extensions.requiredScope))];
  if (scopes.length === 0) return null;
  return `This credential lacks the scope ${scopes.join(", ")}. Sign in with one that has it. (FORBIDDEN)`;
}

/** Whether the service gives this page a token, as it does in development. */
export const signsIn = Boolean(SIGN_IN);

/** Return a session with a new development token. */
export async function signIn() {
  const response = await fetch(SIGN_IN, { method: "POST", credentials: "omit" });
  if (!response.ok) return { ...SIGNED_OUT, notice: await response.text() };
  const { token } = await response.json();
  return open(headersOf(token));
}

/** Return whether an answer says that the credential is not accepted any more. */
export function rejectsCredential(answer) {
  return REJECTED.has(answer?.errors?.[0]?.extensions?.code);
}

/** Return whether a new development token may help: the old one has expired, or the service has another key. */
export function canRenew({ status, answer }) {
  return signsIn && status === 401 && RENEWED.has(answer.errors?.[0]?.extensions?.code);
}
