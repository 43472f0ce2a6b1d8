"""Each of Strawberry's internals that the seam uses still does what the seam needs."""

import ast
import importlib
import tomllib
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar, NamedTuple

import pytest
import strawberry
from graphql import GraphQLField, GraphQLInputObjectType, GraphQLObjectType, GraphQLSchema
from graphql.execution import Executor
from packaging.requirements import Requirement
from strawberry import federation
from strawberry.extensions import FieldExtension
from strawberry.schema_directive import Location

ROOT = Path(__file__).parents[2]
SEAM = ROOT / "app" / "graphql" / "strawberry_seam.py"


def test_the_requirement_is_bounded_to_the_releases_that_the_seam_was_tried_with() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (requirement,) = (
        found for found in map(Requirement, project["dependencies"]) if found.name == "strawberry-graphql"
    )
    assert {specifier.operator for specifier in requirement.specifier} == {">=", "<"}


def imported() -> list[tuple[str, str]]:
    """What the seam imports from Strawberry: module and name."""
    return [
        (node.module, alias.name)
        for node in ast.parse(SEAM.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("strawberry")
        for alias in node.names
    ]


@pytest.mark.parametrize(("module", "name"), imported())
def test_strawberry_has_a_name_where_the_seam_imports_it(module: str, name: str) -> None:
    try:
        getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError):
        pytest.fail(f"{module} no longer has {name}. Search for it in the new release and change {SEAM.name}.")


@pytest.fixture(scope="module")
def seam() -> ModuleType:
    """The seam, imported by the tests that need it: where an import fails, the test above names it."""
    return importlib.import_module("app.graphql.strawberry_seam")


class Color(Enum):
    """An enumeration of the domain."""

    RED = "red"


strawberry.enum(Color)


@strawberry.input(one_of=True)
class Chosen:
    """An input of which one field is given."""

    one_id: strawberry.Maybe[int]
    color: strawberry.Maybe[Color | None]


@strawberry.input
class Many:
    """An input with a default and a list."""

    some_numbers: list[int]
    limit: int = 5


class Marked(FieldExtension):
    """An extension that can be recognized."""

    def resolve(self, next_: Callable[..., Any], source: Any, info: Any, **arguments: Any) -> Any:
        return next_(source, info, **arguments)


@federation.type(keys=["id"])
class Thing:
    """What other subgraphs may refer to."""

    id: strawberry.ID


@strawberry.type
class Query:
    """One field of each kind."""

    thing: Thing | None
    plain_name: str
    marked: str = strawberry.field(extensions=[Marked()])

    @strawberry.field
    @staticmethod
    def computed_name(most_rows: int, many: Many, chosen: Chosen | None = None) -> Color | None:
        """Take arguments."""
        assert most_rows
        assert many
        assert chosen is None
        return None


@strawberry.type
class Fragments:
    """A field that shows what graphql-core gave its resolver."""

    @strawberry.field
    @staticmethod
    def names(info: strawberry.Info) -> list[str]:
        """Return the names of the document's fragments."""
        seam = importlib.import_module("app.graphql.strawberry_seam")
        return [*seam.fragments_of(info)]


def shows_fragments(_seam: ModuleType) -> bool:
    """Whether a resolver gets to the fragments of its document."""
    result = strawberry.Schema(Fragments).execute_sync("{ ...F } fragment F on Fragments { names }")
    return result.data == {"names": ["F"]}


class Toy(NamedTuple):
    """A schema, and parts of it."""

    schema: strawberry.Schema
    core: GraphQLSchema

    def field(self, name: str) -> GraphQLField:
        query = self.core.type_map["Query"]
        assert isinstance(query, GraphQLObjectType)
        return query.fields[name]

    def input(self, name: str) -> GraphQLInputObjectType:
        kind = self.core.type_map[name]
        assert isinstance(kind, GraphQLInputObjectType)
        return kind


def toy(**options: Any) -> Toy:
    """A schema of one's own: some checks change it."""
    schema = federation.Schema(query=Query, federation_version="2.9", **options)
    # By its type: another check of the seam covers the name that Strawberry gives the attribute.
    (core,) = (value for value in vars(schema).values() if isinstance(value, GraphQLSchema))
    return Toy(schema, core)


def convert(seam: Any, made: Toy) -> Any:
    coerced = {"mostRows": 1, "many": {"someNumbers": [1], "limit": 2}, "chosen": {"oneId": 3}}
    return seam.convert_arguments(made.schema, made.field("computedName"), coerced)


def builds(seam: Any) -> bool:
    made, built = toy(), object()
    kind = made.input("Many")
    original = kind.extensions["strawberry-definition"].from_input

    def build(_kind: type, _value: object, _context: object) -> object:
        return built

    seam.set_builder(kind, build)
    try:
        return convert(seam, made)["many"] is built
    finally:
        kind.extensions["strawberry-definition"].from_input = original


def describes(seam: Any) -> bool:
    seam.describe_values(Color, {"RED": "Described."})
    return 'Described."""\n  RED' in toy().schema.as_str()


def prints(seam: Any) -> bool:
    made = toy()
    (link,) = (found for found in made.core.directives if found.name == "link")
    is_missing = "directive @link" not in made.schema.as_str()
    seam.print_definition(link)
    return is_missing and "directive @link" in made.schema.as_str()


def imports_directive(seam: Any) -> bool:
    @strawberry.schema_directive(locations=[Location.FIELD_DEFINITION], name="marks")
    class Marks(seam.FederationDirective):
        text: str
        imported_from: ClassVar[Any] = seam.ImportedFrom(name="marks")
        minimum_version: ClassVar[tuple[int, int]] = (2, 0)

    @federation.type
    class Root:
        name: str = federation.field(directives=[Marks(text="x")])

    text = federation.Schema(query=Root, federation_version="2.9").as_str()
    return 'import: ["@marks"]' in text and 'name: String! @marks(text: "x")' in text


def overrides(name: str, kind: str) -> Callable[[Any], bool]:
    def holds(seam: Any) -> bool:
        scalar = strawberry.scalar(name=kind, description="Described.", serialize=str, parse_value=str)
        return toy(scalar_overrides={getattr(seam, name): scalar}).core.type_map[kind].description == "Described."

    return holds


def parameters(seam: Any) -> bool:
    found = seam.parameters_of(toy().field("computedName"))
    return [(argument.name, argument.attribute) for argument in found] == [
        ("mostRows", "most_rows"),
        ("many", "many"),
        ("chosen", "chosen"),
    ]


def wrapper(attribute: str, name: str) -> Callable[[Any], bool]:
    """Whether the type of an input's field is a number in a wrapper."""

    def holds(seam: Any) -> bool:
        fields = {field.attribute: field.declared for kind in (Chosen, Many) for field in seam.fields_of_input(kind)}
        found = fields[attribute]
        return isinstance(found, getattr(seam, name)) and seam.inner_of(found) is int

    return holds


BASE, FIELD, CONVERTER = (
    "strawberry/types/base.py",
    "strawberry/types/field.py",
    "strawberry/schema/schema_converter.py",
)
CHECKS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "FederationAny": (overrides("FederationAny", "_Any"), "strawberry/federation/schema.py"),
    "FederationDirective": (imports_directive, "strawberry/federation/schema_directives.py"),
    "FieldSet": (overrides("FieldSet", "federation__FieldSet"), "strawberry/federation/types.py"),
    "ImportedFrom": (imports_directive, "strawberry/federation/schema_directives.py"),
    "LinkImport": (overrides("LinkImport", "link__Import"), "strawberry/federation/types.py"),
    "ScalarDefinition": (
        lambda seam: isinstance(strawberry.scalar(name="X", serialize=str), seam.ScalarDefinition),
        "strawberry/types/scalar.py",
    ),
    "ScalarWrapper": (lambda seam: isinstance(seam.ScalarWrapper, type), "strawberry/types/scalar.py"),
    "StrawberryField": (lambda seam: isinstance(strawberry.field(), seam.StrawberryField), FIELD),
    "StrawberryList": (wrapper("some_numbers", "StrawberryList"), BASE),
    "StrawberryMaybe": (wrapper("one_id", "StrawberryMaybe"), BASE),
    "StrawberryOptional": (
        lambda seam: isinstance(seam.inner_of(seam.fields_of_input(Chosen)[1].declared), seam.StrawberryOptional),
        BASE,
    ),
    "UnsetType": (lambda seam: isinstance(strawberry.UNSET, seam.UnsetType), "strawberry/types/unset.py"),
    "attribute_of": (lambda seam: seam.attribute_of(toy().field("plainName")) == "plain_name", FIELD),
    "convert_arguments": (
        lambda seam: (
            convert(seam, toy())
            == {
                "most_rows": 1,
                "many": Many(some_numbers=[1], limit=2),
                "chosen": Chosen(one_id=strawberry.Some(3), color=None),
            }
        ),
        "strawberry/types/arguments.py",
    ),
    "describe_values": (describes, "strawberry/types/enum.py"),
    "executable": (
        lambda seam: isinstance(seam.executable(toy().schema), GraphQLSchema),
        "strawberry/schema/schema.py",
    ),
    "executor_class": (
        lambda seam: issubclass(seam.executor_class(toy().schema), Executor),
        "strawberry/schema/schema.py and strawberry/schema/_graphql_core.py",
    ),
    "extensions_of": (
        lambda seam: (
            [type(extension) for extension in seam.extensions_of(toy().field("marked"))] == [Marked]
            and [*seam.extensions_of(toy().field("plainName"))] == []
        ),
        FIELD,
    ),
    "fields_of_input": (
        lambda seam: (
            [(field.name, field.attribute, field.has_default) for field in seam.fields_of_input(Many)]
            == [("someNumbers", "some_numbers", False), ("limit", "limit", True)]
        ),
        f"{BASE} and {FIELD}",
    ),
    "fragments_of": (shows_fragments, "strawberry/types/info.py"),
    "has_resolver": (
        lambda seam: (
            (seam.has_resolver(toy().field("computedName")), seam.has_resolver(toy().field("plainName")))
            == (True, False)
        ),
        FIELD,
    ),
    "inner_of": (wrapper("some_numbers", "StrawberryList"), BASE),
    "is_input": (lambda seam: (seam.is_input(Many), seam.is_input(int)) == (True, False), BASE),
    "is_one_of": (
        lambda seam: (seam.is_one_of(toy().input("Chosen")), seam.is_one_of(toy().input("Many"))) == (True, False),
        BASE,
    ),
    "attributes_of": (
        lambda seam: seam.attributes_of(toy().input("Chosen")) == {"oneId": "one_id", "color": "color"},
        BASE,
    ),
    "names_of_input": (
        lambda seam: seam.names_of_input(Chosen) == {"oneId": "one_id", "color": "color"},
        "strawberry/schema/name_converter.py",
    ),
    "optimized_is_awaitable": (
        lambda seam: seam.optimized_is_awaitable("x") is False and seam.optimized_is_awaitable(Awaitable()) is True,
        "strawberry/execution/is_awaitable.py",
    ),
    "parameters_of": (parameters, f"{FIELD} and strawberry/schema/name_converter.py"),
    "print_definition": (prints, "strawberry/printer/printer.py"),
    "set_builder": (builds, "strawberry/types/arguments.py"),
    "shows_attribute": (
        lambda seam: [seam.shows_attribute(toy().field(name)) for name in ("plainName", "marked")] == [True, False],
        FIELD,
    ),
    "with_description": (
        lambda seam: seam.with_description(toy().schema.as_str(), "Described.").startswith(
            '"""\nDescribed.\n"""\nschema @link('
        ),
        "strawberry/printer/printer.py",
    ),
}
"""For each name of the seam: what has to hold, and the files of Strawberry to look at where it does not."""


class Awaitable:
    """An object that can be awaited."""

    def __await__(self) -> Iterator[None]:
        yield


@pytest.mark.parametrize("name", CHECKS)
def test_strawberry_still_does_what_the_seam_needs(seam: ModuleType, name: str) -> None:
    holds, files = CHECKS[name]
    advice = f"`{name}` of {SEAM.name} no longer works with this release of Strawberry. Look at {files}."
    try:
        found = holds(seam)
    except Exception as error:  # noqa: BLE001 - whatever a new release raises
        pytest.fail(f"{advice} It raises {error!r}.")
    assert found, advice


def test_every_name_of_the_seam_is_checked(seam: ModuleType) -> None:
    own = {name for name, value in vars(seam).items() if getattr(value, "__module__", "") == seam.__name__}
    functions = {name for name in own if not name.startswith("_") and name[0].islower()}
    assert {*CHECKS} == functions | {*seam.__all__}
