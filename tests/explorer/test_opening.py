"""What the page opens with: a link's operation, else the tab of the last visit, else the tour."""

import json

from tests.support.tour import TOUR
from tests.support.visit import OPERATION, VARIABLES, Visit, body_of

ONE, PAGES, *_REST = TOUR
NAMES = [stop.operations[0] for stop in TOUR]
TYPED = "query OneCustomer($by: CustomerLookup!) { customer(by: $by) { name } }"
OTHERS = '{ "by": { "customerNumber": "5" } }'
LINKED = "query Linked($by: CustomerLookup!) { customer(by: $by) { name } }"


async def test_a_reload_shows_the_document_and_the_variables_that_were_left(developing: str, visit: Visit) -> None:
    await visit.enter_signed_in(developing)
    texts = {OPERATION: await visit.written(), VARIABLES: await visit.written(VARIABLES)}
    for edited, text in ((None, ""), (OPERATION, TYPED), (VARIABLES, OTHERS)):
        if edited is not None:
            texts[edited] = text
            await visit.write(text, edited)
        for left in texts.values():
            await visit.has_stored(left)
        await visit.enter_signed_in(developing)

        assert {file: await visit.written(file) for file in texts} == texts
        assert await visit.tabs() == NAMES
        assert json.loads(texts[VARIABLES]) == body_of(await visit.sent(visit.click_run()))["variables"]


async def test_a_reload_shows_the_tab_that_was_open(developing: str, visit: Visit) -> None:
    await visit.enter_signed_in(developing)
    await visit.open_tab(PAGES.operations[0])
    await visit.page.wait_for_function(
        "() => JSON.parse(localStorage.getItem('graphiql:tabState'))?.activeTabIndex === 1"
    )
    await visit.enter_signed_in(developing)

    assert (await visit.written(), json.loads(await visit.written(VARIABLES))) == (PAGES.text.rstrip(), PAGES.variables)
    assert await visit.tabs() == NAMES


async def test_a_link_opens_what_it_says_before_the_tour(developing: str, visit: Visit) -> None:
    await visit.enter_signed_in(developing, query=LINKED, variables=OTHERS)

    assert (await visit.written(), await visit.written(VARIABLES)) == (LINKED, OTHERS)
    assert await visit.tabs() == ["Linked", *NAMES]
    assert (await visit.run())["data"] == {"customer": {"name": "Søren Østergaard"}}


async def test_a_link_of_variables_alone_opens_a_tab_with_them_on_every_visit(developing: str, visit: Visit) -> None:
    await visit.enter_signed_in(developing, variables=OTHERS)
    assert (await visit.written(), await visit.written(VARIABLES)) == ("", OTHERS)
    assert await visit.tabs() == ["<untitled>", *NAMES]
    assert "?" not in visit.page.url

    # They are there for what is typed next.
    await visit.write(LINKED)
    assert body_of(await visit.sent(visit.click_run()))["variables"] == json.loads(OTHERS)
    await visit.has_stored(LINKED)
    more = '{ "by": { "customerNumber": "2" } }'
    await visit.enter_signed_in(developing, variables=more)
    assert (await visit.written(), await visit.written(VARIABLES)) == ("", more)
    assert await visit.tabs() == ["Linked", *NAMES, "<untitled>"]


async def test_a_link_of_nothing_opens_what_was_left_open(developing: str, visit: Visit) -> None:
    await visit.enter_signed_in(developing, query="", variables="")
    assert await visit.tabs() == NAMES


async def test_a_link_opens_a_tab_of_its_own_once_beside_those_of_the_last_visit(developing: str, visit: Visit) -> None:
    await visit.enter_signed_in(developing)
    await visit.write(TYPED)
    await visit.has_stored(TYPED)
    await visit.enter_signed_in(developing, query="{ viewer { subject } }")
    assert (await visit.written(), await visit.written(VARIABLES)) == ("{ viewer { subject } }", "")
    assert await visit.tabs() == [*NAMES, "<untitled>"]

    await visit.write(LINKED)
    await visit.has_stored(LINKED)
    await visit.page.reload()
    await visit.knows_the_schema()
    assert await visit.written() == LINKED
    assert await visit.tabs() == [*NAMES, "Linked"]
    await visit.open_tab(NAMES[0])
    assert await visit.written() == TYPED


async def test_a_storage_that_something_else_wrote_opens_the_tour(developing: str, visit: Visit) -> None:
    await visit.keep(developing, **{"graphiql:tabState": "{}"})
    await visit.enter_signed_in(developing)

    assert await visit.tabs() == NAMES
    assert (await visit.written(), json.loads(await visit.written(VARIABLES))) == (ONE.text.rstrip(), ONE.variables)
