from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from coinfer.codecs.network import IMAGE_SHAPE, backbone_for, classify, network_flops, network_sha256
from coinfer.codecs.protocol import SettingsError
from coinfer.codecs.raw import Raw
from coinfer.codecs.threads import one_thread
from coinfer.models.checkpoints import file_sha256, read_checkpoint, shipped_path, write_checkpoint


@pytest.fixture
def two_classes(tmp_path: Path) -> Path:
    """A classifier that always prefers its second class."""
    path = tmp_path / "dots.v1.safetensors"
    tensors = {
        "classifiers.dots.weight": torch.zeros(2, 2048),
        "classifiers.dots.bias": torch.tensor([0.0, 1.0]),
    }
    write_checkpoint(path, tensors, {"kind": "classifier", "class_names": {"dots": ["round", "square"]}})
    return path


def test_scores_are_the_backbone_s_logits(frames: NDArray[np.uint8]) -> None:
    scores = classify(frames[:1], "imagenette")
    assert scores.shape == (1, 10)
    with one_thread():
        expected = backbone_for("imagenette")(torch.from_numpy(frames[:1]), "imagenette")
    np.testing.assert_array_equal(scores, expected.numpy())


def test_classifier_from_a_file(two_classes: Path, frames: NDArray[np.uint8]) -> None:
    codec = Raw(classifier=str(two_classes))
    np.testing.assert_array_equal(codec.decode(codec.encode(frames[:1])), [[0.0, 1.0]])
    assert backbone_for(str(two_classes)).class_names[str(two_classes)] == ("round", "square")


@pytest.mark.parametrize("content", [b"", b"not safetensors at all"])
def test_classifier_file_that_is_damaged(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.safetensors"
    path.write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        backbone_for(str(path))
    assert str(caught.value).startswith(f"{path}: not a readable checkpoint (")
    assert "\n" not in str(caught.value)


def test_classifier_file_of_another_kind() -> None:
    path = shipped_path("aecnn-layer2")
    with pytest.raises(SettingsError) as caught:
        backbone_for(str(path))
    assert (
        str(caught.value) == f"{path}: expected a checkpoint of kind 'classifier' or 'backbone', got 'aecnn'"
    )


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"class_names": {}}, "expected the classes of one classifier; train it again"),
        (
            {"class_names": {"dots": ["a"], "more": ["b"]}},
            "expected the classes of one classifier; train it again",
        ),
        ({"class_names": {"dots": ["a", "b", "c"]}}, "size mismatch for weight"),
        ({"class_names": {"other": ["a", "b"]}}, "Missing key(s) in state_dict"),
    ],
)
def test_classifier_file_whose_classes_are_others(
    two_classes: Path, changes: dict[str, object], told: str
) -> None:
    write_checkpoint(two_classes, read_checkpoint(two_classes).tensors, {"kind": "classifier", **changes})
    with pytest.raises(SettingsError) as caught:
        backbone_for(str(two_classes))
    assert str(caught.value).startswith(f"{two_classes}: ")
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_work_of_the_whole_network() -> None:
    assert network_flops() / 2 == pytest.approx(4.09e9, rel=0.01)
    assert IMAGE_SHAPE == (3, 224, 224)


def test_identity_of_the_weights() -> None:
    parts = [file_sha256(shipped_path(name)) for name in ("resnet50-imagenette", "classifier-scenes")]
    assert network_sha256("scenes") == network_sha256("imagenette") == "".join(parts)


def test_shipped_weights_are_small_enough_to_carry() -> None:
    """What the default run needs below 80 MB; all of it, with the measurements, below 120."""
    default = ("resnet50-imagenette", "classifier-scenes", "aecnn-layer2")
    assert sum(shipped_path(name).stat().st_size for name in default) < 80e6
    folders = shipped_path("resnet50-imagenette").parent, Path(str(files("coinfer.measurements")))
    assert sum(path.stat().st_size for folder in folders for path in folder.iterdir()) < 120e6
