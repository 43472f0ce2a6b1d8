"""What the reference says of each endpoint: its parameters, its fields in their order, and each sentence in our words,
with the tests that hold it."""

from collections.abc import Mapping
from dataclasses import dataclass, field


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


CUSTOMER = _names(
    """id customerNumber customerType name vatZone customerGroupId isActive billingRelationship includeChildDetailsPdf
    customerGroupNumber customerGroupName email phone address city postalCode countryCode vatNumber website
    externalSystemId creditLimit openingBalance paymentTerms paymentTermType defaultCurrency parentCustomerId
    consolidationMode billingDay parentInvoiceTemplateId metadata"""
)
CONTACT = _names("id name isDefaultForCustomer email phone")
DEPARTMENT = _names("id name isDefault isActive poNumber eanNumber address city postalCode countryCode")
GROUP = _names("id number name discount accountId accountNumber accountName metadata")
NEW = frozenset(
    _names(
        """customerType customerNumber name vatZone customerGroupId countryCode defaultCurrency email phone address city
        postalCode vatNumber website externalSystemId notes creditLimit openingBalance paymentTerms paymentTermType
        isActive parentCustomerId billingRelationship consolidationMode billingDay includeChildDetailsPdf
        parentInvoiceTemplateId metadata"""
    )
)
CHANGED = NEW | {"subscriptionTransitions"}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint of the reference."""

    scope: str
    shown: tuple[str, ...]
    """The fields of the answer, in their order."""
    claims: Mapping[str, tuple[str, ...]]
    """What the reference says, in our words, and the tests of it, in `test_reference_*.py`."""
    parameters: frozenset[str] = frozenset()
    body: frozenset[str] = frozenset()
    is_list: bool = field(default=False, kw_only=True)


SHOWN_AS_STORED = ("test_a_customer_is_answered_with_each_field_as_it_is_stored",)
ON_CREATION = ("test_a_customer_is_created_with_the_value_of_each_field",)
ON_UPDATE = ("test_an_update_changes_the_field_that_was_sent_and_no_other",)
METADATA_FILTERS = {
    "A metadata filter compares one key's value exactly.": ("test_metadata_filters_compare_whole_values",),
    "Several metadata pairs must all match.": ("test_several_metadata_pairs_must_all_match",),
    "A request has at most 10 metadata pairs.": ("test_ten_metadata_pairs_are_accepted_and_an_eleventh_is_rejected",),
}
CUSTOMER_CLAIMS = {
    "Each field is shown with its stored value, in the reference's order.": (
        *SHOWN_AS_STORED,
        "test_a_customer_has_the_fields_of_the_reference_in_their_order",
    ),
    "Nothing else is shown: notes are only written.": ("test_notes_are_written_and_never_answered",),
    "A field without a value is null.": ("test_a_field_without_a_value_is_null",),
    "billingRelationship: self means that the customer is billed, parent_pays that its parent is.": (
        "test_with_self_the_customer_is_billed_and_with_parent_pays_its_parent",
    ),
    "includeChildDetailsPdf only matters for parents with single_invoice.": (
        "test_child_details_may_be_chosen_for_any_customer",
    ),
    "countryCode is two letters of ISO 3166-1.": ("test_a_country_is_two_letters_of_the_standard",),
    "openingBalance is signed: what is positive is owed by the customer.": (
        "test_an_opening_balance_may_be_positive_or_negative",
    ),
    "parentCustomerId makes the customer a child; billingRelationship says who is billed.": (
        "test_a_parent_alone_changes_nothing_about_who_is_billed",
    ),
    "consolidationMode: single_invoice bills on the billing day, per_child_invoice each child by itself.": (
        "test_with_a_single_invoice_children_are_billed_on_the_billing_day",
        "test_with_an_invoice_per_child_each_keeps_its_own_day",
    ),
    "consolidationMode is only for parents.": ("test_settings_of_a_consolidated_invoice_are_for_parents",),
    "billingDay is a day of the month from 1 to 28.": ("test_a_billing_day_is_from_1_to_28",),
    "single_invoice requires a billing day.": ("test_a_single_invoice_requires_a_billing_day",),
    "parentInvoiceTemplateId is the template of the single invoice; null clears it.": (
        "test_the_template_of_the_invoice_is_chosen_and_cleared",
    ),
    "metadata is a map of keys and values.": ("test_metadata_is_a_map_of_texts_numbers_and_booleans",),
}
WRITING_CLAIMS = {
    "Metadata has at most 50 entries, keys 128 characters, texts 500.": (
        "test_metadata_has_limits_of_entries_and_characters",
    ),
    "externalSystemId is unique in the company: 409.": (
        "test_an_external_id_that_is_in_use_is_answered_with_409",
        "test_an_external_id_of_another_company_is_free",
    ),
    "An empty or blank externalSystemId is unset.": ("test_an_empty_or_blank_external_id_is_unset",),
    "The opening balance may be negative, a credit position.": ("test_an_opening_balance_may_be_positive_or_negative",),
    "It needs customers-write.": ("test_an_endpoint_needs_exactly_the_scope_of_the_reference",),
}
READING_CLAIMS = {
    "It needs customers-read.": ("test_an_endpoint_needs_exactly_the_scope_of_the_reference",),
}
MEMBER_CLAIMS = {
    "customerId is the customer's id.": ("test_members_are_those_of_the_customer",),
    "The default one comes first, then the others by name.": (
        "test_the_default_one_is_first_and_the_others_follow_by_name",
    ),
    **READING_CLAIMS,
}
ENDPOINTS: Mapping[str, Endpoint] = {
    "GET /v1/customers": Endpoint(
        "customers-read",
        CUSTOMER,
        {
            "All customers of the company are listed.": ("test_all_customers_of_the_company_and_no_others_are_listed",),
            "They are sorted by customer number.": ("test_customers_are_sorted_by_their_number",),
            "customerNumber finds the one with exactly this number.": ("test_a_customer_number_is_matched_exactly",),
            "Whatever the filter, only the own company's customers are found.": (
                "test_a_filter_finds_nothing_of_another_company",
            ),
            "externalSystemId finds at most one customer, by exactly this id.": (
                "test_an_external_id_is_matched_exactly_and_finds_at_most_one",
            ),
            "The unfiltered list is cached for 5 seconds.": (
                "test_the_unfiltered_list_may_be_old_for_five_seconds_by_default",
                "test_an_unfiltered_list_is_fresh_again_after_that_time",
            ),
            "Filtered lists are fresh: who was created or changed is found by number at once.": (
                "test_a_filtered_list_shows_at_once_who_was_created_or_changed",
            ),
            **METADATA_FILTERS,
            **CUSTOMER_CLAIMS,
            **READING_CLAIMS,
        },
        frozenset({"customerNumber", "externalSystemId", "metadata"}),
        is_list=True,
    ),
    "POST /v1/customers": Endpoint(
        "customers-write",
        ("id", "customerNumber"),
        {
            "A customer is created in the own company.": (
                "test_a_customer_is_created_in_the_company_of_the_credential",
            ),
            "The answer has the new id and the number that was assigned, and nothing else.": (
                "test_a_creation_answers_201_with_the_id_and_the_assigned_number",
            ),
            "The whole customer is read with its id.": ("test_what_was_created_is_read_by_its_id",),
            "customerType is BUSINESS unless it is given.": ("test_a_new_customer_is_a_business_unless_it_is_said",),
            "customerNumber is unique.": ("test_a_customer_number_that_is_in_use_is_answered_with_409",),
            "Each field of the body is stored.": ON_CREATION,
            "A parent pays only together with parent_pays; null creates a customer without a parent.": (
                "test_a_new_child_is_billed_itself_unless_the_parent_pays",
                "test_a_null_parent_creates_a_customer_without_one",
            ),
            "billingRelationship is self unless it is given.": (
                "test_a_new_child_is_billed_itself_unless_the_parent_pays",
            ),
            "The name, VAT zone, group, country and currency are required.": (
                "test_a_creation_without_required_fields_says_all_of_them",
            ),
            **WRITING_CLAIMS,
        },
        body=NEW,
    ),
    "GET /v1/customers/{customerId}": Endpoint(
        "customers-read",
        CUSTOMER,
        {
            "A customer is read by its id.": ("test_a_customer_is_read_by_its_id",),
            "An unknown customer, or one of another company, is answered with 404.": (
                "test_an_unknown_and_a_foreign_customer_are_answered_with_404",
            ),
            **CUSTOMER_CLAIMS,
            **READING_CLAIMS,
        },
        frozenset({"customerId"}),
    ),
    "PATCH /v1/customers/{customerId}": Endpoint(
        "customers-write",
        CUSTOMER,
        {
            "Only the fields that are sent change.": ON_UPDATE,
            "null clears a field that can be cleared.": ("test_null_clears_a_field_that_can_be_cleared",),
            "Other fields can't be cleared.": ("test_null_is_rejected_for_a_field_that_always_has_a_value",),
            "The answer is the whole customer as it is then.": ("test_an_update_answers_the_whole_customer",),
            "null or an empty text clears the email.": ("test_an_empty_text_clears_a_text",),
            "A null parent detaches the customer.": ("test_a_null_parent_detaches_a_child",),
            "A new parent moves active subscriptions to its billing day from today.": (
                "test_a_new_parent_moves_active_subscriptions_to_its_billing_day",
            ),
            "What was billed in advance is credited for the remaining days.": (
                "test_a_clean_cut_credits_what_was_billed_in_advance",
            ),
            "What is billed in arrears is invoiced up to the day of the transition.": (
                "test_a_clean_cut_invoices_what_is_billed_in_arrears",
            ),
            "The transitions must list every active subscription.": (
                "test_a_transition_must_acknowledge_every_active_subscription",
                "test_a_transition_that_is_not_acknowledged_names_the_subscriptions",
            ),
            "A change of the parent, the relationship or the mode needs the acknowledgement.": (
                "test_each_change_of_who_pays_or_how_needs_the_acknowledgement",
            ),
            "Without active subscriptions no acknowledgement is needed.": (
                "test_without_active_subscriptions_nothing_is_acknowledged",
            ),
            "parent_pays together with a parent routes billing to it.": (
                "test_with_self_the_customer_is_billed_and_with_parent_pays_its_parent",
            ),
            "null clears the mode, the billing day and the template.": (
                "test_null_clears_a_field_that_can_be_cleared",
            ),
            "Metadata is replaced as a whole, cleared by an empty map, and kept if it is left out.": (
                "test_metadata_is_replaced_as_a_whole_and_kept_if_left_out",
            ),
            **CUSTOMER_CLAIMS,
            **WRITING_CLAIMS,
        },
        frozenset({"customerId"}),
        CHANGED,
    ),
    "GET /v1/customers/{customerId}/contacts": Endpoint(
        "customers-read",
        CONTACT,
        {
            "The contact persons of a customer are listed.": ("test_each_contact_is_answered_with_its_fields",),
            **MEMBER_CLAIMS,
        },
        frozenset({"customerId"}),
        is_list=True,
    ),
    "GET /v1/customers/{customerId}/departments": Endpoint(
        "customers-read",
        DEPARTMENT,
        {
            "The departments of a customer are listed with their address, EAN and PO number.": (
                "test_each_department_is_answered_with_its_fields",
            ),
            **MEMBER_CLAIMS,
        },
        frozenset({"customerId"}),
        is_list=True,
    ),
    "GET /v1/customer-groups": Endpoint(
        "customers-read",
        GROUP,
        {
            "All groups of the company are listed.": ("test_all_groups_of_the_company_and_no_others_are_listed",),
            "They are sorted by their number.": ("test_groups_are_sorted_by_their_number",),
            "A group has a discount in percent and the account that its customers post to.": (
                "test_each_group_is_answered_with_its_discount_and_account",
            ),
            "A customer is assigned to a group by customerGroupId, when it is created or later.": (
                "test_a_customer_is_assigned_to_a_group_of_the_list",
            ),
            "The result is cached for 5 seconds.": (
                "test_the_unfiltered_list_may_be_old_for_five_seconds_by_default",
                "test_an_unfiltered_list_is_fresh_again_after_that_time",
            ),
            **METADATA_FILTERS,
            **READING_CLAIMS,
        },
        frozenset({"metadata"}),
        is_list=True,
    ),
}
