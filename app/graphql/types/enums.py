"""The enumerations of the domain as schema types, with a description of each value.

The file is over 250 lines because it lists all enumerations.
"""

from collections.abc import Mapping
from enum import Enum

import strawberry

from app.db.customers import CustomerSort
from app.domain.billing import BillingDocumentKind
from app.domain.customers import BillingRelationship, ConsolidationMode, CustomerType, PaymentTermType, VatZone
from app.domain.deliveries import DeliveryError as WebhookDeliveryError
from app.domain.deliveries import DeliveryOutcome as WebhookDeliveryOutcome
from app.domain.errors import ErrorCode as UserErrorCode
from app.domain.events import ChangeOperation
from app.domain.events import EventType as ChangeEventType
from app.domain.identity import Scope
from app.domain.subscriptions import BillingDirection, SubscriptionStatus
from app.domain.upserts import ContactMatchKey, DepartmentMatchKey, MatchKey, RejectionPolicy, RowOutcome
from app.domain.webhooks import PauseReason as WebhookPauseReason
from app.domain.webhooks import WebhookStatus
from app.graphql.strawberry_seam import describe_values

__all__ = [
    "BillingDirection",
    "BillingDocumentKind",
    "BillingRelationship",
    "ChangeEventType",
    "ChangeOperation",
    "ConsolidationMode",
    "ContactMatchKey",
    "CustomerSort",
    "CustomerType",
    "DepartmentMatchKey",
    "MatchKey",
    "OrderDirection",
    "PaymentTermType",
    "RejectionPolicy",
    "RowOutcome",
    "Scope",
    "SubscriptionStatus",
    "UserErrorCode",
    "VatZone",
    "WebhookDeliveryError",
    "WebhookDeliveryOutcome",
    "WebhookPauseReason",
    "WebhookStatus",
]


class OrderDirection(Enum):
    """Sort directions."""

    ASC = "ASC"
    DESC = "DESC"


def _show(enumeration: type[Enum], description: str, values: Mapping[str, str], name: str | None = None) -> None:
    """Return the schema's type of a Python enumeration, with a description of each value."""
    strawberry.enum(enumeration, name=name, description=description)
    describe_values(enumeration, values)


_show(
    CustomerType,
    "Whether a customer is a business or a private person.",
    {"BUSINESS": "A company or another organization; the default.", "PRIVATE": "A private person."},
)
_show(
    VatZone,
    "How value-added tax applies to a customer.",
    {
        "DOMESTIC": "In the company's own country, with its VAT.",
        "EU": "Elsewhere in the European Union.",
        "ABROAD": "Outside the European Union.",
        "DOMESTIC_WITHOUT_VAT": "In the company's own country, exempt from VAT.",
    },
)
_show(
    BillingRelationship,
    "Who pays for a customer's subscriptions.",
    {
        "SELF": "The customer is billed directly; the default.",
        "PARENT_PAYS": "The parent customer is billed instead.",
    },
)
_show(
    ConsolidationMode,
    "How the invoices for the children that a parent pays for are combined.",
    {
        "SINGLE_INVOICE": "All children's subscriptions on one invoice, on the parent's billing day.",
        "PER_CHILD_INVOICE": "One invoice for each child; also applies if no mode is set.",
    },
)
_show(
    PaymentTermType,
    "The day from which the payment terms are counted.",
    {
        "NET": "The invoice date, plus the days.",
        "END_OF_MONTH": "The end of the invoice's month, plus the days.",
    },
)
_show(
    BillingDirection,
    "Whether a subscription's period is billed at its start or at its end.",
    {"ADVANCE": "At the start of the period; the default.", "ARREARS": "At the end of the period."},
)
_show(
    SubscriptionStatus,
    "The status of a subscription. TRIAL, ACTIVE and PENDING_CANCELLATION count as active.",
    {
        "SCHEDULED": "It begins in the future.",
        "TRIAL": "It runs and is not billed yet.",
        "AWAITING_PAYMENT": "It begins when its first payment arrives.",
        "ACTIVE": "It runs and is billed.",
        "PENDING_CANCELLATION": "It runs until the end of its period, then it is canceled.",
        "PAUSED": "It is interrupted and not billed.",
        "CANCELLED": "It was ended by a cancellation.",
        "EXPIRED": "It reached its agreed end.",
    },
)
_show(
    BillingDocumentKind,
    "The kind of a billing document.",
    {
        "CREDIT_NOTE": "Credits the billed days that the payer no longer pays for.",
        "INVOICE": "Bills days that have passed.",
    },
    name="BillingDocumentKind",
)
_show(
    ChangeOperation,
    "The kind of a change in an object's history.",
    {
        "CREATED": "The object was created.",
        "UPDATED": "Fields of the object were changed.",
        "DELETED": "The object was deleted.",
    },
    name="ChangeOperation",
)
_show(
    ChangeEventType,
    "What an event of the feed reports.",
    {
        "CUSTOMER_CREATED": "A customer was created.",
        "CUSTOMER_UPDATED": "Fields of a customer were changed.",
        "CONTACT_CREATED": "A contact was created.",
        "CONTACT_UPDATED": "Fields of a contact were changed.",
        "CONTACT_DELETED": "A contact was deleted.",
        "DEPARTMENT_CREATED": "A department was created.",
        "DEPARTMENT_UPDATED": "Fields of a department were changed.",
        "DEPARTMENT_DELETED": "A department was deleted.",
        "CUSTOMER_GROUP_CREATED": "A customer group was created.",
        "CUSTOMER_GROUP_UPDATED": "Fields of a customer group were changed.",
        "CUSTOMER_GROUP_DELETED": "A customer group was deleted.",
        "LEDGER_ACCOUNT_CREATED": "A ledger account was created. Needs accounts-read.",
        "LEDGER_ACCOUNT_UPDATED": "Fields of a ledger account were changed. Needs accounts-read.",
        "SUBSCRIPTION_CREATED": "The billing system sent a new subscription.",
        "SUBSCRIPTION_UPDATED": "The billing system sent changes of a subscription.",
        "SUBSCRIPTION_TRANSITIONED": "Another customer pays for a subscription from now on; `data` says what was"
        " booked.",
        "SUBSCRIPTION_RESCHEDULED": "A subscription is billed on another day, because a billing day was changed.",
    },
    name="ChangeEventType",
)
_show(
    MatchKey,
    "The key that finds the customer of a row.",
    {
        "EXTERNAL_SYSTEM_ID": "The id in another system, case-sensitive.",
        "CUSTOMER_NUMBER": "The customer number.",
    },
    name="UpsertMatchKey",
)
_show(
    ContactMatchKey,
    "The key that finds the contact of a row without an id, among those of its customer.",
    {"EMAIL": "The email address, ignoring case.", "NAME": "The name, case-sensitive."},
    name="UpsertContactMatchKey",
)
_show(
    DepartmentMatchKey,
    "The key that finds the department of a row without an id, among those of its customer.",
    {"NAME": "The name, case-sensitive.", "EAN_NUMBER": "The EAN for electronic invoicing."},
    name="UpsertDepartmentMatchKey",
)
_show(
    RejectionPolicy,
    "How a rejected row affects the other rows of its list.",
    {
        "ALL_OR_NOTHING": "Nothing is written.",
        "ROW_BY_ROW": "The rows that are not rejected are written.",
    },
    name="UpsertRefusalPolicy",
)
_show(
    RowOutcome,
    "The outcome of a row of a list.",
    {
        "CREATED": "No object had the key: one was created.",
        "UPDATED": "The object with the key was changed.",
        "UNCHANGED": "The object with the key already has the values of the row; nothing was written.",
        "REFUSED": "The row was rejected; its errors say why.",
    },
    name="UpsertRowOutcome",
)
_show(
    CustomerSort,
    "The fields that customers can be sorted by.",
    {
        "NUMBER": "The customer number, in its natural order: all-digit numbers first, by value, then the others by"
        " code point.",
        "NAME": "The name in the company's alphabet, ignoring case.",
        "CREATED_AT": "When the customer was created.",
        "UPDATED_AT": "When the customer was last changed.",
    },
    name="CustomerOrderField",
)
_show(
    OrderDirection,
    "The direction of a sort order.",
    {"ASC": "The smallest first.", "DESC": "The largest first."},
)
_show(
    Scope,
    "A permission that a credential may carry. The names are those that tokens and API keys carry, in upper case.",
    {
        "CUSTOMERS_READ": "`customers-read`: read customers and everything nested in them.",
        "CUSTOMERS_WRITE": "`customers-write`: create and update customers; it does not imply reading.",
        "ACCOUNTS_READ": "`accounts-read`: read ledger accounts.",
        "ACCOUNTS_WRITE": "`accounts-write`: create and update ledger accounts; it does not imply reading.",
        "SUBSCRIPTIONS_WRITE": (
            "`subscriptions-write`: mirror subscriptions from the billing system; it does not imply reading."
        ),
        "WEBHOOKS_READ": "`webhooks-read`: read webhook endpoints and what was sent to them.",
        "WEBHOOKS_WRITE": "`webhooks-write`: create and change webhook endpoints; it does not imply reading.",
    },
)
_show(
    UserErrorCode,
    "Why an input was rejected.",
    {
        "FIELD_REQUIRED": "The field is required and must not be blank.",
        "FIELD_NOT_CLEARABLE": "The field can't be null; leave it out to keep it.",
        "FIELD_INVALID": "The value doesn't have the form that the field's description requires.",
        "FIELD_TOO_LONG": "The text has too many characters, or the list too many rows or subscriptions.",
        "FIELD_CONFLICT": "Two fields of the input, or two rows of its list, exclude each other.",
        "METADATA_LIMIT_EXCEEDED": "There would be more than 50 metadata entries, or more than 500 keys to remove.",
        "METADATA_VALUE_INVALID": "A metadata key or value is too long, or of a type that can't be stored.",
        "CUSTOMER_NOT_FOUND": "The company has no customer with this key.",
        "CUSTOMER_GROUP_NOT_FOUND": "The company has no customer group with this id.",
        "CONTACT_NOT_FOUND": "The company has no contact with this id.",
        "DEPARTMENT_NOT_FOUND": "The company has no department with this id.",
        "LEDGER_ACCOUNT_NOT_FOUND": "The company has no ledger account with this id or number.",
        "SUBSCRIPTION_NOT_FOUND": "The company has no subscription with this key.",
        "WEBHOOK_ENDPOINT_NOT_FOUND": "The company has no webhook endpoint with this id.",
        "CUSTOMER_NUMBER_ALREADY_EXISTS": "Another customer, active or not, has this number.",
        "EXTERNAL_SYSTEM_ID_ALREADY_EXISTS": (
            "Another customer, active or not, or another subscription, has this external system id."
        ),
        "CUSTOMER_GROUP_NUMBER_ALREADY_EXISTS": "Another customer group has this number.",
        "CUSTOMER_GROUP_IN_USE": "Customers belong to the group.",
        "DEFAULT_REQUIRED": "The default can't be removed while others remain: make another one the default first.",
        "PARENT_CUSTOMER_NOT_FOUND": "The company has no customer with the parent's id.",
        "PARENT_CUSTOMER_SELF_REFERENCE": "A customer can't be its own parent.",
        "PARENT_CUSTOMER_IS_CHILD": "The parent is a child itself; there is only one level of parents.",
        "CUSTOMER_HAS_CHILDREN": "The customer has children, so it can't get a parent.",
        "PARENT_CUSTOMER_REQUIRED": "PARENT_PAYS requires a parent.",
        "PARENT_CUSTOMER_INACTIVE": "The parent is not active.",
        "PARENT_CURRENCY_MISMATCH": "A parent with a single invoice pays only in its own currency.",
        "CUSTOMER_HAS_ACTIVE_CHILDREN": "The customer pays for active children, so it must stay active.",
        "BILLING_DAY_REQUIRED": "SINGLE_INVOICE requires a billing day.",
        "CONSOLIDATION_SETTINGS_NOT_ALLOWED_ON_CHILD": "Consolidation mode, billing day and template belong to"
        " parents.",
        "SUBSCRIPTION_TRANSITIONS_REQUIRED": "The change moves active subscriptions: acknowledge each in"
        " `subscriptionTransitions`.",
        "SUBSCRIPTION_TRANSITIONS_INCOMPLETE": "Active subscriptions are missing from `subscriptionTransitions`.",
        "SUBSCRIPTION_TRANSITIONS_UNKNOWN": "`subscriptionTransitions` has ids that aren't subscriptions of this"
        " customer.",
        "SUBSCRIPTION_TRANSITIONS_NOT_ACTIVE": "`subscriptionTransitions` has subscriptions that aren't active.",
        "SUBSCRIPTION_TRANSITIONS_DUPLICATE": "`subscriptionTransitions` has a subscription more than once.",
        "SUBSCRIPTION_TRANSITIONS_NOT_ALLOWED": "The change moves no subscriptions, so `subscriptionTransitions` must"
        " be left out.",
        "SUBSCRIPTION_DATES_OUT_OF_RANGE": "The change would give subscriptions dates outside the years 1 to 9999. An"
        " administrator has to correct the dates of their periods.",
        "SUBSCRIPTION_INCONSISTENT": "The subscription's dates, status, period and amounts contradict each other.",
        "SUBSCRIPTION_FIELD_FIXED": "A subscription keeps its customer and its currency: end it and send another one.",
        "SUBSCRIPTION_PERIOD_CONFLICT": (
            "The period overlaps the one before it, leaves days out, is too early, or is billed and would change."
        ),
        "SUBSCRIPTION_MOVED": "The row is based on a version of the subscription from before a transition or a new"
        " billing day.",
        "COMPANY_TIME_ZONE_UNKNOWN": "The company's time zone is invalid, so today's date is unknown. An administrator"
        " has to correct it.",
        "TRANSITION_CHANGED": "What would be booked is no longer what the preview showed.",
        "WEBHOOK_ENDPOINT_LIMIT_EXCEEDED": "The company has 20 webhook endpoints already.",
        "WEBHOOK_URL_NOT_ALLOWED": "The service doesn't send to this URL: it isn't https, or it leads into a private"
        " network.",
        "WEBHOOK_DOCUMENT_INVALID": "The document isn't a valid subscription to `changes` without variables and"
        " arguments.",
        "WEBHOOK_SCOPE_REQUIRED": "The endpoint would show what the credential may not read.",
        "INVALID_CURSOR": "The cursor is not one of the company's feed, or was altered.",
        "FEED_CURSOR_EXPIRED": "Events after the cursor are no longer kept, or the cursor is ahead of the feed.",
        "VERSION_CONFLICT": "The object has changed since the expected version.",
        "IDEMPOTENCY_KEY_REUSED": "The idempotency key was used with another input, or its answer was stored by a"
        " release whose answers this release can't read.",
        "MORE_PROBLEMS": "There are more problems than are listed: `limit` is the number listed, `actual` the number"
        " in all.",
    },
    name="UserErrorCode",
)
_show(
    WebhookStatus,
    "Whether events are sent to a webhook endpoint.",
    {
        "ACTIVE": "Events are sent.",
        "PAUSED": "Nothing is sent. The endpoint keeps its place in the feed for as long as events are kept.",
    },
)
_show(
    WebhookPauseReason,
    "Why a webhook endpoint is paused.",
    {
        "REQUESTED": "updateWebhookEndpoint has paused it.",
        "FAILING": "The deliveries of one event have failed for a day.",
        "GONE": "The receiver answered with the status 410.",
        "DOCUMENT_INVALID": "Its document is no longer valid in the schema, so its events can't be made.",
    },
    name="WebhookPauseReason",
)
_show(
    WebhookDeliveryOutcome,
    "Whether the receiver accepted an event.",
    {"DELIVERED": "It answered with a status from 200 to 299.", "FAILED": "It did not; `error` says why."},
    name="WebhookDeliveryOutcome",
)
_show(
    WebhookDeliveryError,
    "Why the delivery of an event failed. Values may be added.",
    {
        "URL_NOT_ALLOWED": "The settings don't allow the URL any more.",
        "NAME_NOT_FOUND": "DNS has no address for the URL's host.",
        "REFUSED_ADDRESS": "The host has an address that is not public, such as a private one.",
        "CONNECTION": "No connection could be opened, or it was lost.",
        "TLS": "The TLS handshake failed, for example because the certificate isn't valid for the host.",
        "TIMEOUT": "The receiver didn't answer in time.",
        "INVALID_ANSWER": "The connection was closed before an answer, or the answer is not HTTP, or its headers are too"
        " large.",
        "REDIRECT": "The receiver answered with a redirect, which is not followed.",
        "HTTP_STATUS": "The receiver answered with another status; see `httpStatus`.",
        "DOCUMENT_TOO_SLOW": "The answer to the endpoint's document took too long to read, so nothing was sent.",
        "RESULT_TOO_LARGE": "The answer to the endpoint's document has too many bytes, so nothing was sent. Let the"
        " document select less.",
    },
    name="WebhookDeliveryError",
)
