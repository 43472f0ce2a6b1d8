"""What a running `dev` tells the other commands, and whom they believe."""

from pathlib import Path

import pytest

from app.cli.failures import CommandError, ExitCode
from app.cli.running import Running, find_running, hold, require_free

TOLD = Running(address="http://127.0.0.1:1", database_url="postgresql://a@h/d", owner_database_url="postgresql://b@h/d")


def test_what_runs_is_told_for_as_long_as_the_folder_is_held(tmp_path: Path) -> None:
    folder = tmp_path / "dev"
    assert find_running(folder) is None
    with hold(folder) as tell:
        assert find_running(folder) is None, "it is starting"
        tell(TOLD)
        assert find_running(folder) == TOLD
    assert find_running(folder) is None
    assert [path.name for path in folder.iterdir()] == ["dev.lock"]


def test_a_folder_is_held_by_one_alone_and_the_other_is_told_where_that_one_serves(tmp_path: Path) -> None:
    with hold(tmp_path) as tell:
        with pytest.raises(CommandError, match="is starting"), hold(tmp_path):
            pass
        tell(TOLD)
        with pytest.raises(CommandError, match=r"serves http://127\.0\.0\.1:1\.") as refused:
            require_free(tmp_path)
        assert refused.value.code is ExitCode.IN_USE
    require_free(tmp_path)


def test_a_second_demo_is_told_of_the_variables_that_let_both_run(tmp_path: Path) -> None:
    words = r"`demo` already runs on the data folder .*\. Use that one.*DATA_FOLDER=.*-2 PORT="
    with hold(tmp_path, "demo"), pytest.raises(CommandError, match=words):
        require_free(tmp_path, "demo")


@pytest.mark.parametrize("mode", [0o602, 0o660, 0o644])
def test_a_file_that_others_could_write_or_read_is_not_believed(tmp_path: Path, mode: int) -> None:
    with hold(tmp_path) as tell:
        tell(TOLD)
        (tmp_path / "running.json").chmod(mode)
        assert find_running(tmp_path) is None


def test_a_file_that_lacks_the_urls_is_not_believed(tmp_path: Path) -> None:
    with hold(tmp_path):
        (tmp_path / "running.json").write_text("{}")
        (tmp_path / "running.json").chmod(0o600)
        assert find_running(tmp_path) is None
