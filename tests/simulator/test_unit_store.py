import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from coinfer.simulator.errors import InputError
from coinfer.simulator.outputs import OutputError
from coinfer.simulator.plan import Unit
from coinfer.simulator.unit_store import StoreError, opened

ONE, OTHER = Unit(0, 0), Unit(0, 11)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def stopped(folder, *units, identity="same"):
    """A run that stores units and is interrupted."""
    with suppress(KeyboardInterrupt), opened(folder, identity) as (store, _):
        for unit in units:
            store.put(unit, b"content of %d" % unit.replication)
        raise KeyboardInterrupt


def test_a_run_that_succeeds_leaves_nothing(tmp_path):
    with opened(tmp_path / "run", "same") as (store, thrown_away):
        assert (store.folder, thrown_away) == (tmp_path / ".run.partial", 0)
        store.put(ONE, b"content")
        assert names(store.folder) == ["0-0-0.arrow", "identity", "lock"]
    assert names(tmp_path) == []


def test_finished_units_are_found_again(tmp_path):
    stopped(tmp_path / "run", ONE, OTHER)
    with opened(tmp_path / "run", "same") as (store, thrown_away):
        assert (len(store), thrown_away, OTHER in store, Unit(1, 0) in store) == (2, 0, True, False)
        assert [path.read_bytes() for path in store.paths([OTHER, ONE])] == [
            b"content of 11",
            b"content of 0",
        ]


def test_a_unit_that_is_dropped_is_done_again(tmp_path):
    stopped(tmp_path / "run", ONE, OTHER)
    with opened(tmp_path / "run", "same") as (store, _):
        store.drop(ONE)
        assert (len(store), ONE in store, OTHER in store) == (1, False, True)
        assert not (store.folder / "0-0-0.arrow").exists()


def test_units_of_another_identity_are_thrown_away(tmp_path):
    stopped(tmp_path / "run", ONE, OTHER)
    with opened(tmp_path / "run", "another") as (store, thrown_away):
        assert (len(store), thrown_away) == (0, 2)
        assert names(store.folder) == ["identity", "lock"]


def test_what_a_killed_run_left_half_written_is_removed(tmp_path):
    stopped(tmp_path / "run", ONE)
    partial = tmp_path / ".run.partial"
    (partial / "0-1-0.fresh").write_bytes(b"half")
    (partial / ".run-abc").mkdir()
    (partial / ".run-abc" / "summary.csv").write_text("half")
    with opened(tmp_path / "run", "same") as (store, _):
        assert names(partial) == ["0-0-0.arrow", "identity", "lock"]
        assert len(store) == 1


def test_units_without_an_identity_are_not_trusted(tmp_path):
    stopped(tmp_path / "run", ONE)
    (tmp_path / ".run.partial" / "identity").unlink()
    with opened(tmp_path / "run", "same") as (store, thrown_away):
        assert (len(store), thrown_away) == (0, 1)


@pytest.mark.parametrize("failure", [InputError("no task arrived"), None])
def test_nothing_is_left_of_a_run_that_cannot_go_on(tmp_path, failure):
    with suppress(InputError, KeyboardInterrupt), opened(tmp_path / "deep" / "run", "same") as (store, _):
        if failure:
            store.put(ONE, b"content")
        raise failure or KeyboardInterrupt
    assert names(tmp_path) == []


def test_a_second_run_is_refused_and_does_no_harm(tmp_path):
    with opened(tmp_path / "run", "same") as (store, _):
        store.put(ONE, b"content")
        line = (
            f"another run \\(process {os.getpid()}\\) is writing there; wait for it, or give another folder"
        )
        with pytest.raises(OutputError, match=line), opened(tmp_path / "run", "another"):
            pass
        assert names(store.folder) == ["0-0-0.arrow", "identity", "lock"]
    with opened(tmp_path / "run", "another") as (store, thrown_away):
        assert thrown_away == 0


def test_a_lock_ends_with_the_process_that_was_killed(tmp_path):
    code = (
        "import sys, time; from pathlib import Path\n"
        "from coinfer.simulator.plan import Unit\n"
        "from coinfer.simulator.unit_store import opened\n"
        "with opened(Path('run'), 'same') as (store, _):\n"
        "    store.put(Unit(0, 0), b'content'); print('ready', flush=True); time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        with pytest.raises(OutputError, match=f"process {process.pid}"), opened(tmp_path / "run", "same"):
            pass
        process.send_signal(signal.SIGKILL)
        process.wait()
    with opened(tmp_path / "run", "same") as (store, _):
        assert len(store) == 1


def test_a_full_disk_is_told_in_a_line(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    stopped(tmp_path / "run", ONE)
    monkeypatch.setattr(os, "fsync", full)
    line = r"\.run\.partial: No space left on device; finished units are kept: mend it and run the same"
    with pytest.raises(StoreError, match=line), opened(tmp_path / "run", "same") as (store, _):
        store.put(OTHER, b"content")
    monkeypatch.undo()
    with opened(tmp_path / "run", "same") as (store, _):
        assert len(store) == 1


def test_a_place_that_cannot_be_used_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    line = "Not a directory; give another folder"
    with pytest.raises(OutputError, match=line), opened(tmp_path / "file" / "run", "same"):
        pass


def test_a_link_to_a_folder_keeps_its_units_beside_the_folder(tmp_path):
    (tmp_path / "disk").mkdir()
    link = tmp_path / "run"
    link.symlink_to(Path("disk") / "real")
    stopped(link, ONE)
    assert names(tmp_path / "disk") == [".real.partial"]
