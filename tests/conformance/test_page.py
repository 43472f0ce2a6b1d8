"""The page of what was proved: how it is written, and when it is wrong."""

from tests.support.conformance_page import Proof, problem, rendered

CLIENT = Proof("Clients", "some client", "1.2.3", "asks")
TOOL = Proof("Schema tools", "a tool", "4.5.6", "finds nothing")


def test_lines_stand_in_one_order_whatever_order_they_were_proved_in() -> None:
    page = rendered([TOOL, CLIENT])

    assert page == rendered([CLIENT, TOOL])
    assert "## Clients\n\n| program | version | proved |\n| --- | --- | --- |\n| some client | 1.2.3 | asks |\n" in page
    assert page.index("## Clients") < page.index("## Schema tools")


def test_a_page_is_wrong_if_a_complete_run_proved_more_less_or_another_version() -> None:
    page = rendered([CLIENT, TOOL])

    assert problem(page, {CLIENT, TOOL}, complete=True) is None
    assert problem(page, {CLIENT}, complete=True) is not None
    assert problem(rendered([CLIENT]), {CLIENT, TOOL}, complete=True) is not None
    assert problem(page, {CLIENT, TOOL._replace(version="4.5.7")}, complete=True) is not None


def test_a_run_of_some_proofs_finds_only_what_it_proved_missing() -> None:
    page = rendered([CLIENT])

    assert problem(page, {CLIENT}, complete=False) is None
    assert problem(page, set(), complete=False) is None
    assert problem(page, {TOOL}, complete=False) == "it lacks | a tool | 4.5.6 | finds nothing |"
