"""Which operations of the contract are answered by a plan, at what cost, and to whom."""

import json
from collections.abc import Iterable
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from graphql import ExecutionResult, GraphQLObjectType, get_named_type, is_leaf_type
from sqlalchemy.ext.asyncio import AsyncEngine
from strawberry.execution.is_awaitable import optimized_is_awaitable

from app.db import graph
from app.db.database import Database
from app.db.declarations import Entity, ToMany, ToOne
from app.domain.identity import Principal, Scope
from app.engine.execution import Engine, Execution, Outcome
from app.engine.plans import Plans
from app.graphql.context import Context
from app.graphql.planning.planner import Planner
from app.graphql.schema import executable, schema
from app.services.recent_lists import RecentLists
from tests.support.asking import Caller
from tests.support.every_table import World, write_world
from tests.support.toy import LIMITS

SCHEMA = executable(schema)
ENGINE = Engine(
    SCHEMA,
    LIMITS,
    cache_size=200,
    executor_class=schema.execution_context_class,  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType] - Strawberry leaves it open
    is_awaitable=optimized_is_awaitable,
    plans=Plans(Planner(schema, statements=200)),
)
EDGES: list[ToOne[Any] | ToMany[Any]] = [value for value in vars(graph).values() if isinstance(value, ToOne | ToMany)]


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def rows(owner_engine: AsyncEngine) -> World:
    """A company with one row of everything."""
    return await write_world(owner_engine, uuid4())


def variables_of(rows: World) -> dict[str, Any]:
    """What the documents below may ask for; each declares what it uses."""
    return {
        "id": str(rows["customers"]["id"]),
        "group": str(rows["customer_groups"]["id"]),
        "account": str(rows["ledger_accounts"]["id"]),
        "by": {"id": str(rows["customers"]["id"])},
        "first": 2,
        "where": {"and": [{"isActive": True}, {"not": {"externalSystemId": None}}]},
        "order": [{"field": "NAME", "direction": "DESC"}, {"field": "NUMBER"}],
        "word": "fjo",
        "pair": {"key": "segment", "value": "gold"},
        "of": [
            {"__typename": "Customer", "id": str(rows["customers"]["id"])},
            {"__typename": "CustomerGroup", "number": "1"},
            {"__typename": "Customer", "customerNumber": "1001"},
            {"__typename": "Customer", "id": str(rows["customers"]["id"])},
        ],
        "yes": True,
        "no": False,
    }


async def ask(
    database: Database,
    company_id: UUID,
    document: str,
    variables: dict[str, Any],
    scopes: Iterable[Scope] = tuple(Scope),
) -> tuple[Outcome, int]:
    """The outcome of the only operation of a document, and the number of its statements."""
    recent = RecentLists(seconds=0, size=0)
    principal = Principal(company_id, "tester", frozenset(scopes), None)
    async with Context(database, recent, principal) as context:
        outcome = await ENGINE.run(ENGINE.prepare(document).select(None), variables, context)
        return outcome, context.statements


PLANNED = {
    "by id": "query($id: ID!) {customer(by: {id: $id}) {id name metadata createdAt creditLimit vatZone}}",
    "by number": '{customer(by: {customerNumber: "1001"}) {name isActive billingDay}}',
    "by external id": '{customer(by: {externalSystemId: "crm-1"}) {name}}',
    "by a variable that is the key": "query($by: CustomerLookup!) {customer(by: $by) {name}}",
    "a group by id": "query($group: ID!) {customerGroup(by: {id: $group}) {name accountNumber metadata discount}}",
    "a group by number": '{customerGroup(by: {number: "1"}) {accountName customers {totalCount nodes {name}}}}',
    "groups": "{customerGroups {id number name version}}",
    "groups, filtered": '{customerGroups(where: {number: "1", metadata: [{key: "color", value: "blue"}]}, first: 3) {name}}',
    "the account of each group": "{customerGroups {number account {id number name version}}}",
    "groups in pages": '{customerGroupsConnection(first: 1, where: {namePrefix: "g"}) {totalCount edges {cursor node {name}} pageInfo {hasNextPage}}}',
    "accounts in pages": "{ledgerAccountsConnection(last: 2) {nodes {number} pageInfo {hasPreviousPage startCursor}}}",
    "members in pages": "{customers(first: 5) {nodes {contactsConnection(first: 1) {totalCount edges {cursor node {name}} pageInfo {hasNextPage hasPreviousPage endCursor}} departmentsConnection(last: 1) {nodes {name}} subscriptionsConnection(status: [ACTIVE]) {nodes {periodsConnection {nodes {sequence} pageInfo {endCursor}}}}}}}",
    "documents in pages": "{customers(first: 5) {nodes {billingDocumentsConnection(first: 1) {edges {cursor node {linesConnection(last: 1) {edges {cursor node {days}}} transition {documentsConnection {totalCount} periodsConnection {totalCount}}}}}}}}",
    "accounts": "{ledgerAccounts {id number name version}}",
    "accounts, filtered": '{ledgerAccounts(where: {number: "1010", namePrefix: "sal"}, first: 3) {name}}',
    "a node that may be anything": "query($account: ID!) {node(id: $account) {__typename id ... on LedgerAccount {number}}}",
    "customers": "{customers {nodes {id customerNumber name}}}",
    "where the feed stands": "{feedCursor}",
    "customers and where the feed stands": "{cursor: feedCursor customers {nodes {name}} again: feedCursor}",
    "how many": "{customers {totalCount}}",
    "a page": "query($first: Int) {customers(first: $first) {pageInfo {hasNextPage hasPreviousPage startCursor endCursor} edges {cursor node {id}}}}",
    "from the end": "{customers(last: 3) {nodes {id} pageInfo {hasPreviousPage}}}",
    "a filter": "query($where: CustomerFilter) {customers(where: $where) {totalCount nodes {name}}}",
    "variables in a filter": "query($word: String!, $pair: MetadataPairInput!) {customers(where: {or: [{search: $word}, {namePrefix: $word}, {metadata: [$pair]}]}) {nodes {id}}}",
    "names with a prefix, in their order": "query($word: String!) {customers(where: {namePrefix: $word}, orderBy: [{field: NAME}]) {edges {cursor node {name}}}}",
    "an order": "query($order: [CustomerOrder!]) {customers(orderBy: $order, first: 5) {edges {cursor node {name}}}}",
    "aliases": '{one: customer(by: {customerNumber: "1001"}) {a: name b: name} two: customers(first: 1) {n: totalCount}}',
    "keys that begin alike for long": f"{{customers {{{'k' * 80}1: nodes {{id}} {'k' * 80}2: edges {{node {{name}}}}}}}}",
    "several roots": "{customers {totalCount} customerGroups {number} __typename}",
    "fragments": "query {customers {...Page}} fragment Page on CustomerConnection {nodes {...Shown} totalCount} fragment Shown on Customer {id group {name}}",
    "inline fragments": "{customers {nodes {... on Customer {name} ... {id} ... @include(if: true) {city}}}}",
    "names of types": "{__typename customers {__typename nodes {__typename group {__typename}} pageInfo {__typename}}}",
    "directives": "query($yes: Boolean!, $no: Boolean!) {customers {totalCount @include(if: $yes) nodes @skip(if: $no) {name} gone: nodes @include(if: $no) {id}}}",
    "what is not planned, left out": "query($no: Boolean!) {__schema @include(if: $no) {queryType {name}} customers {totalCount}}",
    "the viewer's company": "{viewer {__typename company {__typename id name baseCurrency timeZone}}}",
    "the viewer beside rows": "{me: viewer {subject expiresAt} viewer {scopes} customers {totalCount}}",
    "statuses": "{customers {nodes {subscriptions(status: [ACTIVE, PAUSED], first: 3) {name periods {netAmount}}}}}",
    "a node": "query($id: ID!) {node(id: $id) {__typename id ... on Customer {name group {name}} ... on Contact {phone}}}",
    "nodes": "query($id: ID!, $group: ID!) {nodes(ids: [$id, $group, $id]) {id ... on CustomerGroup {customers(first: 1) {totalCount}}}}",
    "entities": "query($of: [_Any!]!) {_entities(representations: $of) {... on Customer {name children {totalCount}} ... on CustomerGroup {name}}}",
    "merged fields": "{customers {nodes {group {name}} nodes {group {number} name}}}",
    "a history": "{customers {nodes {history(first: 2) {totalCount nodes {version operation actor occurredAt} edges {cursor}}}}}",
    "what changed": "{customers {nodes {history {nodes {changes {field before after}}}}}}",
    "what changed, in an edge": "{customers {nodes {history {edges {node {version changes {__typename field}}}}}}}",
    "deep": "{customers(first: 1) {nodes {parent {children(first: 2) {nodes {contacts {name}}}} billingDocuments(first: 2) {lines(first: 2) {subscription {periods(first: 2) {payer {departments {name}}}}}}}}}",
}


@pytest.mark.parametrize("name", PLANNED)
async def test_it_is_planned_and_one_statement_whatever_it_nests(database: Database, rows: World, name: str) -> None:
    company_id, variables = rows["companies"]["id"], variables_of(rows)

    outcome, statements = await ask(database, company_id, PLANNED[name], variables)

    assert (outcome.execution, statements) == (Execution.PLANNED, 1)
    assert isinstance(outcome.answer, bytes)
    data = await Caller(database, company_id).sent(PLANNED[name], **variables)
    assert json.loads(outcome.answer) == {"data": data}
    assert list(json.loads(outcome.answer)["data"]) == list(data)


NOT_PLANNED = {
    "the viewer alone": "{viewer {subject scopes expiresAt}}",
    "the schema": "{__schema {queryType {name}} customers {totalCount}}",
    "a type": '{__type(name: "Customer") {name}}',
    "a preview": 'query($id: ID!) {billingTransitionPreview(input: {id: $id, name: "Fjord"}) {errors {message}}}',
    "a mutation": 'mutation {createContact(input: {customerId: "x", name: "y"}) {errors {code}}}',
}


@pytest.mark.parametrize("name", NOT_PLANNED)
async def test_it_is_executed_by_its_fields(database: Database, rows: World, name: str) -> None:
    outcome, _ = await ask(database, rows["companies"]["id"], NOT_PLANNED[name], variables_of(rows))

    assert outcome.execution is Execution.FIELDS
    assert isinstance(outcome.answer, ExecutionResult)
    assert outcome.answer.errors is None


def fields_of(name: str) -> dict[str, Any]:
    """The fields of a type of the schema."""
    kind = SCHEMA.type_map[name]
    assert isinstance(kind, GraphQLObjectType)
    return kind.fields


def plain_fields(name: str) -> str:
    """All fields of a type that lead nowhere."""
    named: dict[str, Any] = {field: get_named_type(declared.type) for field, declared in fields_of(name).items()}
    return " ".join(field for field, kind in named.items() if is_leaf_type(kind))


def selecting(edge: ToOne[Any] | ToMany[Any], selected: str) -> str:
    """An edge as a field that selects this of each row."""
    name = schema.config.name_converter.apply_naming_config(edge.name)
    kind = cast("Any", get_named_type(fields_of(edge.source.name)[name].type))
    if kind.name == f"{edge.target.name}Connection":
        return f"{name} {{totalCount pageInfo {{endCursor hasNextPage}} nodes {{{selected}}} edges {{cursor node {{__typename}}}}}}"
    return f"{name} {{{selected}}}"


def ways() -> dict[str, list[ToOne[Any] | ToMany[Any]]]:
    """The shortest way of edges from a customer to each type that edges lead to."""
    found: dict[str, list[ToOne[Any] | ToMany[Any]]] = {graph.customer.name: []}
    reached: list[Entity[Any]] = [graph.customer]
    for entity in reached:
        for edge in EDGES:
            if edge.source is entity and edge.target.name not in found:
                found[edge.target.name] = [*found[entity.name], edge]
                reached.append(edge.target)
    return found


@pytest.mark.parametrize("edge", EDGES, ids=lambda edge: f"{edge.source.name}.{edge.name}")
async def test_every_declared_edge_can_be_planned_with_all_plain_fields_of_its_target(
    database: Database, rows: World, edge: ToOne[Any] | ToMany[Any]
) -> None:
    selected = selecting(edge, plain_fields(edge.target.name))
    for before in reversed(ways()[edge.source.name]):
        selected = selecting(before, f"{plain_fields(before.target.name)} {selected}")
    document = f"query($by: CustomerLookup!) {{customer(by: $by) {{{selected}}}}}"
    company_id, variables = rows["companies"]["id"], variables_of(rows)

    outcome, statements = await ask(database, company_id, document, variables)

    assert (outcome.execution, statements) == (Execution.PLANNED, 1)
    assert isinstance(outcome.answer, bytes)
    assert json.loads(outcome.answer)["data"] == await Caller(database, company_id).data(document, **variables)


@pytest.mark.parametrize(
    "name", ["by id", "a group by number", "groups", "customers", "how many", "deep", "names of types"]
)
async def test_who_may_not_read_is_rejected_as_ever_and_no_statement_runs(
    database: Database, rows: World, name: str
) -> None:
    company_id, variables = rows["companies"]["id"], variables_of(rows)

    outcome, statements = await ask(database, company_id, PLANNED[name], variables, [Scope.CUSTOMERS_WRITE])

    assert (outcome.execution, statements) == (Execution.FIELDS, 0)
    caller = Caller(database, company_id, [Scope.CUSTOMERS_WRITE])
    expected = await caller.run(PLANNED[name], **variables)
    assert expected.errors
    assert outcome.answer == expected


ACCOUNTS = {
    "ledgerAccounts": "{ledgerAccounts {number}}",
    "customerGroups": "{customerGroups {number account {number}}}",
    "node": "query($account: ID!) {node(id: $account) {__typename id}}",
    "nodes": "query($account: ID!, $group: ID!) {nodes(ids: [$group, $account]) {__typename id}}",
    "_entities": '{_entities(representations: [{__typename: "LedgerAccount", number: "none"}]) {__typename}}',
}


@pytest.mark.parametrize("name", ACCOUNTS)
async def test_who_may_not_read_accounts_is_rejected_them_by_plans_as_by_fields(
    database: Database, rows: World, name: str
) -> None:
    company_id, variables, scopes = rows["companies"]["id"], variables_of(rows), [Scope.CUSTOMERS_READ]

    outcome, _ = await ask(database, company_id, ACCOUNTS[name], variables, scopes)

    assert outcome.execution is Execution.FIELDS
    expected = await Caller(database, company_id, scopes).run(ACCOUNTS[name], **variables)
    assert [(error.extensions or {})["requiredScope"] for error in expected.errors or ()] == ["accounts-read"]
    assert "1010" not in json.dumps(expected.data)
    assert outcome.answer == expected


async def test_what_is_found_beside_accounts_is_planned_for_who_may_not_read_accounts(
    database: Database, rows: World
) -> None:
    company_id, variables = rows["companies"]["id"], variables_of(rows)
    document = "query($id: ID!, $group: ID!) {nodes(ids: [$group, $id]) {id ... on LedgerAccount {number}}}"

    # The same plan, for one who may and for one who may not: what is remembered of the one is not used for the other.
    for scopes in (list(Scope), [Scope.CUSTOMERS_READ], list(Scope)):
        outcome, statements = await ask(database, company_id, document, variables, scopes)
        assert (outcome.execution, statements) == (Execution.PLANNED, 1)
    hidden = "query($account: ID!, $group: ID!) {nodes(ids: [$group, $account]) {id}}"
    for scopes, execution in (
        (list(Scope), Execution.PLANNED),
        ([Scope.CUSTOMERS_READ], Execution.FIELDS),
        (list(Scope), Execution.PLANNED),
    ):
        outcome, _ = await ask(database, company_id, hidden, variables, scopes)
        assert outcome.execution is execution


FOREIGN = {
    "query($id: ID!) {customer(by: {id: $id}) {name}}": b'{"data":{"customer":null}}',
    "query($by: CustomerLookup!) {customer(by: $by) {name}}": b'{"data":{"customer":null}}',
    "query($group: ID!) {customerGroup(by: {id: $group}) {name}}": b'{"data":{"customerGroup":null}}',
    "query($id: ID!) {customers(where: {ids: [$id]}) {totalCount}}": b'{"data":{"customers":{"totalCount":0}}}',
    "query($account: ID!) {ledgerAccounts(where: {ids: [$account]}) {name}}": b'{"data":{"ledgerAccounts":[]}}',
    "query($account: ID!) {node(id: $account) {id}}": b'{"data":{"node":null}}',
    "query($group: ID!) {customerGroups(where: {ids: [$group]}) {name}}": b'{"data":{"customerGroups":[]}}',
}


@pytest.mark.parametrize("document", FOREIGN)
async def test_what_another_company_has_is_not_found(
    database: Database, company: UUID, rows: World, document: str
) -> None:
    outcome, statements = await ask(database, company, document, variables_of(rows))

    assert (outcome, statements) == (Outcome(FOREIGN[document], Execution.PLANNED), 1)


@pytest.mark.parametrize(
    "arguments",
    ["first: 501", "first: -1", "first: 1, last: 1", 'after: "x"', 'where: {ids: ["x"]}', 'where: {countryCode: "x"}'],
)
async def test_arguments_that_are_no_good_are_rejected_as_ever_and_no_statement_runs(
    database: Database, company: UUID, arguments: str
) -> None:
    document = f"{{customers({arguments}) {{totalCount}}}}"

    outcome, statements = await ask(database, company, document, {})

    assert (outcome.execution, statements) == (Execution.FIELDS, 0)
    expected = await Caller(database, company).run(document)
    assert expected.errors
    assert outcome.answer == expected
