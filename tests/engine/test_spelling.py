"""Responses in another spelling: which values are written again, and that all other bytes stay as they are."""

from collections.abc import Mapping
from typing import Any

import pytest
from graphql import ExecutionResult, build_schema

from app.domain.spelling import Spelling
from app.engine.execution import Engine, Execution, Operation
from app.engine.plans import Plans
from app.engine.spelling import respelled
from app.web.answers import to_json
from tests.engine.toy_plans import BODY, ToyPlan, ToyPlanner
from tests.support.toy import LIMITS, ToyContext

SCHEMA = build_schema("""
scalar Decimal
scalar Json
enum Mode { SELF OTHER LATER }
enum Kind { SELF OTHER }
interface Named { name: String }
type Query { thing: Thing things: [[Thing!]] named: [Named] any: [Any] mode: Mode modes: [Mode!] }
type Thing implements Named {
  name: String mode: Mode kind: Kind amount: Decimal amounts: [Decimal] json: Json number: Float parent: Thing
}
type Place implements Named { name: String way: Mode price: Decimal where: Thing }
union Any = Thing | Place
type Mutation { write: Thing }
""")
SPELLING = Spelling({"Mode": {"SELF": "self", "OTHER": "the_other"}}, decimals_as_numbers=True)
ENGINE = Engine(SCHEMA, LIMITS, cache_size=100)


def spelled(text: str, spelling: Spelling = SPELLING) -> Operation:
    """The only operation of a text, in a spelling."""
    return ENGINE.prepare(text).select(None).spelled(spelling)


def written(text: str, data: str, spelling: Spelling = SPELLING) -> str:
    """The data of a response in the spelling."""
    body = respelled(spelled(text, spelling), SCHEMA, f'{{"data":{data}}}'.encode()).decode()
    assert body.startswith('{"data":')
    return body[len('{"data":') : -1]


@pytest.mark.parametrize(
    ("selection", "shown", "expected"),
    [
        ("mode", '{"mode":"SELF"}', '{"mode":"self"}'),
        ("mode", '{"mode":"LATER"}', '{"mode":"LATER"}'),
        ("mode", '{"mode":null}', '{"mode":null}'),
        ("kind", '{"kind":"SELF"}', '{"kind":"SELF"}'),
        ("name", '{"name":"SELF"}', '{"name":"SELF"}'),
        (
            "name mode",
            '{"name":"\\"mode\\":\\"SELF\\"","mode":"SELF"}',
            '{"name":"\\"mode\\":\\"SELF\\"","mode":"self"}',
        ),
        ("name: mode mode: name", '{"name":"SELF","mode":"SELF"}', '{"name":"self","mode":"SELF"}'),
        ("amount", '{"amount":"12.50"}', '{"amount":12.50}'),
        ("amount", '{"amount":"-0.10"}', '{"amount":-0.10}'),
        ("amount", '{"amount":"1250.0000"}', '{"amount":1250.0000}'),
        ("amount", f'{{"amount":"{"9" * 40}.999"}}', f'{{"amount":{"9" * 40}.999}}'),
        ("amount", '{"amount":"NaN"}', '{"amount":"NaN"}'),
        ("amount", '{"amount":"-Infinity"}', '{"amount":"-Infinity"}'),
        ("amount", '{"amount":null}', '{"amount":null}'),
        ("amounts", '{"amounts":["1.0",null,"2"]}', '{"amounts":[1.0,null,2]}'),
        ("number mode", '{"number":1e400,"mode":"SELF"}', '{"number":1e400,"mode":"self"}'),
        ("parent{parent{mode}}", '{"parent":{"parent":{"mode":"SELF"}}}', '{"parent":{"parent":{"mode":"self"}}}'),
        ("parent{mode}", '{"parent":null}', '{"parent":null}'),
        ("mode parent{name} mode", '{"mode":"SELF","parent":{"name":"å"}}', '{"mode":"self","parent":{"name":"å"}}'),
    ],
)
def test_enumerations_and_decimals_are_written_again_and_nothing_else(
    selection: str, shown: str, expected: str
) -> None:
    assert written(f"{{thing{{{selection}}}}}", f'{{"thing":{shown}}}') == f'{{"thing":{expected}}}'


def test_json_that_the_database_wrote_keeps_every_byte() -> None:
    stored = (
        '{"SELF": "SELF", "mode": "SELF", "\\"mode\\":\\"SELF\\"": [1.10, -0.0, {"amount": "12.50"}], '
        f'"long": {"1" * 5_000}, "\\ud83d\\ude42": "é\\u2028\\\\"}}'
    )
    data = f'{{"thing":{{"json":{stored},"amount":"1.0","again":{stored}}}}}'

    assert written("{thing{json amount again: json}}", data) == data.replace('"1.0"', "1.0")


def test_lists_within_lists_are_of_the_same_objects() -> None:
    data = '{"things":[[{"mode":"SELF"},{"mode":"OTHER"}],null,[]],"modes":["SELF","LATER"],"mode":"OTHER"}'

    assert written("{things{mode} modes mode}", data) == (
        '{"things":[[{"mode":"self"},{"mode":"the_other"}],null,[]],"modes":["self","LATER"],"mode":"the_other"}'
    )


def test_fields_of_fragments_are_merged_with_those_beside_them() -> None:
    text = """{ thing { ...One ...Two parent { kind } ...Two } }
    fragment One on Thing { parent { ...Two } mode }
    fragment Two on Named { ... on Thing { a: amount parent { m: mode } } }"""

    assert written(text, '{"thing":{"a":"1","parent":{"a":"2","m":"SELF","kind":"SELF"},"mode":"SELF"}}') == (
        '{"thing":{"a":1,"parent":{"a":2,"m":"self","kind":"SELF"},"mode":"self"}}'
    )


def test_objects_of_an_interface_need_no_typename() -> None:
    text = """{
      named { name ... on Thing { m: mode a: amount to: parent { mode } } ... on Place { m: way a: price to: where { name: amount } } }
      any { __typename ... on Place { way } ... on Named { ... on Thing { mode } } }
    }"""
    data = (
        '{"named":[{"name":"SELF","m":"SELF","a":"1","to":{"mode":"SELF"}},'
        '{"name":"2","m":"OTHER","a":"2","to":{"name":"3"}},null],'
        '"any":[{"__typename":"Place","way":"SELF"},{"__typename":"Thing","mode":"SELF"}]}'
    )

    assert written(text, data) == (
        '{"named":[{"name":"SELF","m":"self","a":1,"to":{"mode":"self"}},'
        '{"name":"2","m":"the_other","a":2,"to":{"name":3}},null],'
        '"any":[{"__typename":"Place","way":"self"},{"__typename":"Thing","mode":"self"}]}'
    )


def test_what_skip_and_include_leave_is_written_again() -> None:
    text = (
        "query($on: Boolean!) { thing { mode @include(if: $on) kind @skip(if: $on) ... @include(if: $on) { amount } } }"
    )

    assert written(text, '{"thing":{"mode":"SELF","amount":"1"}}') == '{"thing":{"mode":"self","amount":1}}'
    assert written(text, '{"thing":{"kind":"SELF"}}') == '{"thing":{"kind":"SELF"}}'


def test_the_schema_itself_keeps_its_spelling() -> None:
    text = '{ __typename __type(name: "SELF") { kind name } mode }'
    data = '{"__typename":"SELF","__type":{"kind":"SELF","name":"SELF"},"mode":"SELF"}'
    everything = Spelling({"Mode": {"SELF": "self"}, "__TypeKind": {"SELF": "other"}}, decimals_as_numbers=True)

    assert written(text, data, everything) == data.replace('"mode":"SELF"', '"mode":"self"')


def test_errors_keep_their_bytes_and_data_may_be_null() -> None:
    errors = b'[{"message":"SELF","path":["thing","mode"],"extensions":{"mode":"SELF","data":{"mode":"SELF"}}}]'
    operation = spelled("mutation { write { mode } }")

    for data, expected in ((b"null", b"null"), (b'{"write":{"mode":"SELF"}}', b'{"write":{"mode":"self"}}')):
        body = respelled(operation, SCHEMA, b'{"errors":%b,"data":%b}' % (errors, data))
        assert body == b'{"errors":%b,"data":%b}' % (errors, expected)


@pytest.mark.parametrize("spelling", [None, Spelling({}, decimals_as_numbers=False)])
def test_a_spelling_that_changes_nothing_leaves_a_response_as_it_is(spelling: Spelling | None) -> None:
    operation = ENGINE.prepare("{thing{mode amount}}").select(None)
    body = b'{"data":{"thing":{"mode":"SELF","amount":"1"}}}'

    assert respelled(operation if spelling is None else operation.spelled(spelling), SCHEMA, body) == body


def test_what_is_written_again_is_found_once_per_operation() -> None:
    operation = spelled("{thing{mode}}")
    body = b'{"data":{"thing":{"mode":"SELF"}}}'

    first = respelled(operation, SCHEMA, body)
    (shape,) = operation.shapes.values()

    assert respelled(operation, SCHEMA, body) == first
    assert [*operation.shapes.values()] == [shape]
    assert operation.shapes[SCHEMA] is shape


async def test_an_operation_in_a_spelling_shares_no_plan_with_the_original() -> None:
    planner = ToyPlanner(ToyPlan(BODY))
    engine = Engine(SCHEMA, LIMITS, cache_size=10, plans=Plans(planner))
    original = engine.prepare("{mode}").select(None)
    other = original.spelled(SPELLING)
    again = other.spelled(Spelling({}, decimals_as_numbers=True))

    for operation in (original, other, again) * 2:
        outcome = await engine.run(operation, {}, ToyContext())
        assert outcome == (BODY, Execution.PLANNED)

    assert planner.spellings == [None, SPELLING, again.spelling]
    caches = [
        cache
        for operation in (original, other, again)
        for cache in (operation.made, operation.payloads, operation.event_plans, operation.shapes)
    ]
    assert len({id(cache) for cache in caches}) == len(caches)
    assert original.spelling is None


async def test_an_operation_in_a_spelling_is_answered_without_plans_as_ever() -> None:
    data: Mapping[str, Any] = {"mode": None, "things": None}
    operation = spelled("{mode things{mode}}")

    outcome = await ENGINE.run(operation, {}, ToyContext())

    assert outcome == (ExecutionResult({**data}), Execution.FIELDS)
    assert isinstance(outcome.answer, ExecutionResult)
    assert respelled(operation, SCHEMA, to_json({"data": outcome.answer.data})) == to_json({"data": data})
