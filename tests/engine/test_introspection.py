"""What an operation may ask of the schema itself: all that tools ask, but not several times as much."""

import pytest
from graphql import GraphQLSchema, OperationDefinitionNode, build_schema, get_introspection_query, parse, validate

from app.engine.introspection import FULL_QUERIES, IntrospectionLimit
from app.engine.request_errors import RequestError
from app.graphql.schema import executable
from app.graphql.schema import schema as graphql_schema

SCHEMA = executable(graphql_schema)
OPTIONS = ("specified_by_url", "directive_is_repeatable", "schema_description", "input_value_deprecation", "one_of")
FULL = get_introspection_query(**dict.fromkeys(OPTIONS, True))
FLOOD = "__schema{types{name description fields{name description type{name ofType{name}} args{name description}}}}"


def aliases(number: int, field: str) -> str:
    return " ".join(f"a{place}: {field}" for place in range(number))


def messages(text: str, schema: GraphQLSchema = SCHEMA) -> list[str]:
    """Return what is said of the operations of a valid document."""
    document, limit, said = parse(text), IntrospectionLimit(schema), list[str]()
    assert validate(schema, document) == []
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode):
            try:
                limit.values(node, document)
            except RequestError as error:
                said.append(str(error))
    return said


@pytest.mark.parametrize(
    "text",
    [
        FULL,
        get_introspection_query(),
        get_introspection_query(descriptions=False, type_depth=20),
        "{_service{sdl} __schema{queryType{name}}}",
        "{__typename " + aliases(40, '__type(name: "Customer"){name fields{name type{name ofType{name}}}}') + "}",
        "query($name: String!){__type(name: $name){kind fields{name args{name type{name}} type{name ofType{name}}}}}",
        '{__type(name: "Nobody"){name}}',
        "{" + aliases(40, "__typename") + "}",
        "{customers(first: 1){nodes{__typename id}}}",
        "mutation{__typename}",
    ],
)
def test_what_tools_ask_of_the_schema_is_allowed(text: str) -> None:
    assert messages(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "{" + aliases(49, FLOOD) + "}",
        "{" + aliases(12, FLOOD) + "}",
        "{__schema{" + aliases(12, FLOOD.removeprefix("__schema{").removesuffix("}")) + "}}",
        "{__schema{types{" + aliases(12, "fields{name description type{name ofType{name}} args{name}}") + "}}}",
        "{__schema{types{fields{" + aliases(49, "description") + "}}}}",
        "{__schema{types{fields{" + aliases(49, "type{name ofType{name ofType{name}}}") + "}}}}",
        "{__schema{types{fields{type{ofType{"
        + aliases(9, "fields{name description type{name ofType{name}}}")
        + "}}}}}}",
        "query($name: String!){" + aliases(40, "__type(name: $name){fields{name description args{name}}}") + "}",
        "{" + aliases(FULL_QUERIES + 1, "_service{sdl}") + "}",
        "{_service{" + aliases(FULL_QUERIES + 1, "sdl") + "}}",
        "{...a} fragment a on Query{...on Query{...b}} fragment b on Query{" + aliases(12, FLOOD) + "}",
        "{__schema{types{x: fields{...a} ...b}}} fragment b on __Type{y: fields{...a} z: fields{...a}}"
        " fragment a on __Field{" + aliases(15, "description") + "}",
        "query one {__typename} query other {" + aliases(12, FLOOD) + "}",
    ],
)
def test_aliases_at_any_level_do_not_multiply_the_schema(text: str) -> None:
    (message,) = messages(text)
    assert message.startswith(f"The operation returns more than {FULL_QUERIES} times as much of the schema")


def test_the_limit_grows_with_the_schema() -> None:
    small = build_schema("type Query { a: Int }")

    assert messages("{" + aliases(FULL_QUERIES, "__schema{types{name}}") + "}", small) == []
    assert messages("{" + aliases(49, FLOOD) + "}", small) != []
