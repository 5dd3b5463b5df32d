import json
from pathlib import Path

import pytest
from PIL import Image

from coinfer.models import end_to_end, student, train_aecnn, train_backbone
from coinfer.models.checkpoints import CheckpointError, file_sha256, read_checkpoint
from coinfer.models.scenes.scene import CLASSES, Scenes
from coinfer.models.training import Phase

KINDS = {
    "aecnn": ("layer2", "aecnn-layer2", "aecnn"),
    "bottlenet": ("layer4", "bottlenet-layer4-1024", "bottlenet++"),
    "anytime": ("layer3", "anytime-layer3", "anytime"),
}
"""Split, default name of the checkpoint, and the codec's own name."""


@pytest.fixture
def quick(monkeypatch):
    """One step a phase at 32 px."""

    def steps(*names):
        return tuple(Phase(name, 1, 32, 1e-3, 4) for name in names)

    monkeypatch.setitem(end_to_end.PRESETS, "smoke", steps("a-codec", "b-joint"))
    in_order = steps("a-attention", "b-prune", "c-decoder", "d-joint", "e-tail")
    monkeypatch.setitem(train_aecnn.PHASES, "smoke", in_order)
    monkeypatch.setitem(
        train_backbone.PRESETS, "smoke", dict.fromkeys(train_backbone.PRESETS["smoke"], steps("tune"))
    )


def photos(folder, classes):
    """Four drawn frames to train on and two to validate with, in the folders of the first two classes."""
    for part, count in (("train", 4), ("val", 2)):
        for name in classes:
            (folder / part / name).mkdir(parents=True)
        for number, frame in enumerate(Scenes(count, seed=count).load(range(count))):
            file = folder / part / classes[number % 2] / f"{number}.png"
            Image.fromarray(frame.transpose(1, 2, 0)).save(file)


@pytest.fixture
def pets(workplace):
    photos(workplace / "pets", ["cat", "dog"])
    return workplace / "pets"


@pytest.fixture
def refused(typed, capsys):
    def run(*arguments):
        assert typed("train", *arguments, command="coinfer") == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.count("\n") == 1
        return err.rstrip("\n")

    return run


@pytest.mark.parametrize("kind", KINDS)
def test_a_codec_for_a_network_of_one_s_own(quick, plain, pets, typed, capsys, own_backbone, kind):
    split, stem, codec = KINDS[kind]
    common = ["--images", "pets", "--backbone", own_backbone, "--split", split, "--preset", "smoke"]
    assert typed("train", kind, *common, command="coinfer") == 0
    checkpoint, state = Path(f"{stem}.safetensors"), Path(f"runs/train-{stem}")
    out = capsys.readouterr().out
    assert f"{checkpoint}, {checkpoint.stat().st_size / 1e6:.1f} MB" in out
    row = out.splitlines()[-2 if not out.splitlines()[-1].strip() else -1].split()
    assert row[:2] == [split, "pets"]
    assert int(row[-1].replace(",", "")) > 6
    metadata = read_checkpoint(checkpoint, kind).metadata
    assert metadata["backbone_sha256"] == file_sha256(own_backbone)
    assert metadata["validation_images"] == {"pets": 2}
    log = [json.loads(line) for line in (state / "log.jsonl").read_text().splitlines()]
    assert [row["of"] for row in log] == [1] * (5 if kind == "aecnn" else 2)

    spec = {"id": codec, "split": split, "checkpoint": str(checkpoint)}
    images = {"source": "imagefolder", "root": "pets/val", "count": 2, "classifier": str(own_backbone)}
    small = ["small.yaml", "--quiet", "--set", f"codecs={json.dumps([spec])}", "--set", "sweep={}"]
    assert typed(*small, "--set", f"images={json.dumps(images)}") == 0
    assert typed(*small, "--set", "images={source: scenes, count: 2}") == 2
    assert f"{checkpoint}: made for another backbone than the one that comes" in capsys.readouterr().err


def test_a_training_goes_on_from_a_checkpoint(quick, pets, typed, capsys, own_backbone, refused):
    common = ["--images", "pets", "--backbone", own_backbone, "--split", "layer4", "--preset", "smoke"]
    assert typed("train", "anytime", *common, command="coinfer") == 0
    first = Path("anytime-layer4.safetensors")
    again = [*common, "--start", first, "--cut-bytes", "60", "--out", "short.safetensors"]
    assert typed("train", "anytime", *again, command="coinfer") == 0
    metadata = read_checkpoint(Path("short.safetensors"), "anytime").metadata
    assert [phase["name"] for phase in metadata["phases"]] == ["b-joint"]
    assert metadata["start"]["sha256"] == file_sha256(first)
    assert [phase["name"] for phase in metadata["start"]["phases"]] == ["a-codec", "b-joint"]
    capsys.readouterr()
    line = refused("bottlenet", *common, "--start", first)
    assert line.endswith("expected a checkpoint of kind 'bottlenet', got 'anytime'")


class KilledError(BaseException):
    """Stands for the end of the process."""


def test_a_killed_training_goes_on_where_it_was(quick, pets, typed, own_backbone, monkeypatch):
    common = ["--images", "pets", "--backbone", own_backbone, "--split", "layer4", "--preset", "smoke"]
    found = student.some_symbols

    def killed(*arguments):
        raise KilledError

    monkeypatch.setattr("coinfer.models.student.some_symbols", killed)
    with pytest.raises(KilledError):
        typed("train", "bottlenet", *common, command="coinfer")
    log = Path("runs/train-bottlenet-layer4-1024/log.jsonl")
    steps, checkpoint = log.read_text(), Path("bottlenet-layer4-1024.safetensors")
    assert steps.count("\n") == 2
    assert not checkpoint.exists()
    monkeypatch.setattr("coinfer.models.student.some_symbols", found)
    assert typed("train", "bottlenet", *common, command="coinfer") == 0
    assert log.read_text() == steps, "both phases were there already"
    assert read_checkpoint(checkpoint, "bottlenet").metadata["top1"].keys() == {"pets"}


def test_the_network_that_comes_with_coinfer_learns_from_a_folder_of_its_classes(
    quick, workplace, typed, capsys
):
    photos(workplace / "mine", CLASSES)
    ablation = ["--ranking", "l1", "--no-decoder-step", "--ratio", "512", "--rate-weight", "0.1"]
    ablation += ["--network-step", "0.2"]
    common = ["--images", "mine", "--preset", "smoke", "--out", "new/a.safetensors", "--seed", "3"]
    assert typed("train", "aecnn", *common, *ablation, command="coinfer") == 0
    metadata = read_checkpoint(Path("new/a.safetensors"), "aecnn").metadata
    assert metadata["validation_images"] == {"scenes": 2}
    wanted = {"ratio": 512, "rate_weight": 0.1, "seed": 3, "ranking": "l1", "decoder_step": False}
    assert metadata.items() >= {**wanted, "step_by_step": True, "network_step": 0.2, "kept": 4}.items()
    assert [phase["name"][0] for phase in metadata["phases"]] == ["b", "d", "e"]
    assert Path("runs/train-a/log.jsonl").is_file()


def test_a_backbone_from_torchvision_s_weights(quick, pets, typed, capsys, monkeypatch):
    from torchvision.models import ResNet50_Weights, resnet50

    monkeypatch.setattr(ResNet50_Weights, "get_state_dict", lambda *_, **__: resnet50().state_dict())
    common = ["--images", "pets", "--weights", "IMAGENET1K_V2", "--preset", "smoke"]
    assert typed("train", "backbone", *common, command="coinfer") == 0
    checkpoint = read_checkpoint(Path("resnet50-pets.safetensors"), "backbone")
    assert checkpoint.classifier == ("pets", ("cat", "dog"))
    assert checkpoint.metadata["start_weights"] == "IMAGENET1K_V2"
    assert "resnet50-pets.safetensors, 4" in capsys.readouterr().out
    assert json.loads(Path("runs/train-resnet50-pets/log.jsonl").read_text())["phase"] == "tune"


def test_weights_that_cannot_be_loaded(pets, refused, monkeypatch):
    def fail(weights):
        raise CheckpointError(f"--weights {weights}: torchvision cannot load them (no network)")

    monkeypatch.setattr("coinfer.models.backbone._download", fail)
    line = refused("backbone", "--images", "pets", "--weights", "IMAGENET1K_V1")
    assert line == "--weights IMAGENET1K_V1: torchvision cannot load them (no network)"


@pytest.mark.parametrize("command", ["backbone", "classifier", *KINDS])
def test_each_training_command_explains_itself(typed, capsys, command):
    assert typed("train", command, "--help", command="coinfer") == 0
    text = capsys.readouterr().out
    assert "--out" in text
    assert f"Example: coinfer train {command} --" in text


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ("aecnn --split stem", "--split: expected one of layer1, layer2, layer3, layer4, got 'stem'"),
        ("aecnn --preset huge", "--preset: expected one of cpu, short, finish, gpu, smoke, got 'huge'"),
        ("aecnn --ratio 1000000", "--ratio 1000000: keeps no channel at layer2; lower it"),
        (
            "aecnn --ratio 300",
            "--ratio 300: leaves 6.827 channels at layer2; take one that divides 2048",
        ),
        (
            "bottlenet --split layer4 --ratio 1000",
            "--ratio 1000: leaves 8.192 channels at layer4; take one that divides 8192",
        ),
        ("aecnn --ratio 2", "--ratio 2: keeps 1024 of 512 channels at layer2; raise it"),
        ("aecnn --ranking best", "--ranking: expected one of attention, l1, random, got 'best'"),
        ("aecnn --device tpu", "--device: expected one of cpu, cuda, got 'tpu'"),
        ("bottlenet --ratio 1000000", "--ratio 1000000: sends no channel at layer2; lower it"),
        ("bottlenet --disturbance rain", "--disturbance: expected one of none, awgn, erasure, got 'rain'"),
        (
            "bottlenet --strength 0.5",
            "--strength: expected more than 0 with --disturbance awgn or erasure, and 0 with none, "
            "got 0.5 with none",
        ),
        (
            "bottlenet --disturbance erasure --strength 1.5",
            "--strength: a share of lost values is at most 1, got 1.5",
        ),
        ("anytime --rate-weight inf", "--rate-weight: expected a finite number, got inf"),
        ("backbone --preset short", "--preset: expected one of cpu, gpu, smoke, got 'short'"),
        (
            "backbone --start a --weights IMAGENET1K_V2",
            "--start, --weights: expected at most one of them; a network has one beginning",
        ),
        (
            "backbone --images pets",
            "--root, --images: expected one of them; give the folder that holds imagenette2/, or a folder "
            "with train/ and val/ of class folders",
        ),
        (
            "anytime --backbone net.pt",
            "--backbone net.pt: expected a .safetensors file of 'coinfer train backbone'",
        ),
    ],
)
def test_a_wrong_option_is_refused(workplace, refused, arguments, line):
    assert refused(*arguments.split(), "--root", "nowhere") == line
    assert not (workplace / "runs").exists()


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            "anytime --images pets",
            "pets/train: the backbone has no classifier for these 2 classes; train one with 'coinfer train "
            "backbone' on these images and give its file as --backbone",
        ),
        (
            "aecnn --images pets --preset finish",
            "--preset finish: goes on from a trained codec; give one with --start",
        ),
        ("backbone --images pets --out pets", "--out pets: expected the name of a .safetensors file"),
        ("backbone --images pets --work small.yaml", "--work: small.yaml: File exists; give another"),
        ("backbone --images pets --out /proc/q.safetensors", "--out: /proc: "),
        ("backbone --images pets --start gone.safetensors", "gone.safetensors: no such checkpoint; "),
        ("backbone --images nowhere", "nowhere/train: no such image folder; "),
        ("backbone", "--root, --images: expected one of them; "),
    ],
)
def test_images_and_places_that_do_not_fit(pets, refused, arguments, line):
    assert refused(*arguments.split()).startswith(line)


def test_parts_of_other_classes(pets, refused):
    (pets / "val" / "eel").mkdir()
    line = refused("backbone", "--images", "pets")
    assert line == "--images pets: train/ and val/ have other classes; 'eel' is in one only"


def test_cuda_where_there_is_none(pets, refused, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    line = refused("backbone", "--images", "pets", "--device", "cuda")
    assert line == "--device cuda: torch finds no CUDA device here; use --device cpu"


def test_training_without_photos_says_what_to_run(workplace, refused):
    line = refused("backbone", "--root", "nowhere")
    assert line.startswith("nowhere/imagenette2/train: no Imagenette photos; run python -c ")
    assert "Imagenette('nowhere', download=True)" in line
