"""Everything of graphql-core that its packages don't list as public and app/graphql uses, each with the reason.

The engine has a separate module for what it uses: neither package imports the other.
tests/contract/test_graphql_core_seams.py tests both, and names what a new release has moved.
"""

from graphql.execution.collect_fields import FieldDetails, FragmentDetails, collect_fields, collect_subfields
from graphql.utilities.coerce_input_value import coerce_default_value

__all__ = [
    # The fields that an operation selects under @skip and @include, merged as graphql-core merges them. Scopes, plans
    # and the checks before an operation must see the same fields as execution. Used by access.py, rules.py and
    # planning/planner.py.
    "FieldDetails",
    "FragmentDetails",
    # The default of an input field as values are coerced. Used by planning/compiled_arguments.py.
    "coerce_default_value",
    "collect_fields",
    "collect_subfields",
]
