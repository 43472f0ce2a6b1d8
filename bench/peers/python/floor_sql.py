"""The floor's statements: one per document, written by hand, whose text is the answer's JSON."""

from bench.peers.python.floor_json import (
    Parts,
    Statement,
    bare,
    bare_or_null,
    concat,
    free,
    free_or_null,
    listed,
    moment,
    nested,
    object_of,
    one_of,
    page_of,
    plain,
    plain_or_null,
    statement,
)

_BY_ID = "FROM customers AS c WHERE c.company_id = $1 AND c.id = $2"
_BY_NUMBER = "ORDER BY c.number_key, c.id"
_PAGE = (
    f"FROM customers AS c WHERE c.company_id = $1 AND (c.number_key, c.id) > ($2::text, $3::uuid) {_BY_NUMBER} LIMIT"
)
_GROUP = "FROM customer_groups AS g WHERE g.company_id = $1 AND g.id = c.customer_group_id"
_PARENT = "FROM customers AS p WHERE p.company_id = $1 AND p.id = c.parent_customer_id"
_CONTACTS = (
    "FROM contacts AS k WHERE k.company_id = $1 AND k.customer_id = c.id"
    " ORDER BY k.is_not_default, k.name_key, k.id LIMIT 100"
)
_DEPARTMENTS = (
    "FROM departments AS d WHERE d.company_id = $1 AND d.customer_id = c.id"
    " ORDER BY d.is_not_default, d.name_key, d.id LIMIT 100"
)
_CHILDREN = f"FROM customers AS c WHERE c.company_id = $1 AND c.parent_customer_id = p.id {_BY_NUMBER} LIMIT 100"


def _elements(node: Parts, source: str) -> Parts:
    return listed(f"SELECT {concat(node)} AS element {source}")


def _selected(node: Parts, source: str) -> Parts:
    return nested(f"SELECT {concat(node)} {source}")


_group = _selected(
    object_of(id=plain("g.id"), number=free("g.number"), name=free("g.name"), discount=plain("g.discount")), _GROUP
)
_contact = object_of(
    id=plain("k.id"), name=free("k.name"), email=free_or_null("k.email"), phone=free_or_null("k.phone")
)
_contact_with_default = [*_contact[:-1], ',"isDefaultForCustomer":', *bare("k.is_default_for_customer"), "}"]
_department = object_of(
    id=plain("d.id"), name=free("d.name"), eanNumber=free_or_null("d.ean_number"), isDefault=bare("d.is_default")
)

_Q1 = one_of(
    object_of(
        id=plain("c.id"),
        customerNumber=free("c.customer_number"),
        name=free("c.name"),
        email=free_or_null("c.email"),
        phone=free_or_null("c.phone"),
        city=free_or_null("c.city"),
        countryCode=plain("c.country_code"),
        isActive=bare("c.is_active"),
        defaultCurrency=plain("c.default_currency"),
        createdAt=moment("c.created_at"),
    ),
    _BY_ID,
)
_Q2 = page_of(
    object_of(
        id=plain("c.id"),
        customerNumber=free("c.customer_number"),
        customerType=plain("c.customer_type"),
        name=free("c.name"),
        isActive=bare("c.is_active"),
        email=free_or_null("c.email"),
        phone=free_or_null("c.phone"),
        address=free_or_null("c.address"),
        city=free_or_null("c.city"),
        postalCode=free_or_null("c.postal_code"),
        countryCode=plain("c.country_code"),
        defaultCurrency=plain("c.default_currency"),
    ),
    f"{_PAGE} 50",
)
_Q3 = page_of(
    object_of(
        id=plain("c.id"),
        customerNumber=free("c.customer_number"),
        name=free("c.name"),
        email=free_or_null("c.email"),
        phone=free_or_null("c.phone"),
        city=free_or_null("c.city"),
        group=_group,
        parent=_selected(
            object_of(id=plain("p.id"), customerNumber=free("p.customer_number"), name=free("p.name")), _PARENT
        ),
        contacts=_elements(_contact_with_default, _CONTACTS),
        departments=_elements(_department, _DEPARTMENTS),
    ),
    f"{_PAGE} 50",
)
_Q4 = one_of(
    object_of(
        id=plain("p.id"),
        customerNumber=free("p.customer_number"),
        name=free("p.name"),
        children=object_of(
            nodes=_elements(
                object_of(
                    id=plain("c.id"),
                    customerNumber=free("c.customer_number"),
                    name=free("c.name"),
                    email=free_or_null("c.email"),
                    city=free_or_null("c.city"),
                    contacts=_elements(_contact, _CONTACTS),
                ),
                _CHILDREN,
            )
        ),
    ),
    "FROM customers AS p WHERE p.company_id = $1 AND p.id = $2",
)
_Q5 = page_of(
    object_of(
        id=plain("c.id"),
        customerNumber=free("c.customer_number"),
        customerType=plain("c.customer_type"),
        name=free("c.name"),
        vatZone=plain("c.vat_zone"),
        customerGroupId=plain("c.customer_group_id"),
        customerGroupNumber=free("g.number"),
        customerGroupName=free("g.name"),
        isActive=bare("c.is_active"),
        billingRelationship=plain("c.billing_relationship"),
        includeChildDetailsPdf=bare("c.include_child_details_pdf"),
        email=free_or_null("c.email"),
        phone=free_or_null("c.phone"),
        address=free_or_null("c.address"),
        city=free_or_null("c.city"),
        postalCode=free_or_null("c.postal_code"),
        countryCode=plain("c.country_code"),
        vatNumber=free_or_null("c.vat_number"),
        website=free_or_null("c.website"),
        externalSystemId=free_or_null("c.external_system_id"),
        notes=free_or_null("c.notes"),
        creditLimit=plain_or_null("c.credit_limit"),
        openingBalance=plain_or_null("c.opening_balance"),
        paymentTerms=bare_or_null("c.payment_terms"),
        paymentTermType=plain_or_null("c.payment_term_type"),
        defaultCurrency=plain("c.default_currency"),
        parentCustomerId=plain_or_null("c.parent_customer_id"),
        consolidationMode=plain_or_null("c.consolidation_mode"),
        billingDay=bare_or_null("c.billing_day"),
        parentInvoiceTemplateId=plain_or_null("c.parent_invoice_template_id"),
        metadata=bare("c.metadata"),
        version=bare("c.version"),
        createdAt=moment("c.created_at"),
        updatedAt=moment("c.updated_at"),
        group=object_of(id=plain("g.id"), number=free("g.number"), name=free("g.name"), discount=plain("g.discount")),
    ),
    f"FROM (SELECT * {_PAGE} 200) AS c JOIN customer_groups AS g ON g.company_id = $1 AND g.id = c.customer_group_id"
    f" {_BY_NUMBER}",
)
_with_metadata = object_of(
    id=plain("c.id"), customerNumber=free("c.customer_number"), name=free("c.name"), metadata=bare("c.metadata")
)
_Q6_BY_TABLE = page_of(
    _with_metadata,
    "FROM customer_metadata AS m JOIN customers AS c"
    " ON c.company_id = $1 AND c.number_key = m.number_key AND c.id = m.customer_id"
    " WHERE m.company_id = $1 AND m.pair = $2 ORDER BY m.number_key, m.customer_id LIMIT 20",
)
_Q6_BY_INDEX = page_of(
    _with_metadata,
    f"FROM customers AS c WHERE c.company_id = $1 AND c.metadata @> $2::jsonb {_BY_NUMBER} LIMIT 20",
)


_UPDATED = one_of(
    object_of(
        id=plain("c.id"),
        customerNumber=free("c.customer_number"),
        name=free("c.name"),
        email=free_or_null("c.email"),
        phone=free_or_null("c.phone"),
        city=free_or_null("c.city"),
        notes=free_or_null("c.notes"),
        version=bare("c.version"),
        group=_group,
        parent=_selected(
            object_of(id=plain("p.id"), customerNumber=free("p.customer_number"), name=free("p.name")), _PARENT
        ),
        contacts=_elements(_contact_with_default, _CONTACTS),
        departments=_elements(_department, _DEPARTMENTS),
    ),
    "FROM updated AS c",
)
_UPDATE = (
    "WITH updated AS (UPDATE customers SET notes = $3, version = version + 1, updated_at = now()"
    " WHERE company_id = $1 AND id = $2 RETURNING *) "
)
_COMPANY = one_of(object_of(id=plain("o.id"), name=free("o.name")), "FROM companies AS o WHERE o.id = $1")


def statements(*, metadata_by_index: bool) -> dict[str, Statement]:
    """The statement that answers each query; $1 is the company."""
    pages = {"Q2": _Q2, "Q3": _Q3, "Q5": _Q5, "Q6": _Q6_BY_INDEX if metadata_by_index else _Q6_BY_TABLE}
    updated = statement('{"data":{"updateCustomer":{"customer":', _UPDATED, ',"errors":[]}}}')
    viewer = '{"data":{"viewer":{"company":'
    return {
        **{query: statement('{"data":{"customer":', one, "}}") for query, one in {"Q1": _Q1, "Q4": _Q4}.items()},
        **{query: statement('{"data":{"customers":{"nodes":[', page, "]}}}") for query, page in pages.items()},
        "Q7": statement(viewer, _COMPANY, '},"customers":{"nodes":[', _Q2, "]}}}"),
        "M1": updated._replace(sql=_UPDATE + updated.sql),
    }


PLACES = "SELECT number_key, id " + f"{_PAGE} $4"
"""The places of a page in the list, for cursors."""
