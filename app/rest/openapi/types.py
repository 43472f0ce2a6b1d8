"""JSON Schemas of what endpoints take and show, made from the GraphQL types, the documents and the limits of fields."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias, cast

from graphql import (
    FieldNode,
    GraphQLEnumType,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    SelectionSetNode,
)

from app.domain import customer_fields, group_fields
from app.domain.contact_fields import CONTACT
from app.domain.department_fields import DEPARTMENT
from app.domain.fields import key_text, schema_name
from app.domain.inputs import Field
from app.domain.limits import Limits, limits_of
from app.domain.metadata import MAX_ENTRIES, MAX_KEY_CHARACTERS, MAX_VALUE_CHARACTERS
from app.domain.spelling import Spelling
from app.engine.bounds import named_type
from app.rest.bodies import Body

Json: TypeAlias = dict[str, Any]

_FIELDS: Mapping[str, Mapping[str, Field]] = {
    "Contact": CONTACT.fields,
    "CreateCustomerInput": customer_fields.FIELDS,
    "Customer": customer_fields.FIELDS,
    "CustomerGroup": group_fields.FIELDS,
    "Department": DEPARTMENT.fields,
    "UpdateCustomerInput": customer_fields.FIELDS,
}
"""The fields of the domain that decide which values a type has."""
_SCALARS: Mapping[str, Json] = {
    "Boolean": {"type": "boolean"},
    "Date": {"type": "string", "format": "date"},
    "DateTime": {"type": "string", "format": "date-time"},
    "Decimal": {"type": "number"},
    "ID": {"type": "string", "format": "uuid"},
    "Int": {"type": "integer", "format": "int32"},
    "String": {"type": "string"},
}
METADATA_KEY: Json = {
    "type": "string",
    "minLength": 1,
    "maxLength": MAX_KEY_CHARACTERS,
    "pattern": limits_of(key_text()).pattern,
}
_METADATA: Json = {
    "type": "object",
    "description": "Key-value metadata.",
    "maxProperties": MAX_ENTRIES,
    "propertyNames": METADATA_KEY,
    "additionalProperties": {"type": ["string", "number", "boolean"], "maxLength": MAX_VALUE_CHARACTERS},
}
_AMOUNT_TEXT = r"[0-9]{1,13}(\.[0-9]{1,2})?$"
# A character that isn't white space or a control character; there are other invisible ones.
NOT_BLANK = r"[^\s\x00-\x1f\x7f-\x9f]"
_BLANK = r"^\s*$"
_CREATES = "Create"
# The scopes are those of the endpoint, which says them.
_SCOPE = re.compile(r" Needs [a-z-]+\.")
# The inputs of creations, updates and upserts share these descriptions in GraphQL.
_DEFAULT = re.compile(r"; (\S+) if left out for a new customer")
# Fields of inputs that endpoints don't have.
_OTHER_FORM = re.compile(r" Not together with `metadata\w+`[^.]*\.")


class Types:
    """Makes the schemas of objects, bodies and enumerations, and collects them by their names."""

    def __init__(self, schema: GraphQLSchema, spelling: Spelling) -> None:
        self._schema = schema
        self._spelling = spelling
        self._fields = {
            kind: {schema_name(name): field for name, field in fields.items()} for kind, fields in _FIELDS.items()
        }
        self._spelled = {
            name: text for values in spelling.enumerations.values() for name, text in values.items() if name != text
        }
        self.made: dict[str, Json] = {}
        """The schemas that others refer to, by name."""

    def described(self, text: str | None) -> str:
        """Return a description of the GraphQL schema in the terms of REST."""
        kept = _OTHER_FORM.sub("", _SCOPE.sub("", text or ""))
        return re.sub(r"\b[A-Z][A-Z_]+\b", lambda found: self._spelled.get(found[0], found[0]), kept)

    def shown(self, kind: GraphQLObjectType, selections: SelectionSetNode, prefix: str = "", about: str = "") -> Json:
        """Return a reference to the schema of an object that a document selects, without its version.

        `prefix` distinguishes it from other selections of its type, and `about` says how it differs.
        """
        properties: dict[str, Json] = {}
        required: list[str] = []
        for node in cast("tuple[FieldNode, ...]", selections.selections):
            key = (node.alias or node.name).value
            if key != "version":
                properties[key] = self._field(kind, node)
            if key != "version" and not node.directives:
                required.append(key)
        description = f"{self.described(kind.description)}{about}"
        made = {"type": "object", "description": description, "properties": properties}
        return self._named(prefix + kind.name, {**made, "required": required})

    def taken(self, body: Body) -> Json:
        """Return a reference to the schema of a body."""
        kind = cast("GraphQLInputObjectType", self._schema.type_map[body.input_type])
        return self._input(kind, body.fields)

    def _field(self, kind: GraphQLObjectType, node: FieldNode) -> Json:
        field = kind.fields[node.name.value]
        named = named_type(field)
        if node.selection_set is not None and isinstance(named, GraphQLObjectType):
            made = self._wrapped(field.type, self.shown(named, node.selection_set))
        else:
            declared = self._fields.get(kind.name, {}).get(node.name.value)
            limits = Limits() if declared is None else limits_of(declared.read)
            made = self._wrapped(field.type, self._leaf(named, limits))
        return {**made, "description": self.described(field.description)}

    def _input(self, kind: GraphQLInputObjectType, names: Iterable[str]) -> Json:
        fields = self._fields.get(kind.name, {})
        made: Json = {
            "type": "object",
            "description": self.described(kind.description),
            "properties": {name: self._taken(kind.fields[name], fields.get(name), kind) for name in names},
        }
        required = [name for name in names if isinstance(kind.fields[name].type, GraphQLNonNull)]
        if required:
            made["required"] = required
        return self._named(kind.name.removesuffix("Input"), {**made, "additionalProperties": False})

    def _taken(self, field: GraphQLInputField, declared: Field | None, kind: GraphQLInputObjectType) -> Json:
        named, of = named_type(field), cast("Any", field).type
        if isinstance(named, GraphQLInputObjectType):
            made = self._wrapped(of, self._input(named, named.fields))
            most = field.extensions.get("max_items")
            made |= {} if most is None else {"maxItems": most.most}
        elif declared is None:
            made = self._wrapped(of, self._leaf(named, Limits()))
        else:
            made = self._leaf(named, limits_of(declared.read), is_taken=True)
            made = _clearable(made) if declared.clearable else made | _not_blank(made)
            if kind.name.startswith(_CREATES) and declared.default is not None:
                made["default"] = self._default(named, declared.default)
        default = r"; \1 if left out" if kind.name.startswith(_CREATES) else ""
        return {**made, "description": _DEFAULT.sub(default, self.described(field.description))}

    def _leaf(self, named: object, limits: Limits, *, is_taken: bool = False) -> Json:
        if isinstance(named, GraphQLEnumType):
            return self._enumeration(named)
        name = getattr(named, "name", "")
        if name == "Metadata":
            return self._named(name, _METADATA)
        made = dict(_SCALARS[name])
        if name == "Decimal" and is_taken:
            sign = "-?" if limits.least is not None and limits.least < 0 else ""
            made |= {"type": ["number", "string"], "pattern": f"^{sign}{_AMOUNT_TEXT}"}
        return made | _limited(limits)

    def _enumeration(self, kind: GraphQLEnumType) -> Json:
        spelled = self._spelling.enumerations.get(kind.name, {})
        values = {spelled.get(name, name): self.described(value.description) for name, value in kind.values.items()}
        lines = "\n".join(f"- `{value}`: {description}" for value, description in values.items())
        description = f"{self.described(kind.description)}\n\n{lines}"
        return self._named(kind.name, {"type": "string", "description": description, "enum": [*values]})

    def _default(self, named: object, default: object) -> object:
        spelled = self._spelling.enumerations.get(getattr(named, "name", ""), {})
        return spelled.get(str(default), default) if isinstance(named, GraphQLEnumType) else default

    def _wrapped(self, kind: object, made: Json) -> Json:
        """Return the schema of a type with its lists, and null where the type allows it."""
        if isinstance(kind, GraphQLNonNull):
            return self._bare(cast("object", kind.of_type), made)
        return _nullable(self._bare(kind, made))

    def _bare(self, kind: object, made: Json) -> Json:
        if isinstance(kind, GraphQLList):
            return {"type": "array", "items": self._wrapped(cast("object", kind.of_type), made)}
        return made

    def _named(self, name: str, made: Json) -> Json:
        if self.made.setdefault(name, made) != made:
            msg = f"Two schemas have the name {name}."
            raise ValueError(msg)
        return {"$ref": f"#/components/schemas/{name}"}


def _nullable(made: Json) -> Json:
    if "$ref" in made:
        return {"anyOf": [made, {"type": "null"}]}
    kinds = [made["type"]] if isinstance(made["type"], str) else made["type"]
    return {**made, "type": [*kinds, "null"]}


def _clearable(made: Json) -> Json:
    """Return the schema of a value that null unsets, and blank text if it is a text."""
    if made.get("type") == "string" and "pattern" in made:
        made = {**made, "pattern": f"{made['pattern']}|{_BLANK}"}
        made.pop("minLength", None)
    return _nullable(made)


def _not_blank(made: Json) -> Json:
    """Return what a text that can't be unset must be, beside its limits."""
    if made.get("type") != "string" or "format" in made:
        return {}
    return {"minLength": made.get("minLength", 1), "pattern": made.get("pattern", NOT_BLANK)}


def _limited(limits: Limits) -> Json:
    made = {
        "format": limits.form,
        "pattern": limits.pattern,
        "minLength": limits.least_characters,
        "maxLength": limits.most_characters,
        "minimum": limits.least,
        "maximum": limits.most,
    }
    return {name: value for name, value in made.items() if value is not None}
