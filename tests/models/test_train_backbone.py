from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from coinfer.codecs.network import classify
from coinfer.models.backbone import Backbone, from_checkpoints, shipped, shipped_trunk
from coinfer.models.checkpoints import file_sha256, read_checkpoint, shipped_path, write_checkpoint
from coinfer.models.train_backbone import PRESETS, Start, train_backbone, train_classifier
from coinfer.models.training import Phase, Source
from coinfer.models.training_state import TrainingError


class Colours:
    """Eight flat images, the even ones dark and the odd ones light."""

    class_names = ("dark", "light")
    fingerprint = "colours"
    labels: NDArray[np.int64] = np.arange(8) % 2

    def __len__(self) -> int:
        return 8

    def load(self, indices: Sequence[int]) -> NDArray[np.uint8]:
        images = np.zeros((len(indices), 3, 64, 64), dtype=np.uint8)
        images += np.array([30 + 180 * (index % 2) + index for index in indices], dtype=np.uint8)[
            :, None, None, None
        ]
        return images


def test_a_classifier_learns_on_frozen_features(tmp_path: Path) -> None:
    trunk, out = shipped_trunk(), tmp_path / "colours.safetensors"
    before = {key: value.clone() for key, value in trunk.state_dict().items()}
    metadata = train_classifier(trunk, Colours(), Colours(), "colours", out)
    assert all(torch.equal(value, before[key]) for key, value in trunk.state_dict().items())
    assert metadata["top1"] == {"colours": 1.0}
    assert (metadata["validation_images"], metadata["validation_fingerprint"]) == (8, "colours")
    checkpoint = read_checkpoint(out, "classifier")
    assert checkpoint.tensors.keys() == {"classifiers.colours.weight", "classifiers.colours.bias"}
    assert checkpoint.metadata["class_names"] == {"colours": ["dark", "light"]}
    guesses = classify(Colours().load(range(8)), str(out)).argmax(axis=1)
    assert guesses.tolist() == Colours.labels.tolist()


def test_same_seed_same_classifier(tmp_path: Path) -> None:
    for name in ("a", "b"):
        train_classifier(shipped_trunk(), Colours(), Colours(), "colours", tmp_path / name, epochs=2, seed=5)
    assert file_sha256(tmp_path / "a") == file_sha256(tmp_path / "b")


QUICK = (Phase("tune", 1, 32, 0.01, 8),)


def test_a_trained_backbone_is_a_checkpoint(tmp_path: Path) -> None:
    start = tmp_path / "start.safetensors"
    theirs = {
        _torchvision_name(key): value for key, value in Backbone({"c": ("a", "b")}).state_dict().items()
    }
    write_checkpoint(start, theirs, {})
    rows: list[object] = []
    files = []
    for name in ("first", "again"):
        files.append(tmp_path / f"{name}.safetensors")
        metadata = train_backbone(
            Source(Colours(), "c"),
            Colours(),
            Start(start),
            QUICK,
            files[-1],
            tmp_path / "state",
            rows.append,
        )
    assert files[0].read_bytes() == files[1].read_bytes()
    assert len(rows) == 1, "the second run only finds the first one's state"
    assert metadata["start_sha256"] == file_sha256(start)
    assert metadata["start_weights"] is None
    assert [phase["name"] for phase in metadata["phases"]] == ["tune"]
    network = from_checkpoints(read_checkpoint(files[0], "backbone"))
    assert network.class_names == {"c": ("dark", "light")}
    write_checkpoint(start, theirs, {"another": "file of that name"})
    with pytest.raises(TrainingError, match="the state of another training run"):
        train_backbone(
            Source(Colours(), "c"), Colours(), Start(start), QUICK, files[0], tmp_path / "state", rows.append
        )
    with pytest.raises(TrainingError, match="the state of another training run"):
        train_backbone(
            Source(Colours(), "c"), Colours(), Start(), QUICK, files[0], tmp_path / "state", rows.append
        )


def test_each_preset_has_steps_for_each_start() -> None:
    starts = Start(), Start(file=Path("x")), Start(weights="IMAGENET1K_V2")
    assert [start.recipe for start in starts] == ["scratch", "fine-tune", "transfer"]
    assert PRESETS.keys() == {"cpu", "gpu", "smoke"}
    assert all(phases[start.recipe] for phases in PRESETS.values() for start in starts)


def _torchvision_name(key: str) -> str:
    return key.replace("stem.1.", "conv1.").replace("stem.2.", "bn1.").replace("classifiers.c.", "fc.")


@pytest.mark.parametrize(
    ("file", "classifier", "least"),
    [("resnet50-imagenette", "imagenette", 0.84), ("classifier-scenes", "scenes", 0.5)],
)
def test_shipped_cards(file: str, classifier: str, least: float) -> None:
    metadata = read_checkpoint(shipped_path(file)).metadata
    assert metadata["top1"][classifier] > least
    assert tuple(metadata["class_names"][classifier]) == shipped().class_names[classifier]
    assert metadata["validation_images"] >= 1000
