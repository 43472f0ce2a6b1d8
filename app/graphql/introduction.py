"""The description of the schema, which introspection and documentation show first."""

INTRODUCTION = """
Customer billing data of one company: customers with their parent, children, group, contacts, departments and subscriptions.

**Credentials.** Send `Authorization: Bearer <token>` or `x-api-key: <key>`. The credential selects the company and carries the scopes: `customers-read` for queries, `customers-write` for mutations, `accounts-read` and `accounts-write` for ledger accounts, `subscriptions-write` for mirroring subscriptions, `webhooks-read` and `webhooks-write` for webhook endpoints. A missing, expired or invalid credential is answered with HTTP 401 and a code. For `TOKEN_EXPIRED`, get a new token and send the request again.

**Errors.** Problems that the caller can fix are data: a mutation's payload lists all of them in `errors`, each with a `code`, a `message` and the `path` of the input field. All other errors are GraphQL errors with `extensions.code`.

**Pagination.** Connections take `first` (at most 500, default 50) and `after`: pass `pageInfo.endCursor` while `pageInfo.hasNextPage` is true. A cursor is valid only with the `where` and `orderBy` that it came from. Other lists take `first` alone, and have no cursors.

**Writing.** In an update, a field that is left out keeps its value, and null clears it. `idempotencyKey` makes it safe to send a mutation again. `expectedVersion` rejects an update with `VERSION_CONFLICT` if the object has changed since it was read.
""".strip()
