"""Files and folders appear whole or not at all."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from splenic.errors import UsageError
from splenic.pipeline.files import remove_leftovers, sole_writer, whole_folder, write_whole


def test_a_folder_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "case"
    with whole_folder(target) as folder:
        (folder / "a").write_text("old")

    def fail() -> None:
        with whole_folder(target) as folder:
            (folder / "a").write_text("new")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert (target / "a").read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["case"]


def test_a_folder_takes_the_place_of_the_old_one_whole(tmp_path: Path) -> None:
    target = tmp_path / "case"
    for name in ("a", "b"):
        with whole_folder(target) as folder:
            (folder / name).write_text(name)
            assert not (target / name).exists()
    assert [entry.name for entry in target.iterdir()] == ["b"]
    assert [entry.name for entry in tmp_path.iterdir()] == ["case"]


def test_leftovers_of_a_killed_call_are_removed_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / ".case.17.partial").mkdir()
    (tmp_path / ".case.17.partial" / "mask").write_text("half")
    (tmp_path / ".table.17.partial").write_text("half")
    (tmp_path / "case.old").mkdir()
    (tmp_path / ".hidden").write_text("mine")
    remove_leftovers(tmp_path)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [".hidden", "case.old"]


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    write_whole(tmp_path / "t", b"one")
    write_whole(tmp_path / "t", b"two")
    assert (tmp_path / "t").read_bytes() == b"two"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="absent: advisory locks")
def test_one_call_at_a_time_writes_into_a_folder(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from splenic.pipeline.files import sole_writer\n"
        "with sole_writer(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdin=-1, stdout=-1, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(UsageError, match="another call"), sole_writer(tmp_path):
            pass
        other.kill()
        other.communicate()
    with sole_writer(tmp_path):
        pass


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written"), sole_writer(tmp_path / "file"):
        pass
