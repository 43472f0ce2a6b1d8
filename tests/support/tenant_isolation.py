"""Documents and filters that show one company's data, and a check that nothing of another company is among it."""

import json
import re
from collections.abc import Callable
from typing import Any

from tests.support.asking import Caller
from tests.support.two_companies import Company

GROUP_FIELDS = """
fragment Group on CustomerGroup { id number name discount accountId accountNumber accountName account { id name } metadata }
"""


PLAIN = """
fragment Plain on Customer {
  id customerNumber name email city notes externalSystemId customerGroupId customerGroupNumber customerGroupName
  parentCustomerId metadata
}
"""


EVERYTHING = f"""{GROUP_FIELDS} {PLAIN}
fragment Everything on Customer {{
  ...Plain
  parent {{ ...Plain }}
  children(where: {{isActive: true}}) {{
    totalCount nodes {{ ...Plain }} edges {{ cursor }} pageInfo {{ endCursor hasPreviousPage }}
  }}
  group {{ ...Group customers {{ totalCount nodes {{ ...Plain }} }} }}
  contacts {{ id name email phone }}
  departments {{ id name poNumber address }}
  subscriptions {{ id name status }}
}}
"""


LIST = (
    EVERYTHING
    + """
query($where: CustomerFilter, $after: String, $orderBy: [CustomerOrder!]) {
  customers(where: $where, after: $after, orderBy: $orderBy, first: 10) {
    totalCount nodes { ...Everything } edges { cursor } pageInfo { startCursor endCursor hasPreviousPage hasNextPage }
  }
}
"""
)


async def shown(caller: Caller, document: str, **variables: Any) -> str:
    """Return the data and the errors of an operation as text."""
    result = await caller.run(document, **variables)
    return json.dumps({"data": result.data, "errors": [error.formatted for error in result.errors or ()]}, default=str)


def assert_nothing_of(company: Company, answer: str) -> None:
    """Assert that an answer holds no trace of the company, and that no count includes its two customers."""
    assert [trace for trace in company.traces if trace in answer] == []
    assert re.search(r'"totalCount": (?![012]\b)', answer) is None


PAIR = {"key": "segment", "value": "gold"}


FILTERS: dict[str, Callable[[Company], dict[str, Any]]] = {
    "ids": lambda other: {"ids": [str(other.parent), str(other.child)]},
    "number": lambda _: {"customerNumber": "1"},
    "external-id": lambda _: {"externalSystemId": "crm:1"},
    "no-external-id": lambda _: {"externalSystemId": None},
    "metadata": lambda _: {"metadata": [PAIR]},
    "group": lambda other: {"customerGroupId": str(other.group)},
    "parent": lambda other: {"parentCustomerId": str(other.parent)},
    "no-parent": lambda _: {"parentCustomerId": None},
    "has-parent": lambda _: {"hasParent": True},
    "active": lambda _: {"isActive": True},
    "type": lambda _: {"customerType": "BUSINESS"},
    "country": lambda _: {"countryCode": "DK"},
    "name-prefix": lambda _: {"namePrefix": "fj"},
    "search": lambda _: {"search": "crm fjord"},
    "not": lambda _: {"not": {"customerNumber": "1"}},
    "not-the-own": lambda _: {"not": {"namePrefix": "nobody"}},
    "or": lambda other: {"or": [{"ids": [str(other.child)]}, {"customerNumber": "2"}]},
    "and": lambda other: {"and": [{"customerGroupId": str(other.group)}, {"metadata": [PAIR]}]},
}


FOREIGN = {"ids", "group", "parent", "and", "no-external-id"}
