import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import coinfer.simulator.figures  # noqa: F401 - takes the true `save` before `quick` replaces it
from coinfer.codecs.network import classify
from coinfer.models.checkpoints import write_checkpoint
from coinfer.models.scenes.scene import Scenes
from coinfer.simulator.codec_spec import CodecSpec
from coinfer.simulator.measurement_file import read_measurements

CUT = '''
from coinfer.codecs.protocol import SettingsError
from tiny import Tiny


class Short(Tiny):
    """Its messages may be cut; a cut one answers by the sum of what is left."""

    cuts = (5, 10, 1000)

    def cut(self, payload, size):
        return payload[:size]

    def ideal_bits(self, payload):
        return 4.0 * len(payload)

    def device_parameters(self):
        return 7, 14
'''
POINTS = "codecs: [{plugin: tiny.py:Tiny}, {plugin: tiny.py:Tiny, every: 4}, {plugin: short.py:Short}]\n"
WRITTEN = {f"results/rate_accuracy.{kind}" for kind in ("csv", "json", "png", "svg")}
COMMAND = ("evaluate", "--images", "scenes", "--count", "4", "--points", "points.yaml")
REPLAYED = "images={replay: measurements/scenes.parquet}"


@pytest.fixture
def bench(workplace, monkeypatch):
    """The working folder, with operating points to evaluate."""
    monkeypatch.syspath_prepend(str(workplace))
    (workplace / "short.py").write_text(CUT)
    (workplace / "points.yaml").write_text(POINTS)
    (workplace / "clash.yaml").write_text("codecs: [{plugin: tiny.py:Tiny}, {plugin: short.py:Tiny}]")
    return workplace


@pytest.fixture
def quick(bench, monkeypatch):
    """Without ResNet-50, and without figures, which take seconds."""
    monkeypatch.setattr("coinfer.simulator.cli.evaluate.UNCOMPRESSED", CodecSpec(plugin="tiny.py:Tiny"))
    monkeypatch.setattr("coinfer.simulator.figure_files.save", lambda figure, stem: [])
    return bench


@pytest.fixture
def run(typed):
    return lambda *arguments: typed(*COMMAND, *arguments, command="coinfer")


def top1_uncompressed():
    frames = Scenes(4)
    return (classify(frames.load(range(4)), "scenes").argmax(axis=1) == frames.labels).mean()


def files(folder):
    found = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {str(path.relative_to(folder)) for path in found}


def test_an_evaluation_writes_table_figure_and_measurements(bench, run, capsys):
    before = files(bench)
    assert run() == 0
    assert files(bench) - before == WRITTEN | {"measurements/scenes.parquet"}
    out, err = capsys.readouterr()
    assert err == ""
    assert out.splitlines()[0].startswith("Tiny: 49 bytes, top-1 ")
    assert (
        out.splitlines()[-1]
        == "Results: results/rate_accuracy.csv, .json, .png, .svg; measurements/scenes.parquet"
    )

    table = pd.read_csv("results/rate_accuracy.csv").set_index("label")
    assert list(table.index) == ["Tiny", "Tiny(every=4)", "Short", "Short@5", "Short@10", "Short@1000"]
    assert table["payload_bytes_mean"].tolist() == [49, 56 * 56, 49, 5, 10, 49]
    assert (table["images"] == 4).all()
    np.testing.assert_allclose(table["loss_points"], 100 * (top1_uncompressed() - table["top1"]), atol=1e-6)
    assert table.loc["Short", "ideal_bytes_mean"] == 49 / 2
    assert table.loc["Short@1000", "top1"] == table.loc["Short", "top1"]
    assert table.loc["Short", ["device_parameters", "device_parameter_bytes"]].tolist() == [7, 14]
    assert (table["encode_ms"] > 0).all()

    stored = read_measurements(bench / "measurements" / "scenes.parquet")
    assert stored.about["images"]["fingerprint"] == "scenes-1-0-4"
    every = {point.label: (point.facts.settings, point.facts.defaults) for point in stored.points}
    assert every["Tiny"] == ({"every": 32}, {"every": 32})
    assert every["Tiny(every=4)"] == ({"every": 4}, {"every": 32})
    top1 = {point.label: point.measurement.correct.mean() for point in stored.points}
    assert top1 == table["top1"][list(top1)].to_dict()

    about = json.loads((bench / "results" / "rate_accuracy.json").read_text())
    assert about["load_while_timed"].keys() == top1.keys()
    assert {"images", "columns", "classifier"} <= about.keys()
    tiny, short = about["evaluations"]
    assert tiny["command"] == (
        "coinfer evaluate --add --images scenes --points points.yaml --count 4 --only Tiny "
        "--only 'Tiny(every=4)'"
    )
    assert (tiny["labels"], short["labels"]) == (["Tiny", "Tiny(every=4)"], ["Short"])
    assert (tiny["files"].keys(), short["files"].keys()) == ({"tiny.py"}, {"short.py", "tiny.py"})
    assert {"versions", "checkpoints", "code"} <= tiny.keys()
    assert tiny["machine"].keys() == {"processor", "instructions", "cores"}
    assert str(bench) not in json.dumps([about, stored.about])


def test_it_goes_on_where_it_was_stopped(quick, run, capsys, monkeypatch):
    (quick / "short.py").write_text(
        CUT + "\n    def encode(self, images):\n        raise KeyboardInterrupt\n"
    )
    assert run("--only", "Tiny", "--only", "Short") != 0
    assert "Tiny: 49 bytes" in capsys.readouterr().out
    assert files(quick) == {"clash.yaml", "points.yaml", "short.py", "small.yaml", "tiny.py"}
    with monkeypatch.context() as patched:
        patched.delattr("coinfer.codecs.registry.create_plugin")
        assert run("--only", "Tiny", "--quiet") == 0, "nothing is built again"
    assert capsys.readouterr() == ("", "")
    table = pd.read_csv("results/rate_accuracy.csv")
    assert table["label"].tolist() == ["Tiny"]
    assert table["loss_points"].tolist() == [0]


def test_a_replay_gives_the_results_of_measuring_without_torch(quick, run, typed, plain):
    codecs = "codecs=[{plugin: tiny.py:Tiny}, {plugin: tiny.py:Tiny, every: 4}]"
    assert (
        typed("small.yaml", "--set", codecs, "--set", "images.count=4", "--out", "measured", "--quiet") == 0
    )
    run("--quiet")
    program = (
        "import sys, coinfer.simulator.figures\n"
        "from coinfer.simulator.cli import simulate_main\n"
        "coinfer.simulator.figures.draw_figures = lambda *given: []\n"
        "try: simulate_main()\n"
        "finally: print('torch' in sys.modules)"
    )
    for name in ("tiny.py", "short.py"):
        (quick / name).unlink()
    replayed = subprocess.run(
        [
            *(sys.executable, "-c", program, "small.yaml", "--quiet"),
            *("--set", codecs, "--set", REPLAYED, "--out", "replayed"),
        ],
        capture_output=True,
        env={**os.environ, "COINFER_CACHE": str(quick / "empty")},
        check=True,
    )
    assert replayed.stdout.split() == [b"False"]
    assert (quick / "replayed/summary.csv").read_bytes() == (quick / "measured/summary.csv").read_bytes()
    assert not (quick / "empty").exists()
    manifest = json.loads((quick / "replayed/manifest.json").read_text())
    described = manifest["replayed"]["measurements/scenes.parquet"]
    assert described["sha256"] == read_measurements(quick / "measurements/scenes.parquet").sha256
    assert manifest["images"] == ["scenes-1-0-4"]
    assert manifest["checkpoints"] == {}


def test_piece_by_piece_gives_what_all_at_once_gives(quick, run):
    run("--quiet", "--out", "whole", "--measurements", "whole")
    for label in ("Tiny(every=4)", "Short", "Tiny", "Short"):
        assert run("--quiet", "--only", label, "--add") == 0
    made = quick / "measurements" / "scenes.parquet"
    assert made.read_bytes() == (quick / "whole" / "scenes.parquet").read_bytes()
    for kind in ("csv", "json"):
        expected = (quick / "whole" / f"rate_accuracy.{kind}").read_text()
        assert (quick / "results" / f"rate_accuracy.{kind}").read_text() == expected


def test_what_is_kept_says_how_it_was_evaluated(quick, run, monkeypatch):
    run("--quiet", "--only", "Tiny(every=4)", "--only", "Tiny")
    before = read_measurements(quick / "measurements" / "scenes.parquet").points[0].circumstances
    (quick / "tiny.py").write_text((quick / "tiny.py").read_text() + "\n# another version\n")
    monkeypatch.setattr("coinfer.simulator.cli.evaluation_origins.versions", lambda: {"torch": "next"})
    run("--quiet", "--only", "Tiny(every=4)", "--only", "Short", "--add")
    stored = read_measurements(quick / "measurements" / "scenes.parquet")
    made = {point.label: point.circumstances for point in stored.points}
    assert list(made) == ["Tiny", "Tiny(every=4)", "Short"]
    assert made["Tiny"] == before
    assert made["Tiny(every=4)"]["versions"] == made["Short"]["versions"] == {"torch": "next"}
    assert made["Tiny(every=4)"]["files"].keys() == before["files"].keys()
    assert made["Tiny(every=4)"]["files"] != before["files"], "the plugin is another one"
    told = json.loads((quick / "results" / "rate_accuracy.json").read_text())["evaluations"]
    assert [group["labels"] for group in told] == [["Tiny"], ["Tiny(every=4)"], ["Short"]]


def test_odd_settings_and_names_stay_as_they_are(quick, run):
    (quick / "odd.py").write_text(
        "from tiny import Tiny\n\n\nclass NA(Tiny):\n"
        "    def __init__(self, classifier='scenes', every=32, mode='', seed=0, sides=()):\n"
        "        super().__init__(classifier, every)\n"
        "        self.mode, self.seed, self.sides = mode, seed, sides\n"
    )
    (quick / "points.yaml").write_text(
        "codecs: [{plugin: odd.py:NA}, "
        "{plugin: odd.py:NA, mode: '007', seed: 12345678901, sides: [/a, red]}]\n"
    )
    assert run("--quiet") == 0
    first = (quick / "results" / "rate_accuracy.csv").read_text()
    assert ",007,12345678901," in first
    assert run("--quiet", "--add", "--only", "NA") == 0
    assert (quick / "results" / "rate_accuracy.csv").read_text() == first


def test_the_uncompressed_network_is_not_measured_again_where_it_is_kept(quick, run, monkeypatch):
    run("--quiet", "--only", "Tiny")
    monkeypatch.setenv("COINFER_CACHE", str(quick / "empty"))
    run("--quiet", "--only", "Short", "--add")
    assert len(list((quick / "empty" / "measurements").iterdir())) == 1


def test_adding_to_nothing_is_evaluating(quick, run):
    assert run("--quiet", "--only", "Short", "--add") == 0
    assert pd.read_csv("results/rate_accuracy.csv")["label"].tolist()[0] == "Short"


def test_the_table_is_made_anew_from_what_is_kept(quick, run):
    run("--quiet", "--only", "Tiny", "--only", "Short")
    csv = quick / "results" / "rate_accuracy.csv"
    whole = csv.read_text()
    csv.write_text(whole[:-60])
    run("--quiet", "--only", "Tiny", "--add")
    assert csv.read_text() == whole


def test_what_would_be_lost_is_kept(quick, run, capsys):
    """Neither fewer operating points nor other images replace what is there."""
    run("--quiet", "--only", "Tiny", "--only", "Short")
    before = {path: (quick / path).read_bytes() for path in files(quick)}
    assert run("--only", "Short", "--quiet") == 2
    assert capsys.readouterr().err == (
        "measurements/scenes.parquet: holds 1 operating points that this run leaves out, Tiny for one; "
        "keep them with --add, or give another --measurements and --out\n"
    )
    assert run("--count", "5", "--quiet") == 2
    assert "is of other images" in capsys.readouterr().err
    assert {path: (quick / path).read_bytes() for path in files(quick)} == before
    assert run("--quiet") == 0, "all of them, and more"


def test_a_wrong_operating_point_is_told_before_the_first_is_measured(quick, run, capsys):
    (quick / "points.yaml").write_text("codecs: [{plugin: tiny.py:Tiny}, {id: jpgg}]")
    assert run() == 2
    out, err = capsys.readouterr()
    assert "Tiny:" not in out
    assert err.startswith("points.yaml: unknown codec 'jpgg'")


def test_a_codec_that_sends_nothing_has_no_ratio(quick, run):
    (quick / "zero.py").write_text(
        "from tiny import Tiny\n\n\nclass Zero(Tiny):\n"
        "    def encode(self, images):\n        return [b'' for _ in images]\n\n"
        "    def decode(self, payloads):\n        return [[1.0] + [0.0] * 9 for _ in payloads]\n"
    )
    (quick / "points.yaml").write_text("codecs: [{plugin: zero.py:Zero}, {plugin: tiny.py:Tiny}]")
    assert run("--quiet") == 0
    table = pd.read_csv("results/rate_accuracy.csv")
    assert table["payload_bytes_mean"].tolist() == [0, 49]
    assert table["pixel_ratio"].isna().tolist() == [True, False]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("def __init__(self, classifier='scenes', odd=print):\n        super().__init__(classifier)",
         "codec 'Odd': the default of odd must be plain data, as in a scenario, got"),
        ("def settings(self):\n        return {}", "settings must be the constructor's arguments, as the"),
    ],
)  # fmt: skip
def test_a_plugin_with_odd_settings_is_told(quick, run, capsys, body, problem):
    (quick / "odd.py").write_text(f"from tiny import Tiny\n\n\nclass Odd(Tiny):\n    {body}\n")
    (quick / "points.yaml").write_text("codecs: [{plugin: odd.py:Odd}]")
    assert run("--quiet") == 2
    err = capsys.readouterr().err
    assert problem in err
    assert err.count("\n") == 1


def another_of_that_name(folder):
    (folder / "other.py").write_text((folder / "short.py").read_text())
    (folder / "points.yaml").write_text("codecs: [{plugin: other.py:Short}]\n")
    return []


@pytest.mark.parametrize(
    ("spoil", "options", "line"),
    [
        (lambda folder: None, ["--count", "5"], "measurements/scenes.parquet: is of other images or another"),
        (
            lambda folder: (folder / "measurements" / "scenes.parquet").unlink(),
            [],
            "measurements/scenes.parquet: not there, though results/rate_accuracy.csv is; give the folder",
        ),
        (
            lambda folder: (folder / "measurements" / "scenes.parquet").write_bytes(b"PAR1"),
            [],
            "measurements/scenes.parquet: expected a whole file of 'coinfer evaluate'",
        ),
        (another_of_that_name, [], "measurements/scenes.parquet: its Short is short.py:Short; give yours"),
    ],
)
def test_what_cannot_be_added_to_is_told(quick, run, capsys, spoil, options, line):
    run("--quiet", "--only", "Tiny", "--only", "Short")
    spoil(quick)
    assert run("--only", "Short", "--add", "--quiet", *options) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith(line)


def test_a_file_that_cannot_be_written_is_told_and_nothing_else_is(quick, run, capsys, monkeypatch):
    run("--quiet", "--only", "Tiny")
    before = files(quick), (quick / "results" / "rate_accuracy.csv").read_text()

    def refuse(*args, **kwargs):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("coinfer.simulator.measurement_file.pq.write_table", refuse)
    assert run("--only", "Short", "--add", "--quiet") == 2
    err = capsys.readouterr().err
    assert err == "measurements/scenes.parquet: Operation not permitted; give another folder\n"
    assert (files(quick), (quick / "results" / "rate_accuracy.csv").read_text()) == before


def test_classes_of_one_s_own_take_a_classifier(quick, run, capsys):
    for name in ("cat", "dog"):
        (quick / "pets" / name).mkdir(parents=True)
        Image.fromarray(np.full((224, 224, 3), 99, dtype=np.uint8)).save(quick / "pets" / name / "1.png")
    own = ["--images", "imagefolder", "--root", "pets", "--count", "2", "--quiet"]
    assert run(*own) == 2
    assert "and give its file as --classifier" in capsys.readouterr().err
    write_checkpoint(
        quick / "pets.safetensors", {}, {"kind": "classifier", "class_names": {"pets": ["cat", "dog"]}}
    )
    assert run(*own, "--classifier", "pets.safetensors", "--only", "Tiny") == 0
    assert (
        read_measurements(quick / "measurements" / "pets.parquet").about["classifier"] == "pets.safetensors"
    )
    assert run(*own, "--classifier", "gone.safetensors") == 2
    assert capsys.readouterr().err.startswith("--classifier: gone.safetensors: no such file")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--points", "clash.yaml"], "clash.yaml: codecs: tiny.py:Tiny and short.py:Tiny have the same name"),
        (["--only", "Tin"], "--only Tin: no such operating point, did you mean 'Tiny'?"),
        (["--points", "gone.yaml"], "gone.yaml: cannot be read as text"),
        (["--images", "photos"], "--images: expected 'scenes', 'imagenette' or 'imagefolder', got 'photos'"),
        (["--root", "data"], "--root: scenes are drawn and have no folder; remove this key"),
        (["--images", "imagefolder"], "--root: missing; source imagefolder needs the folder"),
        (
            ["--images", "imagenette", "--root", "gone"],
            "--images: gone/imagenette2/val: no Imagenette photos; ",
        ),
        (["--out", "tiny.py"], "tiny.py: File exists; give another folder"),
        (["--readme", "tiny.py"], "tiny.py: expected the marks <!-- results -->"),
    ],
)
def test_a_mistake_is_told_in_one_line(quick, run, capsys, arguments, line):
    before = files(quick)
    assert run(*arguments) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith(line)
    assert files(quick) == before


def test_the_readme_gets_its_table_without_measuring(quick, run, capsys):
    run("--only", "Tiny", "--quiet")
    (quick / "README.md").write_text("<!-- results -->\n<!-- /results -->\n")
    (quick / "points.yaml").write_text(POINTS + "readme: [Tiny]\n")
    (quick / "tiny.py").write_text("gone")
    assert run("--readme", "README.md") == 0
    assert "| `Tiny` | 49 |" in (quick / "README.md").read_text()


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (
            "return 7, 14",
            "return 7",
            "device_parameters must return two whole numbers, (parameters, bytes), got 7",
        ),
        (
            "def ideal_bits(self, payload):\n        return 4.0 * len(payload)",
            "def fixed_width_bytes(self):\n        return 'four'",
            "fixed_width_bytes must return a whole number of bytes, above 0, or None, got 'four'",
        ),
        (
            "cuts = (5, 10, 1000)",
            "settings = property(lambda self: self.lost)",
            "settings raised AttributeError: 'Short' object has no attribute 'lost' (short.py, line ",
        ),
    ],
)
def test_what_a_codec_says_of_itself_wrongly_is_told_in_a_line(quick, run, capsys, old, new, line):
    assert old in CUT
    (quick / "short.py").write_text(CUT.replace(old, new))
    assert run("--only", "Short", "--quiet") == 2
    err = capsys.readouterr().err
    assert err.startswith(f"points.yaml: codec 'Short': {line}")
    assert err.count("\n") == 1
