import json
import os
from pathlib import Path

import pandas as pd
import pytest

from coinfer.simulator.outputs import CONTENT, OutputError, check_folder, whole_folder, write_tables


def a_run(folder, text="{}"):
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(text)
    (folder / "figures").mkdir()
    (folder / "figures" / "old.png").write_bytes(b"old")
    return folder


def test_the_folder_appears_whole(tmp_path):
    folder = tmp_path / "deep" / "run"
    with whole_folder(folder) as fresh:
        (fresh / "summary.csv").write_text("a\n")
        assert not folder.exists()
        assert fresh.parent == folder.parent
    assert [path.name for path in folder.iterdir()] == ["summary.csv"]
    assert folder.stat().st_mode & 0o777 == 0o755
    assert [path.name for path in folder.parent.iterdir()] == ["run"]


@pytest.mark.parametrize("failure", [ZeroDivisionError, KeyboardInterrupt])
def test_nothing_is_left_of_a_run_that_fails(tmp_path, failure):
    def fail():
        with whole_folder(tmp_path / "run") as fresh:
            (fresh / "summary.csv").write_text("half")
            raise failure

    with pytest.raises(failure):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_fails_leaves_the_one_before_it(tmp_path):
    folder = a_run(tmp_path / "run", "old")

    def fail():
        with whole_folder(folder) as fresh:
            (fresh / "manifest.json").write_text("new")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    assert (folder / "manifest.json").read_text() == "old"


def test_a_run_takes_the_place_of_the_one_before_it(tmp_path):
    folder = a_run(tmp_path / "run")
    check_folder(folder)
    with whole_folder(folder) as fresh:
        (fresh / "manifest.json").write_text("new")
    assert [path.name for path in folder.rglob("*")] == ["manifest.json"]
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_link_to_a_folder_stays_a_link(tmp_path):
    a_run(tmp_path / "real")
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "real")
    check_folder(link)
    with whole_folder(link) as fresh:
        (fresh / "manifest.json").write_text("new")
    assert link.is_symlink()
    assert [path.name for path in (tmp_path / "real").iterdir()] == ["manifest.json"]


def test_a_relative_folder_is_taken_from_the_working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with whole_folder(Path("runs/one")) as fresh:
        (fresh / "summary.csv").write_text("a\n")
    assert (tmp_path / "runs" / "one" / "summary.csv").is_file()


def test_a_new_or_an_empty_folder_is_fine(tmp_path):
    check_folder(tmp_path / "not" / "yet" / "there")
    check_folder(tmp_path)


def test_a_foreign_folder_is_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(OutputError, match=r"^--out .*: not empty and not a run of coinfer; give another"):
        check_folder(tmp_path)


def test_a_folder_that_merely_has_a_manifest_is_refused(tmp_path):
    folder = a_run(tmp_path / "extension")
    (folder / "background.js").write_text("")
    with pytest.raises(OutputError, match=r"holds 'background\.js', which no run wrote; move it away"):
        check_folder(folder)


def test_foreign_files_beside_the_figures_are_refused(tmp_path):
    folder = a_run(tmp_path / "run", '{"files": {"figures/old.png": {}, "figures/data/a.csv": {}}}')
    (folder / "figures" / "data").mkdir()
    (folder / "figures" / "data" / "a.csv").write_text("")
    (folder / "figures" / "ieee-2").mkdir()
    (folder / "figures" / "ieee-2" / "old.pdf").write_bytes(b"drawn by coinfer figures")
    check_folder(folder)
    (folder / "figures" / "data" / "mine.txt").write_text("a note")
    with pytest.raises(
        OutputError, match=r"holds 'figures/data/mine\.txt', which no run wrote; move it away"
    ):
        check_folder(folder)


def test_a_file_is_refused(tmp_path):
    file = tmp_path / "summary.csv"
    file.write_text("")
    with pytest.raises(OutputError, match="this is not a folder; give a folder"):
        check_folder(file)
    with pytest.raises(OutputError, match=r"summary\.csv cannot be written to"):
        check_folder(file / "below")


def test_a_mount_point_is_refused():
    with pytest.raises(OutputError, match="this folder cannot be replaced; give a folder inside it"):
        check_folder(Path("/"))


def test_an_unwritable_place_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(OutputError, match=f"{tmp_path} cannot be written to; give another folder"):
        check_folder(tmp_path / "run")


def test_the_tables_can_be_read_again(tmp_path):
    summary = pd.DataFrame({"codec": ["a"], "latency_s_p99": [float("inf")], "accuracy": [1 / 3]})
    write_tables(tmp_path, summary, summary[["codec"]], {"b": 1, "a": [None]})
    assert (tmp_path / "summary.csv").read_bytes() == b"codec,latency_s_p99,accuracy\na,inf,0.333333333\n"
    assert (tmp_path / "differences.csv").read_bytes() == b"codec\na\n"
    assert json.loads((tmp_path / "manifest.json").read_text()) == {"a": [None], "b": 1}
    assert {path.name for path in tmp_path.iterdir()} <= CONTENT


def test_what_is_no_folder_is_refused_and_left_alone(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OutputError, match="this is not a folder"):
        check_folder(pipe)
    assert pipe.is_fifo()


def test_the_working_folder_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OutputError, match=r"--out \.: this folder cannot be replaced"):
        check_folder(Path("."))


def test_a_name_too_long_is_refused(tmp_path):
    with pytest.raises(OutputError, match="File name too long; give another folder"):
        check_folder(tmp_path / ("x" * 300))


def test_the_folder_can_be_made_elsewhere(tmp_path):
    (tmp_path / "beside").mkdir()
    with whole_folder(a_run(tmp_path / "run"), within=tmp_path / "beside") as fresh:
        assert fresh.parent == tmp_path / "beside"
        (fresh / "manifest.json").write_text("new")
    assert (tmp_path / "run" / "manifest.json").read_text() == "new"
    assert list((tmp_path / "beside").iterdir()) == []
