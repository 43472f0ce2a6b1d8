"""A field's arguments are read as Strawberry and graphql-core read them, whatever is a variable and whatever that
holds."""

from typing import Any, NamedTuple, cast

import pytest
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLField,
    GraphQLNonNull,
    GraphQLObjectType,
    OperationDefinitionNode,
    ProvidedRequiredArgumentsRule,
    ValuesOfCorrectTypeRule,
    VariablesInAllowedPositionRule,
    get_argument_values,
    get_variable_values,
    parse,
    validate,
)
from graphql.execution import VariableValues
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from app.engine.input_values import InputValues
from app.engine.variables import OperationVariables
from app.graphql.planning.compiled_arguments import CompiledArguments, Inputs
from app.graphql.schema import schema
from app.graphql.strawberry_seam import convert_arguments
from tests.support import thorough
from tests.support.input_values import SCHEMA, Drawn, built_by_strawberry, written

RULES = [ValuesOfCorrectTypeRule, VariablesInAllowedPositionRule, ProvidedRequiredArgumentsRule]
FIELDS = {
    (kind.name, name): cast("GraphQLField", field)
    for kind in SCHEMA.type_map.values()
    if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__")
    for name, field in kind.fields.items()
    if cast("GraphQLField", field).args
}
INPUTS = Inputs()


def converted(field: GraphQLField, coerced: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a field as Strawberry converts them."""
    return convert_arguments(schema, field, coerced)


VALUES = InputValues()


class Example(NamedTuple):
    """A field with arguments, the definitions of the variables in them, and what a request gives for those."""

    field: tuple[str, str]
    arguments: str
    variables: str
    given: dict[str, Any]

    @property
    def document(self) -> DocumentNode:
        """A document with the field."""
        (kind, name), definitions = self.field, f"({self.variables})" if self.variables else ""
        shown = f"{name}({self.arguments})" if self.arguments else name
        return parse(f"query{definitions} {{...Shown}} fragment Shown on {kind} {{{shown} {{__typename}}}}")

    @property
    def operation(self) -> OperationDefinitionNode:
        """The operation of the document."""
        operation = self.document.definitions[0]
        assert isinstance(operation, OperationDefinitionNode)
        return operation

    @property
    def node(self) -> FieldNode:
        """The field in the document."""
        fragment = self.document.definitions[1]
        assert isinstance(fragment, FragmentDefinitionNode)
        node = fragment.selection_set.selections[0]
        assert isinstance(node, FieldNode)
        return node

    @property
    def compiled(self) -> CompiledArguments:
        """Its arguments, as they are read here."""
        return CompiledArguments(FIELDS[self.field], self.node, INPUTS, converted)


def read(example: Example) -> tuple[Any, Any]:
    """The arguments as they should be and as they are; None instead where they are refused."""
    field, compiled = FIELDS[example.field], example.compiled
    variables = get_variable_values(SCHEMA, example.operation.variable_definitions or (), example.given)
    assert isinstance(variables, VariableValues)
    try:
        coerced = get_argument_values(field, example.node, variables)
        with built_by_strawberry():
            expected = told(converted(field, coerced))
        assert told(converted(field, coerced)) == expected
    except GraphQLError:
        expected = None
    try:
        actual = told(compiled.read(variables))
    except GraphQLError:
        actual = None
    return expected, actual


def told(arguments: dict[str, Any]) -> dict[str, tuple[Any, str]]:
    """The values, and their types, which their texts tell."""
    return {name: (value, repr(value)) for name, value in arguments.items()}


@st.composite
def examples(draw: st.DrawFn) -> Example:
    """Any field that takes arguments, with variables at any place in them."""
    place = draw(st.sampled_from(sorted(FIELDS)))
    literals = Drawn(draw, in_document=True, odd=False, has_variables=True)
    arguments: list[str] = []
    for name, argument in FIELDS[place].args.items():
        kind: Any = cast("Any", argument).type
        if (isinstance(kind, GraphQLNonNull) and not argument.default_value) or draw(st.integers(0, 2)):
            arguments.append(f"{name}: {written(literals.value(kind))}")
    definitions: list[str] = []
    values: dict[str, Any] = {}
    for name, kind in literals.variables.items():
        declared: Any = kind
        default = ""
        if draw(st.booleans()):
            default = f" = {written(Drawn(draw, in_document=True, odd=False).value(kind))}"
            # A default lets a nullable variable stand where null may not.
            if str(kind).endswith("!") and draw(st.booleans()):
                declared = kind.of_type
        definitions.append(f"${name}: {declared}{default}")
        if draw(st.integers(0, 3)):
            values[name] = Drawn(draw, odd=False).value(declared)
    return Example(place, ", ".join(arguments), ", ".join(definitions), values)


@given(examples())
@settings(max_examples=thorough.examples(300), deadline=None)
def test_arguments_are_read_as_the_libraries_read_them(example: Example) -> None:
    assume(not validate(SCHEMA, example.document, RULES))
    definitions = example.operation.variable_definitions or ()
    assume(isinstance(get_variable_values(SCHEMA, definitions, example.given), VariableValues))

    expected, actual = read(example)

    event("refused" if expected is None else "read")
    assert actual == expected


@pytest.mark.parametrize("name", sorted(name for kind, name in FIELDS if kind == "Mutation"))
@given(st.data())
@settings(max_examples=thorough.examples(40), deadline=None)
def test_the_input_of_a_mutation_is_read_as_the_libraries_read_it(name: str, data: st.DataObject) -> None:
    field = FIELDS["Mutation", name]
    kind = cast("Any", field.args["input"]).type
    operation = cast("OperationDefinitionNode", parse(f"mutation($v: {kind}) {{{name}(input: $v)}}").definitions[0])
    sent = {"v": Drawn(data.draw).value(kind)}

    expected = get_variable_values(SCHEMA, operation.variable_definitions or (), sent)
    found = OperationVariables(SCHEMA, operation, VALUES).coerce(sent)

    event("read" if isinstance(expected, VariableValues) else "refused")
    if isinstance(expected, list):
        # What is wrong is said by the library.
        assert found is None
        return
    with built_by_strawberry():
        arguments = converted(field, {"input": expected.coerced["v"]})
    assert found is not None
    assert told(converted(field, {"input": found.coerced["v"]})) == told(arguments)


CUSTOMERS, CUSTOMER, GROUPS = ("Query", "customers"), ("Query", "customer"), ("Query", "customerGroups")
SUBSCRIPTIONS, CHILDREN = ("Customer", "subscriptions"), ("Customer", "children")
# A variable by itself, in an object, in a list, in what must not be null, and in the one key.
PLACES = [
    (CUSTOMERS, "first: $v, after: null", "$v: Int"),
    (CUSTOMERS, "where: $v", "$v: CustomerFilter"),
    (CUSTOMERS, "where: {isActive: $v, customerNumber: null}", "$v: Boolean"),
    (CUSTOMERS, "where: {ids: $v}", "$v: [ID!]"),
    (CUSTOMERS, 'where: {ids: ["x", $v]}', "$v: ID!"),
    (CUSTOMERS, "where: {ids: $v}", "$v: ID! = 5"),
    (CUSTOMERS, "where: {or: [{not: {hasParent: $v}}, {}]}", "$v: Boolean"),
    (CUSTOMERS, 'where: {metadata: [{key: "x", value: $v}]}', "$v: MetadataValue!"),
    (CUSTOMERS, 'where: {metadata: [{key: $v, value: "x"}]}', '$v: String = "x"'),
    (CUSTOMERS, "orderBy: [{field: NAME, direction: $v}]", "$v: OrderDirection = DESC"),
    (CUSTOMERS, "orderBy: {field: $v}", "$v: CustomerOrderField!"),
    (CUSTOMER, "by: $v", "$v: CustomerLookup!"),
    (CUSTOMER, "by: {id: $v}", "$v: ID!"),
    (CUSTOMER, "by: {customerNumber: $v}", "$v: String!"),
    (GROUPS, "first: $v", "$v: Int = 7"),
    (GROUPS, "first: $v", "$v: Int"),
    (GROUPS, "where: {number: $v}", "$v: String"),
    (SUBSCRIPTIONS, "status: [ACTIVE, $v]", "$v: SubscriptionStatus!"),
    (SUBSCRIPTIONS, "status: $v, first: 5", "$v: [SubscriptionStatus!]"),
    (SUBSCRIPTIONS, "status: $v", "$v: [SubscriptionStatus!] = [TRIAL]"),
    (CHILDREN, "first: $v, where: {}", "$v: Int"),
]
FITTING: dict[str, Any] = {
    "Int": 3,
    "Boolean": True,
    "ID": "x",
    "String": "x",
    "MetadataValue": 1.5,
    "OrderDirection": "ASC",
    "CustomerOrderField": "NAME",
    "SubscriptionStatus": "PAUSED",
    "CustomerFilter": {"and": [{"isActive": None}], "metadata": [{"key": "x", "value": 1}]},
    "CustomerLookup": {"externalSystemId": "x"},
}


@pytest.mark.parametrize("state", ["missing", "null", "given"])
@pytest.mark.parametrize(("field", "arguments", "variables"), PLACES)
def test_a_variable_may_be_missing_null_or_given(
    field: tuple[str, str], arguments: str, variables: str, state: str
) -> None:
    kind = variables.removeprefix("$v: ").partition(" = ")[0]
    value = FITTING[kind.strip("[]!")]
    values = {"missing": {}, "null": {"v": None}, "given": {"v": [value] if "[" in kind else value}}[state]
    example = Example(field, arguments, variables, values)
    coerced = get_variable_values(SCHEMA, example.operation.variable_definitions or (), values)
    if isinstance(coerced, list):
        # Rejected before any argument is read: what must not be null may be neither missing nor null.
        assert "!" in kind
        assert state != "given"
        return

    expected, actual = read(example)

    assert actual == expected
    assert state != "given" or actual is not None


@pytest.mark.parametrize(
    ("arguments", "are_fixed", "limit_is_fixed"),
    [
        ("", True, True),
        ('first: 3, where: {or: [{customerNumber: "x"}]}', True, True),
        ("first: $v", False, False),
        ("last: $v", False, False),
        ("after: $w", False, True),
        ("first: 3, where: {and: [{not: {customerNumber: $w}}]}", False, True),
        ("first: $v, after: $w", False, False),
    ],
)
def test_arguments_without_variables_are_known_for_fixed(
    *, arguments: str, are_fixed: bool, limit_is_fixed: bool
) -> None:
    compiled = Example(CUSTOMERS, arguments, "$v: Int, $w: String", {}).compiled

    assert (compiled.are_fixed, compiled.limit_is_fixed) == (are_fixed, limit_is_fixed)
