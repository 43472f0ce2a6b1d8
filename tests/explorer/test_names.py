"""Every button has a name that says what it does, for tooltips and for screen readers."""

import re

from tests.support.visit import Visit

_BUTTON = re.compile(r"""^\s*- '?button(?: "((?:[^"\\]|\\.)*)")?""", re.MULTILINE)
_TITLES = """() => [...document.querySelectorAll("svg title, button[title], [role=button][title]")]
  .map((each) => each.textContent && each.localName === "title" ? each.textContent : each.title)"""
DOCUMENT = 'query Built { customers(first: 3) { nodes { children(where: { customerNumber: "1" }) { totalCount } } } }'


def says_nothing(name: str) -> bool:
    """Whether a name is that of a drawing, or a sign."""
    return name.endswith(" icon") or not re.search(r"\w{3,}", name)


async def names(visit: Visit) -> set[str]:
    """Return the names of all buttons that are shown; none of them, and no title, says nothing."""
    buttons = _BUTTON.findall(await visit.page.locator("body").aria_snapshot())
    titles: list[str] = await visit.page.evaluate(_TITLES)
    assert [name for name in [*buttons, *titles] if says_nothing(name)] == []
    return set(buttons)


async def test_the_buttons_around_the_editors_say_what_they_do(developing: str, visit: Visit) -> None:
    await visit.enter_signed_in(developing)
    assert await names(visit) >= {
        "Show Documentation Explorer",
        "Show History",
        "Show Query Builder",
        "Re-fetch GraphQL schema (Shift-Ctrl-R)",
        "Close Tab",
        "New tab",
        "Execute query (Ctrl-Enter)",
        "Prettify query (Shift-Ctrl-P)",
        "Copy query (Shift-Ctrl-C)",
        "Hide editor tools",
        "Sign out",
    }


async def test_the_buttons_of_panels_and_dialogs_say_what_they_do(developing: str, visit: Visit) -> None:
    await visit.enter_signed_in(developing)
    await visit.run()
    await visit.show("Documentation Explorer")
    await visit.page.locator(".graphiql-doc-explorer").get_by_role("link", name="Query", exact=True).click()
    assert "Hide Documentation Explorer" in await names(visit)
    await visit.show("History")
    # One of the texts is what was run, so that each can be told from the others.
    assert await names(visit) >= {"Load OneCustomer into the editors", "Edit label", "Add favorite", "Clear"}
    await visit.page.get_by_role("button", name="Edit label").click()
    assert await names(visit) >= {"Save", "Keep the label as it was"}
    for name in ("short keys", "settings"):
        await visit.page.get_by_role("button", name=f"Open {name} dialog").click()
        await visit.page.get_by_role("dialog").wait_for()
        assert "Close dialog" in await names(visit)
        await visit.page.keyboard.press("Escape")


async def test_the_buttons_of_the_query_builder_say_what_they_do(developing: str, visit: Visit) -> None:
    await visit.enter_signed_in(developing)
    await visit.write(DOCUMENT)
    await visit.show("Query Builder")
    builder = visit.page.locator(".graphiql-explorer-root")
    assert "Add a query" in await names(visit)
    await builder.locator("select").select_option("mutation")
    assert "Add a mutation" in await names(visit)
    for hovered, expected in (
        (builder.locator(".graphiql-operation-title-bar"), {"Remove this query", "Copy this query"}),
        (builder.get_by_text("nodes", exact=True), {"Move the selected fields into a fragment"}),
        (builder.get_by_text("first:"), {"Replace the value by a variable"}),
    ):
        await hovered.first.hover()
        assert await names(visit) >= expected
    await builder.get_by_role("button", name="Replace the value by a variable").locator("span").click()
    await visit.writes("$first")
    await builder.get_by_text("first:").first.hover()
    assert "Replace the variable by a value" in await names(visit)


async def test_the_buttons_of_who_is_not_signed_in_say_what_they_do(serving: str, visit: Visit) -> None:
    await visit.enter(serving)
    assert "Sign in" in await names(visit)
