"""Modules that re-do the work of a library say what they save, and the benchmark that they name measures them."""

import ast

from bench.shortcuts import pairs
from tests.support.sources import MODULES, ROOT


def test_each_module_that_redoes_the_work_of_a_library_names_its_benchmark() -> None:
    texts = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in MODULES}
    docstrings = {
        path: ast.get_docstring(ast.parse(text)) or "" for path, text in texts.items() if "bench.shortcuts" in text
    }
    naming = {path for path, text in docstrings.items() if "bench.shortcuts" in text}
    assert naming == {pair.name.split(",")[0] for pair in pairs()}
    assert all("Remove" in docstrings[path] for path in naming)


def test_both_ways_of_each_pair_run() -> None:
    for pair in pairs():
        assert pair.own(1) >= 0
        assert pair.library(1) >= 0
