"""Every mistake: one line that says where and what to do, exit code 2, nothing written."""

import errno
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import save_file

from coinfer.models.checkpoints import write_checkpoint
from coinfer.simulator.loading import bundled_scenarios


def snapshot(folder):
    return {path: path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


@pytest.fixture
def refused(workplace, typed, tmp_path, capsys):
    """Runs `simulate` and gives the line it prints."""

    def run(*arguments):
        before = snapshot(workplace)
        code = typed(*(arguments or ("small.yaml",)))
        out, err = capsys.readouterr()
        assert code == 2, err
        assert out == ""
        assert err.endswith("\n")
        assert err.count("\n") == 1, err
        assert "Traceback" not in err
        assert snapshot(workplace) == before
        assert [path for path in (tmp_path / "cache").rglob("*") if path.is_file()] == []
        return err.removesuffix("\n")

    return run


@pytest.fixture
def said(workplace, refused):
    """Replaces a piece of the scenario and gives the line that `simulate` prints."""

    def run(old, new):
        file = workplace / "small.yaml"
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))
        return refused()

    return run


def pictures(folder, classes=("cat", "dog"), each=2):
    for name in classes:
        (folder / name).mkdir(parents=True)
        for number in range(each):
            Image.fromarray(np.full((224, 224, 3), number, dtype=np.uint8)).save(
                folder / name / f"{number}.png"
            )


def test_a_missing_file(refused):
    line = refused("smal.yaml")
    assert line == f"smal.yaml: no such file; bundled scenarios: {', '.join(bundled_scenarios())}"
    assert refused("por_channel").endswith("did you mean the bundled scenario 'poor_channel'?")


def test_a_folder(refused):
    assert refused(".") == ".: this is a folder; expected a scenario file"


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("bandwidth_hz", "bandwith_hz", "link.bandwith_hz: unknown key, did you mean 'bandwidth_hz'?"),
        ("tasks: 20", "tasks: many", "tasks: expected a whole number, got 'many'"),
        ("1.0e+5", "-5", "link.bandwidth_hz: expected a number above 0, got -5"),
        (
            "jetson-nano",
            "jetson-nana",
            "devices.0.profile: unknown profile 'jetson-nana', did you mean 'jetson-nano'?",
        ),
        ("codecs: [", "codecs: [rew, ", "unknown codec 'rew', did you mean 'raw'?"),
        ("sweep: {", "sweep: {tasks: [1, 2], ", "sweep.tasks: summary.csv has another column of this name; "),
        (
            "tiny.py",
            "gone.py",
            "plugin 'gone.py:Tiny': expected path/to/file.py:ClassName of a file that exists",
        ),
        (
            ":Tiny}",
            ":Tinny}",
            "plugin 'tiny.py:Tinny': no subclass of coinfer.codecs.protocol.Codec named 'Tinny'",
        ),
        ("every: 4", "evry: 4", "codec 'tiny.py:Tiny': unknown setting 'evry', did you mean 'every'?"),
        ("every: 4", "every: 0", "codec 'tiny.py:Tiny': every: expected at least 1, got 0"),
    ],
)
def test_a_mistake_in_the_file(said, old, new, line):
    assert said(old, new).removeprefix("small.yaml: ").startswith(line)


@pytest.mark.parametrize(
    ("link", "line"),
    [
        (
            "{bandwidth_hz: 1e5, mean_snr_db: 5, rate: {model: nr}}",
            "link.bandwidth_hz: a resource block takes 360000.0 Hz, got 100000.0 Hz",
        ),
        (
            "{bandwidth_hz: 1e6, mean_snr_db: 5, sharing: tdma, rate: {model: nr}}",
            "link.sharing: tdma has no retransmissions; take fifo, round_robin or proportional_fair, "
            "or deep_fade: integrate",
        ),
        (
            "{bandwidth_hz: 1e6, mean_snr_db: 5, fading: {model: rician}}",
            "link.fading.k_db: missing; model rician needs it",
        ),
        (
            "{bandwidth_hz: 1e6, mean_snr_db: 5, budget: {}}",
            "link.budget: mean_snr_db is given as well; keep one and set the other to null",
        ),
    ],
)
def test_a_link_that_cannot_be_built(said, link, line):
    assert said("{bandwidth_hz: 1.0e+5, mean_snr_db: 5}", link) == f"small.yaml: {line}"


def test_a_sweep_in_which_the_link_carries_nothing(workplace, said):
    file = workplace / "small.yaml"
    rate = "rate: {model: nr}, deep_fade: integrate, fading: {model: none}"
    file.write_text(file.read_text().replace("1.0e+5, mean_snr_db: 5", f"1.0e+6, mean_snr_db: 5, {rate}"))
    line = said("{link.mean_snr_db: [0, 10]}", "{link.mean_snr_db: [10, -60, 0]}")
    assert line == "small.yaml: link: the link carries nothing: its rate is 0 in all 1 slots"


def test_a_height_that_path_loss_refuses(workplace, said):
    file = workplace / "small.yaml"
    file.write_text(
        file.read_text().partition("sweep:")[0].replace("1.0}}", "1.0}, mobility: {distance_m: 9}}")
    )
    line = said("mean_snr_db: 5", "budget: {path_loss: {device_height_m: 1}}")
    assert line == (
        "small.yaml: link.budget.path_loss: the height of the device must be from 1.5 to 22.5 m, got 1.0"
    )


def test_a_recording_with_a_gap(workplace, said):
    file = workplace / "small.yaml"
    file.write_text(file.read_text().partition("sweep:")[0])
    (workplace / "day.csv").write_text("time_s,snr_db\n0,1\n1,2\n2,3\n50,4\n")
    line = said("mean_snr_db: 5", "recording: {file: day.csv}, fading: {model: none}")
    assert line.startswith(
        "day.csv: line 5: time_s: expected at most 10 times the median step of 1 s after 2.0 s"
    )


def test_a_duration_in_which_nothing_arrives(workplace, typed, capsys):
    assert typed("small.yaml", "--set", "tasks=null", "--set", "duration_s=1.0e-9") == 2
    assert capsys.readouterr().err == "small: duration_s: no task arrived in 1e-09 s; make it longer\n"
    assert not (workplace / "runs").exists()


def test_a_built_in_codec_with_a_wrong_setting(said):
    line = said("codecs: [", "codecs: [{id: jpeg, quality: 0}, ")
    assert line.startswith("small.yaml: codec 'jpeg': quality: expected")
    assert line.endswith("got 0")


def test_a_built_in_codec_with_an_unknown_setting(said):
    line = said("codecs: [", "codecs: [{id: jpeg, qualty: 50}, ")
    assert line == "small.yaml: codec 'jpeg': unknown setting 'qualty', did you mean 'quality'?"


def test_a_plugin_that_does_not_compile(workplace, refused):
    (workplace / "tiny.py").write_text("def broken(:\n")
    line = refused()
    assert line.startswith("small.yaml: plugin 'tiny.py': SyntaxError: ")


def test_a_plugin_that_fails_with_many_lines(workplace, refused):
    (workplace / "tiny.py").write_text("raise RuntimeError('one\\ntwo\\nthree')")
    assert refused() == "small.yaml: plugin 'tiny.py': RuntimeError: one two three"


def test_a_plugin_whose_messages_are_no_bytes(workplace, refused):
    file = workplace / "tiny.py"
    file.write_text(file.read_text().replace(".tobytes()", ""))
    line = refused()
    assert line == "small.yaml: codec 'Tiny': encode must return a list of 8 bytes for 8 images"


def test_missing_photos(said):
    line = said("source: scenes", "source: imagenette, root: nowhere")
    assert line.startswith("small.yaml: nowhere/imagenette2/val: no Imagenette photos; run python -c ")
    assert line.endswith("Imagenette('nowhere', download=True)\", or set images.download: true")


def test_a_missing_image_folder(said):
    line = said("source: scenes", "source: imagefolder, root: nowhere")
    assert line.startswith("small.yaml: nowhere: no such image folder")


def test_an_image_folder_with_unknown_classes(workplace, said):
    pictures(workplace / "pets", each=4)
    line = said("source: scenes", "source: imagefolder, root: pets")
    assert line == (
        "small.yaml: pets: no classifier for these 2 classes; train one with "
        "'coinfer train classifier --images FOLDER' and give its file as images.classifier"
    )


def test_a_classifier_for_other_classes(workplace, said):
    metadata = {"kind": "classifier", "class_names": {"pets": ["cat", "dog"]}}
    write_checkpoint(workplace / "pets.safetensors", {}, metadata)
    line = said("source: scenes", "source: scenes, classifier: pets.safetensors")
    assert line == (
        "small.yaml: images.classifier: pets.safetensors decides between 2 classes (cat, dog), "
        "the images are of 10 classes (ball, brick, chequer, ...)"
    )


@pytest.mark.parametrize(
    ("metadata", "complaint"),
    [
        ([1], "expected a classifier, got 'None'"),
        ({"kind": "aecnn"}, "expected a classifier, got 'aecnn'"),
        ({"kind": "backbone"}, "expected the classes of one classifier; train it again"),
        ({"kind": "classifier", "class_names": {}}, "expected the classes of one classifier; train it again"),
        (
            {"kind": "classifier", "class_names": {"pets": ["cat"], "cars": ["van"]}},
            "expected the classes of one classifier; train it again",
        ),
        (
            {"kind": "classifier", "class_names": {"pets": 2}},
            "expected the classes of one classifier; train it again",
        ),
    ],
)
def test_a_classifier_whose_file_does_not_say_what_it_decides(workplace, said, metadata, complaint):
    save_file({}, workplace / "odd.safetensors", {"coinfer": json.dumps(metadata)})
    line = said("source: scenes", "source: scenes, classifier: odd.safetensors")
    assert line == f"small.yaml: images.classifier: odd.safetensors: {complaint}"


def test_more_images_than_there_are(workplace, said):
    pictures(workplace / "pets")
    line = said("source: scenes", "source: imagefolder, root: pets")
    assert line == "small.yaml: pets: images.count is 8 but only 4 images are there"


def test_more_photos_than_there_are(workplace, said):
    pictures(workplace / "data" / "imagenette2" / "val")
    line = said("source: scenes", "source: imagenette")
    assert line == "small.yaml: data/imagenette2/val: images.count is 8 but only 4 images are there"


@pytest.mark.parametrize(
    ("assignment", "line"),
    [
        ("tasks", "--set: expected key=value such as link.mean_snr_db=5, got 'tasks'"),
        ("link.mean_snr=5", "--set: link.mean_snr: unknown key, did you mean 'mean_snr_db'?"),
        ("tasks=[", "--set: tasks: line 1: "),
        ("codecs=[rew]", "small.yaml: unknown codec 'rew', did you mean 'raw'?"),
        ("name=../../up", "--set: name: expected letters, digits"),
    ],
)
def test_a_bad_set(refused, assignment, line):
    assert refused("small.yaml", "--set", assignment).startswith(line)


def test_an_output_folder_with_something_else_in_it(workplace, refused):
    (workplace / "thesis").mkdir()
    (workplace / "thesis" / "chapter.tex").write_text("years of work")
    line = refused("small.yaml", "--out", "thesis")
    assert line == "--out thesis: not empty and not a run of coinfer; give another folder"
    assert (
        refused("small.yaml", "--out", "small.yaml")
        == "--out small.yaml: this is not a folder; give a folder"
    )


def test_a_full_disk(refused, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device", "runs/a.arrow")

    monkeypatch.setattr("coinfer.simulator.cli.run.load_scenario", full)
    assert refused() == "runs/a.arrow: no space left on the disk; free some, or give another --out"


def test_a_cache_that_cannot_be_written(workplace, refused, monkeypatch):
    monkeypatch.setenv("COINFER_CACHE", str(workplace / "small.yaml"))
    assert "set COINFER_CACHE to a folder" in refused()


@pytest.mark.parametrize("version", [2, None])
def test_a_checkpoint_of_another_version(workplace, said, version):
    from safetensors.numpy import save_file

    described = {"kind": "aecnn", "split": "layer2", "kept": 8, "size_px": 224, "format": version}
    save_file(
        {"counts": np.ones((8, 2), dtype=np.int32)},
        workplace / "old.safetensors",
        {"coinfer": json.dumps(described)},
    )
    line = said("codecs: [", "codecs: [{id: aecnn, checkpoint: old.safetensors}, ")
    assert line == (
        f"small.yaml: codec 'aecnn': old.safetensors: checkpoint format {version}, "
        "this coinfer reads 1; train it again"
    )


def test_a_missing_checkpoint(said):
    line = said("codecs: [", "codecs: [{id: aecnn, checkpoint: gone.safetensors}, ")
    assert line.startswith("small.yaml: codec 'aecnn': gone.safetensors: no such checkpoint; ")


@pytest.mark.parametrize(
    "arguments",
    [("gone.yaml",), ("small.yaml", "--set", "codecs=[rew]")],
    ids=["missing file", "unknown codec"],
)
def test_the_real_command_says_it_too(workplace, arguments):
    before = snapshot(workplace)
    program = str(Path(sys.executable).parent / "simulate")
    ended = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.count("\n") == 1
    assert snapshot(workplace) == before
