"""Check the documents of endpoints: each is a subscription to `changes`, whose selection is executed on every event."""

from graphql import GraphQLError, OperationType
from graphql.execution import VariableValues

from app.engine.execution import Engine
from app.engine.request_errors import RequestError
from app.graphql.rules import Rules
from app.services.webhook_rules import CheckedDocument

_NO_VARIABLES = VariableValues({}, {})
_NO_ARGUMENTS = "must not have arguments of `changes`: the endpoint's `types` say which events are sent."
_FORM = "write `subscription { changes { … } }`"


class DocumentCheck:
    """Checks documents by the schema, and by the limits and trusted documents of an engine."""

    def __init__(self, engine: Engine, rules: Rules) -> None:
        self._engine = engine
        self._rules = rules

    async def check(self, text: str) -> CheckedDocument:
        """Return what is wrong with a document, and the scopes that its fields need."""
        try:
            document = await self._engine.prepare_aside(text)
            if len(document.names) > 1:
                return CheckedDocument([f"must have one operation, not {len(document.names)}."])
            operation = document.select(None)
            if operation.type is not OperationType.SUBSCRIPTION:
                return CheckedDocument([f"must be a subscription, not a {operation.type.value}: {_FORM}."])
            if operation.node.variable_definitions:
                return CheckedDocument(["must not have variables: nothing gives them values."])
            self._engine.check_operation(operation)
        except RequestError as error:
            return CheckedDocument([f"is rejected: {_with_place(found)}" for found in error.errors])
        syntax, node = operation.syntax, operation.node
        has_arguments = any(self._rules.root_arguments(syntax, node, _NO_VARIABLES))
        faults = [_NO_ARGUMENTS] if has_arguments else []
        return CheckedDocument(faults, self._rules.access(syntax, node, _NO_VARIABLES).scopes)


def _with_place(error: GraphQLError) -> str:
    """Return an error's message with where it is."""
    if not error.locations:
        return error.message
    line, column = error.locations[0]
    return f"{error.message} (line {line}, column {column})"
