import hashlib
import json
import os
import re
import subprocess
import sys

import pandas as pd
import pytest

FILES = {
    "differences.csv",
    "manifest.json",
    "report.html",
    "summary.csv",
    "tasks.parquet",
    "figures/captions.json",
    *(
        f"figures/{name}.{kind}"
        for name in (
            "deadline_map",
            "energy_accuracy",
            "frontier",
            "latency_breakdown",
            "latency_distribution",
            "on_time_accuracy",
            "timeline",
            "winners",
        )
        for kind in ("png", "svg")
    ),
    *(
        f"figures/data/{name}.csv"
        for name in ("deadlines", "latencies", "leads", "snr", "stages", "summary", "timeline")
    ),
}
PLAIN = "import coinfer.simulator.figures as figures\nfigures.draw_figures = lambda *given: []\n"
SIMULATE = "import sys; from coinfer.simulator.cli import simulate_main as main\ntry: main()\nfinally: "


def files(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def summary(folder="runs/small"):
    with open(f"{folder}/summary.csv", "rb") as file:
        return file.read()


def subprocess_run(*arguments, first="", last="pass", **environment):
    """A process of its own; `first` runs when it begins, `last` when it ends."""
    return subprocess.run(
        [sys.executable, "-c", first + SIMULATE + last, *arguments],
        capture_output=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
        check=False,
    )


def test_a_run_writes_the_files_of_the_contract_and_prints_the_table(workplace, typed, capsys):
    assert typed("small.yaml") == 0
    assert files(workplace / "runs" / "small") == FILES
    assert [path.name for path in (workplace / "runs").iterdir()] == ["small"]
    out, err = capsys.readouterr()
    assert err == ""
    assert "Tiny(every=4)" in out
    assert "…" not in out
    assert out.splitlines()[-1] == (
        "Results: runs/small/ (report.html, summary.csv, differences.csv, tasks.parquet, manifest.json, "
        "figures/)"
    )
    assert len(pd.read_csv("runs/small/differences.csv")) == 2 * 2
    assert out.count("\n  link.mean_snr_db = ") == 2
    table = pd.read_csv("runs/small/summary.csv")
    assert table.columns.tolist()[:4] == ["codec", "link.mean_snr_db", "deadline_s", "tasks"]
    assert len(table) == 2 * 2 * 2
    assert (table["tasks"] == 40).all()
    tasks = pd.read_parquet("runs/small/tasks.parquet")
    assert len(tasks) == 2 * 2 * 40
    assert sorted(tasks["payload_bytes"].unique()) == [7 * 7, 56 * 56]


def test_the_manifest_says_what_was_run(workplace, typed, plain):
    assert typed("small.yaml", "--seed", 5, "--set", "tasks=3") == 0
    manifest = json.loads((workplace / "runs/small/manifest.json").read_text())
    assert manifest["arguments"] == ["small.yaml", "--seed", "5", "--set", "tasks=3"]
    assert manifest["seed"] == manifest["scenario"]["seed"] == 5
    assert manifest["scenario"]["tasks"] == 3
    assert manifest["images"] == ["scenes-1-0-8"]
    assert manifest["outcomes"]["Tiny"] == {"aborted": 0, "done": 12, "dropped": 0, "in_flight": 0}
    assert manifest["recordings"] == {}
    assert manifest["replications"] == [2, 2]
    assert manifest["engines"] == {"vector": "first come, first served at every stage"}
    assert {"python", "coinfer", "torch", "numpy"} <= manifest["versions"].keys()
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in manifest["checkpoints"].values())
    assert manifest["wall_time_s"] > 0
    assert typed("simulate", "small.yaml", command="coinfer") == 0
    assert json.loads((workplace / "runs/small/manifest.json").read_text())["arguments"] == ["small.yaml"]


def test_the_manifest_lists_recordings_by_their_hash(workplace, typed, plain):
    recorded = workplace / "day.csv"
    recorded.write_text("time_s,snr_db\n0,5\n1,10\n")
    link = "recording: {file: day.csv}, fading: {model: none}"
    text = (workplace / "small.yaml").read_text().partition("sweep:")[0].replace("mean_snr_db: 5", link)
    (workplace / "small.yaml").write_text(text)
    assert typed("small.yaml") == 0
    manifest = json.loads((workplace / "runs/small/manifest.json").read_text())
    assert manifest["recordings"] == {"day.csv": hashlib.sha256(recorded.read_bytes()).hexdigest()}


def test_a_lossy_link_is_measured_with_its_losses(workplace, typed, plain, tmp_path):
    loss = "link.loss={model: erasure, probability: 0.9}"
    assert typed("small.yaml", "--set", "sweep={}", "--set", "tasks=200") == 0
    whole = pd.read_csv("runs/small/summary.csv")["accuracy"]
    assert typed("small.yaml", "--set", "sweep={}", "--set", "tasks=200", "--set", loss) == 0
    lossy = pd.read_csv("runs/small/summary.csv")["accuracy"]
    assert len(list((tmp_path / "cache" / "measurements").iterdir())) == 4
    assert lossy.tolist() != whole.tolist()
    assert (lossy <= whole).all()


@pytest.mark.parametrize(("cut", "told"), [("{knowledge: none}", 1), ("null", 0)])
def test_a_cut_that_no_codec_can_make_is_told(cut, told, workplace, typed, plain, capsys):
    assert typed("small.yaml", "--set", f"cut={cut}") == 0
    assert " ".join(capsys.readouterr().err.split()).count("cut: changes nothing, since no codec") == told


def test_the_resolved_scenario_gives_the_same_results(workplace, typed, plain):
    typed("small.yaml", "--set", "tasks=7")
    resolved = json.loads((workplace / "runs/small/manifest.json").read_text())["scenario"]
    (workplace / "again.yaml").write_text(json.dumps(resolved))
    typed("again.yaml", "--out", "again")
    assert summary("again") == summary()


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(workplace, typed, plain, tmp_path):
    typed("small.yaml")
    cold = summary()
    assert len(list((tmp_path / "cache" / "measurements").iterdir())) == 2
    typed("small.yaml", "--anew")
    assert summary() == cold
    typed("small.yaml", "--jobs", 2, "--out", "two")
    assert summary("two") == cold
    typed("small.yaml", "--seed", 1)
    assert summary() != cold


def test_a_codec_that_changed_is_measured_again(workplace, typed, plain, tmp_path):
    typed("small.yaml")
    before = summary()
    plugin = workplace / "tiny.py"
    plugin.write_text(plugin.read_text().replace(".tobytes()", ".tobytes() + b'!'"))
    typed("small.yaml")
    assert len(list((tmp_path / "cache" / "measurements").iterdir())) == 4
    assert summary() != before


def test_quiet_prints_nothing(workplace, typed, plain, capsys):
    assert typed("small.yaml", "--quiet") == 0
    assert capsys.readouterr() == ("", "")
    assert files(workplace / "runs" / "small")


def test_out_and_set(workplace, typed, plain):
    assert typed("small.yaml", "--out", "deep/one", "--set", "tasks=3", "--set", "sweep={}") == 0
    assert not (workplace / "runs").exists()
    table = pd.read_csv("deep/one/summary.csv")
    assert table.columns.tolist()[:3] == ["codec", "deadline_s", "tasks"]
    assert set(table["tasks"]) == {6}


def test_a_folder_whose_name_looks_like_markup_is_printed_whole(workplace, typed, plain, capsys):
    folder = "results/" + "long " * 20 + "[bold]"
    assert typed("small.yaml", "--out", folder) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith(f"Results: {folder}/ (report.html")


def test_a_terminal_gets_the_progress_and_no_colour_is_respected(
    workplace, typed, plain, capsys, monkeypatch
):
    colour = re.compile(r"\x1b\[(?:\d+;)*(?:3[0-79]|38|9[0-7])[;m]")
    monkeypatch.setenv("FORCE_COLOR", "1")
    typed("small.yaml")
    out, err = capsys.readouterr()
    assert "measuring" in err
    assert "\x1b[1m" in out
    assert colour.search(err)
    monkeypatch.setenv("NO_COLOR", "1")
    typed("small.yaml", "--anew")
    assert not any(colour.search(text) for text in capsys.readouterr())


def test_a_process_of_its_own_from_another_folder(workplace, tmp_path, monkeypatch):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    plugin = f"codecs=[{{plugin: '{workplace}/tiny.py:Tiny'}}]"
    given = (str(workplace / "small.yaml"), "--set", plugin)
    first = subprocess_run(*given)
    assert (first.returncode, first.stderr) == (0, b"")
    assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", first.stdout)
    assert "…" not in first.stdout.decode()
    alone = FILES - {"figures/winners.png", "figures/winners.svg"}
    assert files(elsewhere / "runs" / "small") == alone
    cold = summary()
    again = (*given, "--quiet", "--anew")
    second = subprocess_run(*again, last="print('torch' in sys.modules)", PYTHONHASHSEED="7")
    assert second.stdout.split() == [b"False"]
    assert summary() == cold


def test_a_codec_that_crashes_is_told_in_one_line_and_writes_nothing(workplace):
    plugin = workplace / "tiny.py"
    plugin.write_text(plugin.read_text().replace("sum(payload) % 10", "1 // 0"))
    before = files(workplace)
    ended = subprocess_run("small.yaml", PYTHONDONTWRITEBYTECODE="1")
    assert ended.returncode == 2
    assert ended.stderr.count(b"\n") == 1
    assert b"decode raised ZeroDivisionError" in ended.stderr
    assert b"(tiny.py, line " in ended.stderr
    assert ended.stdout == b""
    assert files(workplace) == before


def test_a_failure_while_writing_leaves_finished_units_only_and_prints_no_results(
    workplace, typed, monkeypatch, capsys
):
    def fail(*given):
        raise OSError("no space left on device")

    monkeypatch.setattr("coinfer.simulator.figures.draw_figures", fail)
    with pytest.raises(OSError, match="no space left"):
        typed("small.yaml")
    assert capsys.readouterr().out == ""
    assert files(workplace / "runs") == {
        f".small.partial/{name}"
        for name in ("identity", "lock", "0-0-0.arrow", "0-1-0.arrow", "1-0-0.arrow", "1-1-0.arrow")
    }
    assert [path.name for path in (workplace / "runs").iterdir()] == [".small.partial"]


def test_output_that_cannot_show_a_sign_replaces_it(workplace):
    ended = subprocess_run("small.yaml", first=PLAIN, PYTHONIOENCODING="ascii")
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert b"?50 ms" in ended.stdout
    assert b"small" in ended.stdout


def test_a_real_codec_runs_end_to_end(workplace, typed, plain):
    weights = pytest.importorskip("coinfer.models.checkpoints").shipped_path("classifier-scenes")
    if not weights.is_file():
        pytest.skip("the classifier for scenes is not trained yet")
    assert typed("small.yaml", "--set", "codecs=[raw]", "--set", "sweep={}") == 0
    table = pd.read_csv("runs/small/summary.csv")
    assert set(table["payload_bytes_mean"]) == {3 * 224 * 224}
    assert (table["accuracy"] > 0.4).all()
