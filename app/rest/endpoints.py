"""The REST endpoints. Adding one is a document and a line.

Summaries, descriptions and names are those of the REST API that callers know.
"""

from dataclasses import dataclass
from typing import Literal

from app.rest.answers import One, Pages, Written
from app.rest.bodies import Body
from app.rest.parameters import Kind, Parameter


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint: the document that answers it, and how a request becomes variables and an answer a body."""

    method: Literal["GET", "POST", "PATCH"]
    path: str
    document: str
    """The name of a file in `documents`. If it has a variable `$reads`, this is whether the credential may read."""
    shown: One | Pages | Written
    summary: str
    description: str
    parameters: tuple[Parameter, ...] = ()
    body: Body | None = None


_CUSTOMERS = "/v1/customers"
_CUSTOMER = f"{_CUSTOMERS}/{{customerId}}"
_ID = Parameter("customerId", "path", "id", Kind.ID, "Customer ID")
_METADATA = Parameter(
    "metadata",
    "query",
    "where.metadata",
    Kind.PAIRS,
    "Exact-match metadata filters in the form metadata[key]=value. Multiple pairs combine with AND semantics: a record"
    " matches only if it carries every given key with exactly the given value. At most 10 pairs per request.",
)
_PAGE = (
    Parameter(
        "limit",
        "query",
        "first",
        Kind.COUNT,
        "The maximum number of rows, 1 to 500. Without it, all rows are answered. While there are more, the header"
        ' `Link` has the URL of the next page, with `rel="next"`.',
    ),
    Parameter("after", "query", "after", Kind.CURSOR, "Where a page begins: take it from the header `Link`."),
)
_CREATED_FIELDS = (
    "customerType",
    "customerNumber",
    "name",
    "vatZone",
    "customerGroupId",
    "countryCode",
    "defaultCurrency",
    "email",
    "phone",
    "address",
    "city",
    "postalCode",
    "vatNumber",
    "website",
    "externalSystemId",
    "notes",
    "creditLimit",
    "openingBalance",
    "paymentTerms",
    "paymentTermType",
    "isActive",
    "parentCustomerId",
    "billingRelationship",
    "consolidationMode",
    "billingDay",
    "includeChildDetailsPdf",
    "parentInvoiceTemplateId",
    "metadata",
)
_UPDATED_FIELDS = (
    "customerType",
    "customerNumber",
    "name",
    "vatZone",
    "customerGroupId",
    "email",
    "phone",
    "address",
    "city",
    "postalCode",
    "countryCode",
    "vatNumber",
    "website",
    "externalSystemId",
    "notes",
    "creditLimit",
    "openingBalance",
    "paymentTerms",
    "paymentTermType",
    "defaultCurrency",
    "isActive",
    "parentCustomerId",
    "billingRelationship",
    "consolidationMode",
    "billingDay",
    "includeChildDetailsPdf",
    "parentInvoiceTemplateId",
    "subscriptionTransitions",
    "metadata",
)

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET",
        _CUSTOMERS,
        "customers",
        Pages(("customers",)),
        "List customers",
        "Retrieves all customers for your company, sorted by customer number. The unfiltered list may be up to 5"
        " seconds old; filtered lookups always read fresh data.",
        (
            Parameter(
                "customerNumber",
                "query",
                "where.customerNumber",
                Kind.TEXT,
                "Optional exact-match filter on customerNumber. Tenant scoping is enforced regardless of the filter.",
            ),
            Parameter(
                "externalSystemId",
                "query",
                "where.externalSystemId",
                Kind.TEXT,
                "Optional exact-match filter on externalSystemId. The value is unique per company, so at most one"
                " customer can match.",
            ),
            _METADATA,
            *_PAGE,
        ),
    ),
    Endpoint(
        "POST",
        _CUSTOMERS,
        "create-customer",
        Written("createCustomer", 201, location=f"{_CUSTOMERS}/{{id}}"),
        "Create a customer",
        "Creates a customer in your company. The response contains the new id and the auto-assigned customerNumber;"
        " fetch the full record via GET /v1/customers/{customerId} if you need it.",
        body=Body("CreateCustomerInput", _CREATED_FIELDS),
    ),
    Endpoint(
        "GET",
        _CUSTOMER,
        "customer",
        One("customer"),
        "Get a single customer",
        "Retrieves a customer by its unique identifier. Returns 404 when the customer does not exist (or belongs to"
        " another company).",
        (_ID,),
    ),
    Endpoint(
        "PATCH",
        _CUSTOMER,
        "update-customer",
        Written("updateCustomer"),
        "Update a customer",
        "Partially updates a customer: only the fields you send are changed; send null to clear a clearable field."
        " Returns the full updated customer.",
        (Parameter("customerId", "path", "input.id", Kind.ID, "Customer ID"),),
        Body("UpdateCustomerInput", _UPDATED_FIELDS),
    ),
    Endpoint(
        "GET",
        f"{_CUSTOMER}/contacts",
        "contacts",
        Pages(("customer", "contactsConnection")),
        "List a customer's contacts",
        "Retrieves the contact persons registered on a customer. The customer's default contact is returned first, then"
        " the rest alphabetically.",
        (_ID, *_PAGE),
    ),
    Endpoint(
        "GET",
        f"{_CUSTOMER}/departments",
        "departments",
        Pages(("customer", "departmentsConnection")),
        "List a customer's departments",
        "Retrieves the departments of a customer: sub-units with their own address, EAN number (for e-invoicing) and"
        " purchase-order number, typically used to route invoices within larger organizations. The default department"
        " is returned first, then the rest alphabetically.",
        (_ID, *_PAGE),
    ),
    Endpoint(
        "GET",
        "/v1/customer-groups",
        "customer-groups",
        Pages(("customerGroupsConnection",)),
        "List customer groups",
        "Retrieves all customer groups for your company, sorted by group number. Groups carry a discount percentage and"
        " the ledger account customers in the group post to; assign a customer to a group via the customerGroupId field"
        " when creating or updating the customer. Results may be up to 5 seconds old.",
        (_METADATA, *_PAGE),
    ),
)
