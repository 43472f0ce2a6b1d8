import { ApolloClient, ApolloLink, HttpLink, InMemoryCache } from "@apollo/client";
import { relayStylePagination } from "@apollo/client/utilities";
import { from, mergeMap, of } from "rxjs";
import generated from "./generated/possibleTypes";
import * as session from "./session";

// #region token
const CREDENTIAL_CODES = new Set<unknown>(["UNAUTHENTICATED", "TOKEN_EXPIRED", "TOKEN_NOT_ACCEPTED"]);

/** Sends the token, and sends a request again with a new token after a 401. */
const authorized = new ApolloLink((operation, forward) => {
  const token = session.token();
  operation.setContext({ headers: { authorization: `Bearer ${token}` } });
  return forward(operation).pipe(
    mergeMap((result) => {
      const code = result.errors?.[0]?.extensions?.["code"];
      if (!CREDENTIAL_CODES.has(code)) return of(result);
      return from(session.renewed(token, String(code))).pipe(mergeMap(() => authorized.request(operation, forward)));
    }),
  );
});
// #endregion

// #region cache
const cache = new InMemoryCache({
  possibleTypes: generated.possibleTypes,
  typePolicies: {
    Query: {
      fields: {
        customers: relayStylePagination(["where", "orderBy"]),
        customerGroupsConnection: relayStylePagination(["where"]),
        ledgerAccountsConnection: relayStylePagination(["where"]),
      },
    },
    BillingDocument: { fields: { linesConnection: relayStylePagination() } },
    BillingTransition: {
      fields: { documentsConnection: relayStylePagination(), periodsConnection: relayStylePagination() },
    },
    Contact: { fields: { history: relayStylePagination() } },
    Customer: {
      fields: {
        children: relayStylePagination(["where", "orderBy"]),
        contactsConnection: relayStylePagination(),
        departmentsConnection: relayStylePagination(),
        subscriptionsConnection: relayStylePagination(["status"]),
        billingDocumentsConnection: relayStylePagination(),
        history: relayStylePagination(),
      },
    },
    CustomerGroup: { fields: { customers: relayStylePagination(["where", "orderBy"]), history: relayStylePagination() } },
    CustomerSubscription: { fields: { periodsConnection: relayStylePagination(), history: relayStylePagination() } },
    Department: { fields: { history: relayStylePagination() } },
    Viewer: { keyFields: [] }, // one per session
    WebhookEndpoint: { fields: { deliveries: relayStylePagination() } },
  },
});
// #endregion

// #region client
const uri = import.meta.env.VITE_GATEWAY_URL ?? "http://127.0.0.1:8000/graphql";

export const client = new ApolloClient({ cache, link: authorized.concat(new HttpLink({ uri })) });
// #endregion
