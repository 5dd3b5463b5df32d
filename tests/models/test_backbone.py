from pathlib import Path
from pickle import UnpicklingError
from urllib.error import URLError

import pytest
import torch
from torch import nn
from torchvision.models import ResNet50_Weights, resnet50

from coinfer.models.backbone import (
    CHANNELS,
    MEAN,
    SPLITS,
    STD,
    STRIDES,
    Backbone,
    Normalise,
    from_checkpoints,
    from_imagenet,
    from_torchvision,
    shipped,
    shipped_sha256,
    shipped_trunk,
)
from coinfer.models.checkpoints import (
    Checkpoint,
    CheckpointError,
    file_sha256,
    read_checkpoint,
    shipped_path,
    write_checkpoint,
)
from coinfer.models.scenes.scene import CLASSES


@pytest.fixture(scope="module")
def pixels() -> torch.Tensor:
    return torch.randint(
        0, 256, (2, 3, 96, 64), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
    )


@pytest.fixture(scope="module")
def backbone() -> Backbone:
    torch.manual_seed(0)
    return Backbone({"toy": ("a", "b")}).eval().requires_grad_(False)


@pytest.mark.parametrize("split", SPLITS)
def test_head_and_tail_are_the_whole(backbone: Backbone, pixels: torch.Tensor, split: str) -> None:
    features = backbone.head(split)(pixels)
    assert features.shape == (2, CHANNELS[split], 96 // STRIDES[split], 64 // STRIDES[split])
    pooled = backbone.tail(split)(features)
    assert pooled.shape == (2, 2048)
    assert torch.equal(backbone.classify(pooled, "toy"), backbone(pixels, "toy"))


def test_pixels_are_normalised() -> None:
    grey = (255 * torch.tensor(MEAN)).view(1, 3, 1, 1).expand(1, 3, 4, 4)
    torch.testing.assert_close(Normalise()(grey), torch.zeros(1, 3, 4, 4), atol=1e-6, rtol=0)
    white = Normalise()(torch.full((1, 3, 1, 1), 255, dtype=torch.uint8))
    expected = (1 - torch.tensor(MEAN)) / torch.tensor(STD)
    torch.testing.assert_close(white.flatten(), expected)


def test_parameter_names_are_torchvision_s_but_for_the_stem(backbone: Backbone) -> None:
    theirs = {name for name, _ in resnet50(num_classes=1).named_parameters()}
    ours = {name for name, _ in backbone.named_parameters()}
    layers = {name for name in theirs if name.startswith("layer")}
    stem = {"stem.1.weight", "stem.2.weight", "stem.2.bias"}
    assert ours == layers | stem | {"classifiers.toy.weight", "classifiers.toy.bias"}


def test_torchvision_s_weights_give_torchvision_s_answers(tmp_path: Path, pixels: torch.Tensor) -> None:
    torch.manual_seed(1)
    theirs = resnet50(num_classes=2).eval()
    write_checkpoint(tmp_path / "theirs.safetensors", theirs.state_dict(), {}, half=False)
    ours = from_torchvision(tmp_path / "theirs.safetensors", {"toy": ("a", "b")}).eval()
    with torch.inference_mode():
        torch.testing.assert_close(ours(pixels, "toy"), theirs(Normalise()(pixels)), rtol=1e-4, atol=1e-4)


def test_imagenet_weights_come_without_their_classifier(
    monkeypatch: pytest.MonkeyPatch, pixels: torch.Tensor
) -> None:
    torch.manual_seed(1)
    theirs, asked = resnet50(num_classes=7).eval(), []

    def load(weights: ResNet50_Weights, **options: bool) -> dict[str, torch.Tensor]:
        asked.append((weights, options))
        return theirs.state_dict()

    monkeypatch.setattr(ResNet50_Weights, "get_state_dict", load)
    ours = from_imagenet("IMAGENET1K_V2", {"pets": ("cat", "dog")}).eval()
    assert asked == [(ResNet50_Weights.IMAGENET1K_V2, {"check_hash": True, "weights_only": True})]
    assert ours(pixels, "pets").shape == (2, 2)
    theirs.fc = nn.Identity()
    with torch.inference_mode():
        pooled = ours.tail("layer4")(ours.head("layer4")(pixels))
        torch.testing.assert_close(pooled, theirs(Normalise()(pixels)), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "error",
    [
        URLError("Name or service not known"),
        RuntimeError('invalid hash value (expected "11ad3fa6")'),
        UnpicklingError("damaged"),
        PermissionError(13, "Permission denied"),
    ],
)
def test_imagenet_weights_that_cannot_be_loaded(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(weights: ResNet50_Weights, **options: bool) -> dict[str, torch.Tensor]:
        raise error

    monkeypatch.setattr(ResNet50_Weights, "get_state_dict", fail)
    with pytest.raises(CheckpointError) as caught:
        from_imagenet("IMAGENET1K_V2", {"toy": ("a", "b")})
    told = str(caught.value)
    assert told.startswith(f"--weights IMAGENET1K_V2: torchvision cannot load them ({type(error).__name__}: ")
    assert "put resnet50-11ad3fa6.pth into " in told
    assert "\n" not in told


def test_imagenet_weights_that_torchvision_does_not_know() -> None:
    with pytest.raises(CheckpointError) as caught:
        from_imagenet("IMAGENET22K", {"toy": ("a", "b")})
    assert str(caught.value) == (
        "--weights: expected one of IMAGENET1K_V1, IMAGENET1K_V2, DEFAULT, got 'IMAGENET22K'"
    )


def test_names_of_classifiers_may_hold_dots(pixels: torch.Tensor) -> None:
    network = Backbone({"pets.v2": ("cat", "dog")}).eval()
    assert network(pixels, "pets.v2").shape == (2, 2)


def test_further_classifiers(backbone: Backbone) -> None:
    network = Backbone({"toy": ("a", "b")})
    linear = nn.Linear(2048, 3)
    network.add_classifier("more.v2", ["x", "y", "z"], linear)
    assert network.class_names == {"toy": ("a", "b"), "more.v2": ("x", "y", "z")}
    pooled = torch.rand(1, 2048)
    assert torch.equal(network.classify(pooled, "more.v2"), linear(pooled))


def test_checkpoints_that_do_not_fit(backbone: Backbone) -> None:
    tensors = {key: value for key, value in backbone.state_dict().items() if key != "stem.1.weight"}
    lacking = Checkpoint(Path("x"), {"class_names": {"toy": ["a", "b"]}}, tensors)
    with pytest.raises(ValueError, match=r": missing tensors \['stem.1.weight'\], unexpected"):
        from_checkpoints(lacking)


def test_round_trip_through_a_checkpoint(backbone: Backbone, tmp_path: Path, pixels: torch.Tensor) -> None:
    path = tmp_path / "toy.safetensors"
    described = {"kind": "backbone", "class_names": {"toy": ["a", "b"]}}
    write_checkpoint(path, backbone.state_dict(), described, half=False)
    again = from_checkpoints(read_checkpoint(path, "backbone"))
    assert not again.training
    assert not any(parameter.requires_grad for parameter in again.parameters())
    with torch.inference_mode():
        torch.testing.assert_close(again(pixels, "toy"), backbone(pixels, "toy"), rtol=1e-4, atol=1e-4)


def test_shipped_backbone() -> None:
    backbone = shipped()
    assert backbone is shipped()
    assert {"imagenette", "scenes"} <= backbone.class_names.keys()
    assert backbone.class_names["scenes"] == CLASSES
    assert backbone.class_names["imagenette"][0] == "n01440764"
    assert list(shipped_trunk().class_names) == ["imagenette"]
    assert not backbone.training
    assert backbone.sha256 == shipped_sha256() == file_sha256(shipped_path("resnet50-imagenette"))
    assert Backbone({"toy": ("a", "b")}).sha256 == ""
