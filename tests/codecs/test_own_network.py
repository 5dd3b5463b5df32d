"""A network of the user's own under every codec, in place of the one that comes with coinfer."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from coinfer.codecs.aecnn import Aecnn
from coinfer.codecs.local import Local
from coinfer.codecs.network import backbone_for, backbone_sha256, classify, network_flops, network_sha256
from coinfer.codecs.protocol import BitstreamError, SettingsError
from coinfer.codecs.raw import Raw
from coinfer.codecs.split import SplitFloat32
from coinfer.models.backbone import from_checkpoints, shipped_sha256
from coinfer.models.checkpoints import file_sha256, read_checkpoint, shipped_path

Untrained = Callable[..., Path]


@pytest.fixture(scope="module")
def scores(own_backbone: Path, frames: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What the user's network says of `frames`."""
    network = from_checkpoints(read_checkpoint(own_backbone, "backbone"))
    with torch.inference_mode():
        found: NDArray[np.float32] = network(torch.from_numpy(frames), "pets").numpy()
    return found


def test_it_is_loaded_once_and_leaves_the_shipped_one_alone(own_backbone: Path) -> None:
    assert backbone_for(str(own_backbone)) is backbone_for(str(own_backbone))
    assert backbone_for(str(own_backbone)).class_names[str(own_backbone)] == ("cat", "dog")
    assert str(own_backbone) not in backbone_for("scenes").class_names


def test_it_answers_and_not_the_shipped_one(
    own_backbone: Path, scores: NDArray[np.float32], frames: NDArray[np.uint8]
) -> None:
    raw, local = Raw(str(own_backbone)), Local(str(own_backbone))
    np.testing.assert_allclose(raw.decode(raw.encode(frames)), scores, rtol=1e-4, atol=1e-4)
    assert local.decode(local.encode(frames)).argmax(axis=1).tolist() == scores.argmax(axis=1).tolist()
    assert classify(frames[:1], "scenes").shape == (1, 10)


def test_both_halves_of_it_are_its_own(
    own_backbone: Path, scores: NDArray[np.float32], frames: NDArray[np.uint8]
) -> None:
    codec = SplitFloat32(str(own_backbone))
    messages = codec.encode(frames)
    np.testing.assert_allclose(codec.decode(messages), scores, rtol=1e-4, atol=1e-4)
    with pytest.raises(BitstreamError, match=r"^message made with checkpoint [0-9a-f]{4}, this decoder has"):
        SplitFloat32("scenes").decode(messages[:1])


def test_its_identity_is_its_file_and_its_work_that_of_every_resnet50(own_backbone: Path) -> None:
    assert network_sha256(str(own_backbone)) == file_sha256(own_backbone)
    assert backbone_sha256(str(own_backbone)) == file_sha256(own_backbone)
    assert network_flops(str(own_backbone)) == network_flops("scenes")


def test_a_classifier_s_file_stays_with_the_shipped_network() -> None:
    path = str(shipped_path("classifier-scenes"))
    assert backbone_sha256(path) == backbone_sha256("scenes") == shipped_sha256()
    assert network_sha256(path) == network_sha256("scenes")


def test_the_shipped_network_by_its_file_is_the_shipped_network() -> None:
    path = str(shipped_path("resnet50-imagenette"))
    assert network_sha256(path) == network_sha256("imagenette")


def test_a_codec_trained_for_it_runs_on_it(
    own_backbone: Path, untrained: Untrained, frames: NDArray[np.uint8]
) -> None:
    own, common = untrained(backbone_sha256=file_sha256(own_backbone)), untrained()
    codec, other = Aecnn(str(own_backbone), checkpoint=str(own)), Aecnn(checkpoint=str(common))
    (message,), (without,) = codec.encode(frames[:1]), other.encode(frames[:1])
    assert message[2:4] != without[2:4]
    assert (codec.symbols(message) != other.symbols(without)).any(), "the head is not that of the own network"
    assert codec.decode([message]).shape == (1, 2)
    with pytest.raises(BitstreamError, match=r"^message made with checkpoint"):
        other.decode([message])


def test_a_codec_trained_for_another_network_is_refused(own_backbone: Path, untrained: Untrained) -> None:
    own, common = untrained(backbone_sha256=file_sha256(own_backbone)), untrained()
    with pytest.raises(SettingsError) as caught:
        Aecnn("imagenette", checkpoint=str(own))
    assert str(caught.value) == (
        f"{own}: made for another backbone than the one that comes with coinfer; "
        "give that backbone's file as images.classifier"
    )
    with pytest.raises(SettingsError) as caught:
        Aecnn(str(own_backbone), checkpoint=str(common))
    assert str(caught.value) == (
        f"{common}: made for another backbone than {own_backbone}; train one with "
        f"'coinfer train aecnn --backbone {own_backbone}'"
    )


def test_checkpoints_say_for_which_network_they_are(untrained: Untrained) -> None:
    """Those made before said nothing, and are for the one that comes with coinfer."""
    assert Aecnn(checkpoint=str(untrained(backbone_sha256=shipped_sha256()))).split == "layer2"
    assert Aecnn(checkpoint=str(untrained())).split == "layer2"
