import { useMutation } from "@apollo/client/react";
import { type FormEvent, useState } from "react";
import { graphql } from "./generated";
import type { CustomerFieldsFragment } from "./generated/graphql";
import { type Problem, sorted } from "./problems";

// #region update
const UPDATE = graphql(`
  mutation UpdateCustomer($input: UpdateCustomerInput!) {
    updateCustomer(input: $input) {
      customer { ...CustomerFields }
      errors {
        __typename
        code
        message
        path
        ... on VersionConflictError { actualVersion changedFields }
      }
    }
  }
`);
// #endregion

const FIELDS = ["name", "email", "website", "creditLimit"] as const;
type Draft = Partial<Record<(typeof FIELDS)[number], string>>;

// #region changes
/** Only what was typed is sent: a field that is left out keeps its value, and null clears it. */
function changes(draft: Draft) {
  return Object.fromEntries(Object.entries(draft).map(([field, text]) => [field, text.trim() || null]));
}
// #endregion

// #region form
export function CustomerForm({ customer }: { customer: CustomerFieldsFragment }) {
  const [draft, setDraft] = useState<Draft>({});
  const [expectedVersion, setExpectedVersion] = useState(customer.version);
  const [idempotencyKey, setIdempotencyKey] = useState(() => crypto.randomUUID());
  const [problems, setProblems] = useState<readonly Problem[]>([]);
  const [conflict, setConflict] = useState<readonly string[] | null>(null);
  const [update, { loading, error }] = useMutation(UPDATE);

  function edit(next: Draft) {
    // What the person saw when they began to type is what they mean to change.
    if (Object.keys(draft).length === 0) setExpectedVersion(customer.version);
    setDraft(next);
    // A key stands for one input. It stays the same only when the same input is sent again.
    setIdempotencyKey(crypto.randomUUID());
  }

  async function save(event: FormEvent) {
    event.preventDefault();
    const input = { id: customer.id, expectedVersion, idempotencyKey, ...changes(draft) };
    // Without a response it is unknown whether it was written; `error` is shown, and Save sends the same key again.
    const answer = await update({ variables: { input } }).catch(() => null);
    const payload = answer?.data?.updateCustomer;
    if (!payload) return;
    const conflicting = payload.errors.find((each) => each.__typename === "VersionConflictError");
    setConflict(conflicting ? conflicting.changedFields : null);
    setProblems(payload.errors.filter((each) => each !== conflicting));
    // The payload's customer is in the cache now, after a conflict too: the form shows what is stored.
    if (conflicting) setExpectedVersion(conflicting.actualVersion);
    if (payload.errors.length === 0) edit({});
  }

  const { of, others } = sorted(problems, FIELDS);
  return (
    <form onSubmit={save} aria-label="Customer">
      {FIELDS.map((field) => (
        <label key={field}>
          {field}{" "}
          <input
            value={draft[field] ?? customer[field] ?? ""}
            onChange={(event) => edit({ ...draft, [field]: event.target.value })}
            aria-invalid={of(field) !== ""}
            aria-errormessage={`${field}-problem`}
          />{" "}
          <span id={`${field}-problem`} role="alert">{of(field)}</span>
        </label>
      ))}
      {others.map(({ code, message }) => <p role="alert" key={code}>{message}</p>)}
      {conflict && (
        <p role="alert">
          {`Somebody else has changed ${conflict.join(", ")}. Save again to keep your entries, or `}
          <button type="button" onClick={() => { edit({}); setConflict(null); }}>discard them</button>
        </p>
      )}
      {error && <p role="alert">{`No answer (${error.message}). Save again: nothing is written twice.`}</p>}
      <button disabled={loading || Object.keys(draft).length === 0}>Save</button>
      <span>{`version ${customer.version}`}</span>
    </form>
  );
}
// #endregion
