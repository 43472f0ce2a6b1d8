"""Randomized tests draw the same examples in every run, whatever code is loaded, and others only with `SEED`."""

import re
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.seeds import SEED, chance_of

ROOT = Path(__file__).parents[2]
FILES = [path for path in sorted((ROOT / "tests").rglob("*.py")) if "site-packages" not in path.parts]
WITHOUT_SEED = pytest.mark.skipif(SEED is not None, reason="SEED is set, so that the examples are new")


def examples() -> list[tuple[int, str]]:
    """Draw what a Hypothesis test draws: numbers and texts, of which some come from the constants of loaded modules."""
    found: list[tuple[int, str]] = []

    @settings(max_examples=300)
    @given(st.integers(), st.text())
    def draw(number: int, word: str) -> None:
        found.append((number, word))

    draw()
    return found


@WITHOUT_SEED
def test_examples_stay_the_same_when_other_modules_are_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = examples()
    path = tmp_path / "loaded_later.py"
    path.write_text("\n".join(f"NAME_{place} = {place + 123_456_789}, 'name {place}'" for place in range(500)))
    spec = spec_from_file_location("loaded_later", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setitem(sys.modules, "loaded_later", module)

    assert examples() == before


@WITHOUT_SEED
def test_no_example_of_an_earlier_run_is_tried_first() -> None:
    usual = settings()
    assert (usual.derandomize, usual.database) == (True, None)


def test_what_a_test_draws_by_itself_has_the_seed_of_the_test_and_of_the_run(
    request: pytest.FixtureRequest, chance: Random
) -> None:
    assert chance.random() == chance_of(request.node.nodeid).random()
    assert chance_of("one").random() != chance_of("two").random()


def test_no_test_draws_with_another_seed_or_without_one() -> None:
    """Hypothesis draws, or the fixture `chance`."""
    other = re.compile(r"\brandom\.\w+\(|\bRandom\((?!chance\.)|\bderandomize=|\bdatabase=None\b|\bhypothesis\.seed\b")
    drawing = [path.relative_to(ROOT).as_posix() for path in FILES if other.search(path.read_text())]
    assert drawing == ["tests/support/seeds.py"]
