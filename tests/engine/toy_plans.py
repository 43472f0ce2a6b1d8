"""Plans whose answers are given, and a planner that keeps what it is asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import DocumentNode, OperationDefinitionNode
from graphql.execution import VariableValues

from app.domain.spelling import Spelling
from app.engine.plans import EventPlan, PayloadPlan, Plan

BODY = b'{"data":{"hello":"Hello plan"}}'


@dataclass(eq=False)
class ToyPlan:
    """Answers with these bytes, or with this exception."""

    answers: bytes | BaseException | None
    runs: list[tuple[dict[str, Any], object]] = field(default_factory=list[tuple[dict[str, Any], object]])

    async def answer(self, variables: VariableValues, context: object, *, is_long: bool) -> bytes | None:  # noqa: ARG002 - as it is asked
        self.runs.append((variables.coerced, context))
        if isinstance(self.answers, BaseException):
            raise self.answers
        return self.answers


@dataclass(eq=False)
class ToyEventPlan:
    """Responds to each event with its number, or not at all, or with this exception."""

    failure: BaseException | None = None
    responds: bool = True

    async def responses(
        self, events: Sequence[Any], variables: VariableValues, _context: object, /
    ) -> Sequence[dict[str, Any]] | None:
        if self.failure is not None:
            raise self.failure
        return [{"planned": event, **variables.coerced} for event in events] if self.responds else None


@dataclass
class ToyPlanner:
    """Hands out one plan, or none, and keeps what it was asked for: the operation's name and the variables."""

    plans: Plan | None
    asked: list[tuple[str | None, dict[str, Any]]] = field(default_factory=list[tuple[str | None, dict[str, Any]]])
    spellings: list[Spelling | None] = field(default_factory=list[Spelling | None])
    event_plan: EventPlan | None = None

    def plan(
        self,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        variables: VariableValues,
        *,
        spelling: Spelling | None,
    ) -> Plan | None:
        assert operation in document.definitions
        self.spellings.append(spelling)
        self.asked.append((operation.name and operation.name.value, variables.coerced))
        return self.plans

    def payloads(
        self, document: DocumentNode, operation: OperationDefinitionNode, variables: VariableValues
    ) -> Mapping[str, PayloadPlan]:
        assert operation in document.definitions
        assert variables.coerced is not None
        return {}

    def events(
        self, document: DocumentNode, operation: OperationDefinitionNode, variables: VariableValues
    ) -> EventPlan | None:
        assert operation in document.definitions
        self.asked.append((operation.name and operation.name.value, variables.coerced))
        return self.event_plan
