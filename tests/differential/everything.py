"""Documents that select all there is, made from the schema, so that a new field is compared as soon as it exists."""

from tests.differential.contract import Contract, FieldOf, contract

_SCHEMA: Contract = contract()


def pages(name: str) -> str:
    """The arguments and selection of a page of a connection's type, of which there may be more."""
    node = _SCHEMA.objects[name.removesuffix("Connection")]
    return (
        f"(first: 2) {{ {leaves(name)} edges {{ cursor node {{ {node.leaves[0].name} }} }}"
        f" pageInfo {{ {leaves('PageInfo')} }} }}"
    )


def leaves(name: str) -> str:
    """All leaves of a type, and its name."""
    return " ".join(["__typename", *(leaf.name for leaf in _SCHEMA.objects[name].leaves)])


def whole(name: str) -> str:
    """All leaves and edges of a stored object, with all leaves of what these lead to."""
    return " ".join([leaves(name), *(_shown(edge) for edge in _SCHEMA.objects[name].edges)])


def _shown(edge: FieldOf) -> str:
    name = edge.type.name
    if name == "ChangeConnection":
        return f"{edge.name} {{ nodes {{ {leaves('Change')} changes {{ {leaves('FieldChange')} }} }} }}"
    return f"{edge.name}{pages(name)}" if name.endswith("Connection") else f"{edge.name} {{ {leaves(name)} }}"


PLAIN = f"fragment Plain on Customer {{ {leaves('Customer')} }}"
PERIOD = (
    f"fragment Period on SubscriptionPeriod {{ {leaves('SubscriptionPeriod')} payer {{ id }} subscription {{ id }} }}"
)
BILLED = f"""
fragment Billed on BillingDocument {{
  {leaves("BillingDocument")} customer {{ id }} payer {{ name }}
  lines {{ {leaves("BillingDocumentLine")} subscription {{ {leaves("CustomerSubscription")} }} }}
  linesConnection{pages("BillingDocumentLineConnection")}
  transition {{
    {leaves("BillingTransition")} customer {{ id }} documents {{ id customer {{ name }} lines {{ days }} }} periods {{ ...Period }}
    documentsConnection{pages("BillingDocumentConnection")} periodsConnection{pages("SubscriptionPeriodConnection")}
  }}
}}"""
CHANGES = f"""
fragment Changes on ChangeConnection {{
  {leaves("ChangeConnection")}
  nodes {{ {leaves("Change")} changes {{ {leaves("FieldChange")} }} }} edges {{ cursor node {{ version }} }} pageInfo {{ {leaves("PageInfo")} }}
}}"""
HUB = f"""
fragment Hub on Customer {{
  ...Plain
  parent {{ ...Plain }}
  children {{ {leaves("CustomerConnection")} nodes {{ ...Plain }} edges {{ cursor node {{ id }} }} pageInfo {{ {leaves("PageInfo")} }} }}
  group {{ {leaves("CustomerGroup")} customers(first: 2) {{ totalCount nodes {{ id }} }} history {{ ...Changes }} }}
  contacts {{ {leaves("Contact")} customer {{ ...Plain }} history(first: 2) {{ ...Changes }} }}
  departments {{ {leaves("Department")} customer {{ id }} history {{ ...Changes }} }}
  subscriptions {{
    {leaves("CustomerSubscription")} customer {{ name }} periods {{ ...Period }} history(first: 1) {{ ...Changes }}
    periodsConnection{pages("SubscriptionPeriodConnection")}
  }}
  contactsConnection{pages("ContactConnection")} departmentsConnection{pages("DepartmentConnection")}
  subscriptionsConnection{pages("CustomerSubscriptionConnection")}
  billingDocumentsConnection{pages("BillingDocumentConnection")}
  history {{ ...Changes }}
  billingDocuments {{ ...Billed }}
}}"""
FRAGMENTS = PLAIN + PERIOD + BILLED + CHANGES + HUB

ONE = "query($by: CustomerLookup!) { customer(by: $by) { ...Hub } }" + FRAGMENTS
LIST = (
    "query($first: Int) { customers(first: $first)"
    f" {{ totalCount nodes {{ ...Hub }} edges {{ cursor }} pageInfo {{ {leaves('PageInfo')} }} }} }}" + FRAGMENTS
)
GROUPS = (
    f"{{ customerGroups {{ {leaves('CustomerGroup')} account {{ {leaves('LedgerAccount')} }} customers {{ totalCount nodes {{ ...Plain }} }} }} }}"
    + PLAIN
)
ACCOUNTS = f"""{{
  ledgerAccounts(first: 500) {{ {leaves("LedgerAccount")} }}
  ledgerAccountsConnection{pages("LedgerAccountConnection")}
  customerGroupsConnection{pages("CustomerGroupConnection")}
}}"""


def _apart(name: str) -> str:
    """All leaves of a type under keys of its own: the same name may be of another type elsewhere."""
    return " ".join(f"{name}_{leaf.name}: {leaf.name}" for leaf in _SCHEMA.objects[name].leaves)


ANYTHING = "".join(
    [
        "fragment Anything on Node { __typename id",
        *(f" ... on {name} {{ {_apart(name)} }}" for name in _SCHEMA.objects["Node"].possible),
        " }",
    ]
)
NODE = "query($id: ID!) { node(id: $id) { ...Anything } }" + ANYTHING
NODES = "query($ids: [ID!]!) { nodes(ids: $ids) { ...Anything } }" + ANYTHING
ENTITIES = "query($of: [_Any!]!) { _entities(representations: $of) { __typename ...Anything } }" + ANYTHING
