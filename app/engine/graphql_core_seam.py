"""Everything of graphql-core that its packages don't list as public and the engine uses, each with the reason.

No other module of the engine imports such a name. tests/contract/test_graphql_core_seams.py tests that, and names what
a new release has moved; pyproject.toml bounds the version.

executors.py overrides methods of `Executor` and `CollectedErrors`: the same test holds their parameters.
"""

from collections.abc import Callable
from importlib import import_module

from graphql import Node
from graphql.execution.collect_fields import FieldDetailsList, FragmentDetails, collect_fields
from graphql.execution.executor import CollectedErrors
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValueSource
from graphql.pyutils.suggestion_list import LexicalDistance
from graphql.utilities.coerce_input_value import coerce_default_value
from graphql.validation.rules import overlapping_fields_can_be_merged
from graphql.validation.validate import ValidationAbortedError

__all__ = [
    # The list of an operation's errors, which executors.py bounds.
    "CollectedErrors",
    # Parameters of an executor and its methods. Used by executors.py.
    "FieldDetailsList",
    "FragmentDetails",
    # The types in VariableValues, which variables.py builds.
    "GraphQLVariableSignature",
    # The distance between names in "Did you mean …", which short_messages.py bounds.
    "LexicalDistance",
    # The error that tells a document with too many fields to compare from an invalid one. Used by documents.py.
    "ValidationAbortedError",
    "VariableValueSource",
    # The default of an argument or input field as values are coerced. Used by bounds.py and input_values.py.
    "coerce_default_value",
    # The root field of a subscription. Used by subscriptions.py.
    "collect_fields",
    "get_variable_signature",
]

_PRINTING_MODULES = ("graphql.type.definition", "graphql.type.scalars", "graphql.utilities.validate_input_value")


def set_comparison_budget(pairs: int) -> None:
    """Limit how many pairs of fields are compared in the validation of one document."""
    # A release that renames the budget would silently undo this.
    assert isinstance(overlapping_fields_can_be_merged.MAX_COMPLEXITY_BUDGET, int)  # noqa: S101
    overlapping_fields_can_be_merged.MAX_COMPLEXITY_BUDGET = pairs


def print_literals_with(printer: Callable[[Node], str]) -> None:
    """Have graphql-core print the literals in its messages with a function."""
    for name in _PRINTING_MODULES:
        module = vars(import_module(name))
        # A release that renames the function would silently undo this.
        assert callable(module["print_for_error"])  # noqa: S101
        module["print_for_error"] = printer


def compare_names_with(distance: type[LexicalDistance]) -> None:
    """Have graphql-core compare the names in its messages with a class."""
    module = vars(import_module("graphql.pyutils.suggestion_list"))
    assert issubclass(module["LexicalDistance"], LexicalDistance)  # noqa: S101
    module["LexicalDistance"] = distance
