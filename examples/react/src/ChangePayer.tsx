import { useApolloClient } from "@apollo/client/react";
import { type FormEvent, useState } from "react";
import { graphql } from "./generated";
import type { CustomerDetailsFragment, PreviewQuery, UpdateCustomerInput } from "./generated/graphql";
import type { Problem } from "./problems";

// #region documents
const PARENT = graphql(`
  query Parent($customerNumber: String!) {
    customer(by: { customerNumber: $customerNumber }) { id }
  }
`);

const PREVIEW = graphql(`
  query Preview($input: UpdateCustomerInput!) {
    billingTransitionPreview(input: $input) {
      cuts { subscriptionId name cutOn nextBillingDate currency lines { kind amount payer { id name } } }
      subscriptionTransitions { subscriptionId }
      digest
      errors { code message path }
    }
  }
`);

const CHANGE_PAYER = graphql(`
  mutation ChangePayer($input: UpdateCustomerInput!) {
    updateCustomer(input: $input) {
      customer { ...CustomerDetails }
      transition { id documents { id kind total currency payer { id name } } }
      errors { code message path }
    }
  }
`);
// #endregion

type Preview = NonNullable<PreviewQuery["billingTransitionPreview"]>;

// #region flow
/** The preview's problems that stay when the preview is acknowledged. */
const blocking = ({ errors }: Preview) => errors.filter(({ code }) => code !== "SUBSCRIPTION_TRANSITIONS_REQUIRED");

/** What the update sends: the previewed input, the acknowledgement, and the digest that binds it to the preview. */
function confirmed(input: UpdateCustomerInput, preview: Preview): UpdateCustomerInput {
  const subscriptionTransitions = preview.subscriptionTransitions.map(({ subscriptionId }) => ({ subscriptionId }));
  return { ...input, subscriptionTransitions, ...(preview.digest && { transitionDigest: preview.digest }) };
}

export function ChangePayer({ customer }: { customer: CustomerDetailsFragment }) {
  const client = useApolloClient();
  const [shown, setShown] = useState<{ input: UpdateCustomerInput; preview: Preview } | null>(null);
  const [problems, setProblems] = useState<readonly Problem[]>([]);
  const [done, setDone] = useState<string | null>(null);
  const [failure, setFailure] = useState<Error | null>(null);

  function run(work: Promise<void>) {
    setFailure(null);
    work.catch(setFailure);
  }

  async function preview(input: UpdateCustomerInput) {
    // A preview is true for the moment only: never take it from the cache.
    const { data } = await client.query({ query: PREVIEW, variables: { input }, fetchPolicy: "no-cache" });
    const found = data?.billingTransitionPreview;
    if (!found) return;
    setShown({ input, preview: found });
    setProblems(blocking(found));
  }

  async function choose(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    setDone(null);
    const customerNumber = String(new FormData(event.currentTarget).get("number")).trim();
    const { data } = await client.query({ query: PARENT, variables: { customerNumber } });
    const parentCustomerId = data?.customer?.id;
    if (!parentCustomerId) return setProblems([{ code: "", message: "No customer has this number.", path: [] }]);
    // One key for this change, so that confirming twice books once.
    const idempotencyKey = crypto.randomUUID();
    await preview({ id: customer.id, parentCustomerId, billingRelationship: "PARENT_PAYS", idempotencyKey });
  }

  async function confirm(input: UpdateCustomerInput, acknowledged: Preview) {
    const variables = { input: confirmed(input, acknowledged) };
    const { data } = await client.mutate({ mutation: CHANGE_PAYER, variables });
    const payload = data?.updateCustomer;
    if (!payload) return;
    const { errors, transition } = payload;
    // What would be booked has changed since: show it anew, and let the person decide again.
    if (errors.some(({ code }) => code === "TRANSITION_CHANGED")) await preview(input);
    else if (errors.length === 0) setShown(null);
    setProblems(errors);
    const booked = transition?.documents.map(({ kind, total, currency }) => `${kind} ${total} ${currency}`);
    setDone(booked ? booked.join(", ") : null);
  }

  return (
    <section aria-label="Who pays">
      <form onSubmit={(event) => run(choose(event))}>
        <label>
          Number of the parent that pays <input name="number" required />
        </label>
        <button>Preview</button>
      </form>
      {problems.map(({ code, message }) => <p role="alert" key={code}>{`${message} (${code})`}</p>)}
      {failure && <p role="alert">{`No answer (${failure.message}). Confirm again: nothing is booked twice.`}</p>}
      {shown && (
        <>
          <table>
            <tbody>
              {shown.preview.cuts.map(({ subscriptionId, name, cutOn, nextBillingDate, currency, lines }) => (
                <tr key={subscriptionId}>
                  <td>{name}</td>
                  <td>{`cut on ${cutOn}`}</td>
                  <td>
                    {lines.map(({ kind, amount, payer }) => `${kind} ${amount} ${currency} to ${payer?.name}`).join(", ")
                      || "no document"}
                  </td>
                  <td>{`next invoice ${nextBillingDate ?? "never"}`}</td>
                </tr>
              ))}
            </tbody>
          </table>
          <button
            disabled={blocking(shown.preview).length > 0}
            onClick={() => run(confirm(shown.input, shown.preview))}
          >
            Confirm
          </button>
        </>
      )}
      {done && <p role="status">{`Booked: ${done}`}</p>}
    </section>
  );
}
// #endregion
