"""The page where it signs in by itself: it loads without a complaint, and all of its tools work."""

import re

from playwright.async_api import expect

from tests.support.tour import TOUR
from tests.support.visit import Visit

_ENDS = """() => {
  const editor = globalThis.__MONACO.editor.getEditors().find((each) => each.getModel().uri.path.endsWith("operation.graphql"));
  return {
    wrapped: editor._getViewModel().getLineCount() > editor.getModel().getLineCount(),
    beyond: editor.getScrollWidth() > editor.getLayoutInfo().contentWidth,
  };
}"""


async def test_it_loads_from_this_service_alone_without_a_problem_and_is_signed_in(
    developing: str, visit_alone: Visit
) -> None:
    visit = visit_alone
    await visit.enter_signed_in(developing)
    await visit.run()

    assert visit.complaints == []
    assert visit.hosts == {developing.removeprefix("http://")}
    # Monaco's workers ran, or there would be no completion and no validation.
    assert len([request for request in visit.requests if "worker" in request.url]) >= 2
    # It is signed in, and says as whom.
    scopes = "accounts-read, accounts-write, customers-read, customers-write, subscriptions-write, "
    scopes += "webhooks-read, webhooks-write"
    await expect(visit.viewer).to_contain_text(f"Fjord Software ApS · developer · {scopes}")
    assert await visit.page.get_by_label("Token or API key").count() == 0


async def test_the_first_visit_opens_the_tour_and_later_ones_what_was_left_open(developing: str, visit: Visit) -> None:
    await visit.enter_signed_in(developing)
    assert await visit.page.get_by_role("tab").all_inner_texts() == [stop.operations[0] for stop in TOUR]

    await visit.write("{ viewer { subject } }")
    await visit.page.wait_for_function("() => localStorage.getItem('graphiql:tabState')?.includes('viewer')")
    await visit.enter_signed_in(developing)
    assert await visit.written() == "{ viewer { subject } }"


async def test_every_tab_of_the_tour_fits_runs_and_shows_its_answer(developing: str, visit: Visit) -> None:
    await visit.enter_signed_in(developing)
    for stop in TOUR:
        await visit.open_tab(stop.operations[0])
        # No line ends under the toolbar.
        assert (stop.name, await visit.page.evaluate(_ENDS)) == (stop.name, {"wrapped": False, "beyond": False})
        if stop.is_live:
            await visit.follow()
        for operation in [] if stop.is_live else stop.operations:
            answer = await visit.run(operation if len(stop.operations) > 1 else None)
            assert "errors" not in answer, (stop.name, answer)
            await expect(visit.shown).to_contain_text('"data"')
        assert (stop.name, visit.complaints) == (stop.name, [])
        await visit.picture(f"tour-{stop.name}")
    # Where there is less room, lines go on below.
    await visit.show("Documentation Explorer")
    await visit.page.wait_for_function(f"() => ({_ENDS})().wrapped")
    assert (await visit.page.evaluate(_ENDS))["beyond"] is False


async def test_a_query_and_a_mutation_that_are_typed_run_and_show_their_answer(developing: str, visit: Visit) -> None:
    await visit.enter_signed_in(developing)
    await visit.write('{ customer(by: { customerNumber: "5" }) { name } }')
    assert (await visit.run())["data"] == {"customer": {"name": "Søren Østergaard"}}
    await expect(visit.shown).to_contain_text("Søren Østergaard")

    group = "01924560-6c00-7f98-8139-9180c9a29ab8"
    await visit.write(
        f'mutation {{ updateCustomerGroup(input: {{ id: "{group}", name: "Erhverv" }}) {{ group: customerGroup {{ name }} errors {{ code }} }} }}'
    )
    assert (await visit.run())["data"] == {"updateCustomerGroup": {"group": {"name": "Erhverv"}, "errors": []}}
    await expect(visit.shown).to_contain_text("Erhverv")


async def test_what_is_misspelled_is_underlined_and_rejected_with_a_message(developing: str, visit: Visit) -> None:
    await visit.enter_signed_in(developing)
    await visit.write("{ viewer { subjekt } }")

    await visit.page.locator(".graphiql-query-editor .squiggly-error").first.wait_for()
    assert (await visit.run())["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


async def test_names_are_completed_with_their_descriptions(developing: str, visit: Visit) -> None:
    await visit.enter_signed_in(developing)
    await visit.write("{ view")
    suggestions = visit.page.locator(".suggest-widget.visible")
    await visit.page.keyboard.press("Control+Space")

    await expect(suggestions).to_contain_text("viewer")
    await visit.page.keyboard.press("Enter")
    await visit.writes("viewer")


async def test_the_documentation_leads_from_the_roots_to_every_field(developing: str, visit: Visit) -> None:
    await visit.enter_signed_in(developing)
    await visit.show("Documentation Explorer")
    documentation = visit.page.locator(".graphiql-doc-explorer")
    await expect(documentation).to_contain_text("Credentials. Send Authorization: Bearer <token>")
    await documentation.get_by_role("link", name="Query", exact=True).click()
    await documentation.get_by_role("link", name="viewer", exact=True).click()

    await expect(documentation).to_contain_text("The company, subject and scopes of the request's credential.")
    await visit.picture("documentation")


async def test_the_query_builder_writes_what_is_checked(developing: str, visit: Visit) -> None:
    await visit.enter_signed_in(developing)
    await visit.write("query Built { viewer { subject } }")
    await visit.show("Query Builder")
    builder = visit.page.locator(".graphiql-explorer-root")
    await builder.get_by_text("expiresAt", exact=True).click()

    await visit.writes("expiresAt")
    await visit.picture("builder")
    answer = await visit.run()
    assert set(answer["data"]["viewer"]) == {"subject", "expiresAt"}


async def test_the_query_builder_shows_lists_as_they_are_written(developing: str, visit: Visit) -> None:
    await visit.enter_signed_in(developing)
    await visit.show("Query Builder")
    await expect(visit.page.locator(".graphiql-explorer-root")).to_contain_text("status: [ACTIVE]")
    await visit.write('{ nodes(ids: ["a", "b"]) { id } customers(orderBy: [{ field: NAME }]) { totalCount } }')

    for text in ('ids*: ["a", "b"]', "orderBy: [{field: NAME}]"):
        await expect(visit.page.locator(".graphiql-explorer-root")).to_contain_text(text)
    assert visit.complaints == []


async def test_the_query_builder_opens_at_its_beginning_and_leaves_the_focus_where_it_is(
    developing: str, visit: Visit
) -> None:
    await visit.enter_signed_in(developing)
    await visit.show("Query Builder")
    await expect(visit.page.locator(".graphiql-explorer-root")).to_contain_text("billingDocuments")

    assert await visit.page.evaluate("() => document.querySelector('.graphiql-plugin').scrollTop") == 0
    await expect(visit.page.get_by_role("button", name="Hide Query Builder")).to_be_focused()
    # What it shows follows the editor, and takes nothing from it.
    await visit.write("{ customers(first: 3) { nodes { contacts(first: 7) { name } } } }")
    await expect(visit.page.locator(".graphiql-explorer-root input[value='7']")).to_be_visible()
    assert await visit.page.evaluate("() => document.activeElement.closest('.graphiql-query-editor') !== null")


async def test_the_value_of_an_argument_checked_in_the_builder_can_be_typed_at_once(
    developing: str, visit: Visit
) -> None:
    await visit.enter_signed_in(developing)
    await visit.write("{ customers { totalCount } }")
    await visit.show("Query Builder")
    await visit.page.locator(".graphiql-explorer-root").get_by_text("first:").click()
    await visit.writes("first: 10")
    await visit.page.keyboard.type("7")
    await visit.writes("first: 7")


async def test_the_history_holds_what_was_run(developing: str, visit: Visit) -> None:
    await visit.enter_signed_in(developing)
    await visit.write("query Remembered { viewer { subject } }")
    await visit.run()
    await visit.show("History")

    await expect(visit.page.locator(".graphiql-history")).to_contain_text("Remembered")


async def test_the_keyboard_runs_an_operation(developing: str, visit: Visit) -> None:
    await visit.enter_signed_in(developing)
    await visit.write("{ viewer { subject } }")
    response = await (await visit.sent(visit.press_run())).response()

    assert response is not None
    assert (await response.json())["data"]["viewer"]["subject"] == "developer"


async def test_it_is_light_or_dark_as_the_system_is(developing: str, visit: Visit) -> None:
    await visit.enter_signed_in(developing)
    await visit.run()
    brightness: dict[str, list[float]] = {}
    for scheme in ("light", "dark"):
        await visit.page.emulate_media(color_scheme=scheme)
        colors: list[str] = await visit.page.evaluate(
            "() => ['.bar', '.graphiql-container'].map((name) => getComputedStyle(document.querySelector(name)).backgroundColor)"
        )
        brightness[scheme] = [sum(map(int, re.findall(r"\d+", color)[:3])) / 3 for color in colors]
        editor = visit.page.locator(".graphiql-query-editor .monaco-editor").first
        await expect(editor).to_have_class(re.compile({"light": r"\bvs$", "dark": r"\bvs-dark$"}[scheme]))
        await visit.picture(scheme)

    assert min(brightness["light"]) > 200
    assert max(brightness["dark"]) < 90
