"""ResNet-50 cut into a device part (head) and an edge part (tail)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from http.client import HTTPException
from pathlib import Path
from pickle import UnpicklingError

import torch
from torch import Tensor, nn
from torchvision.models import ResNet50_Weights, resnet50

from coinfer.models.checkpoints import (
    Checkpoint,
    CheckpointError,
    file_sha256,
    read_checkpoint,
    shipped_path,
)

SPLITS = ("stem", "layer1", "layer2", "layer3", "layer4")
"""Split points: the head ends with this stage."""

CHANNELS = {"stem": 64, "layer1": 256, "layer2": 512, "layer3": 1024, "layer4": 2048}
STRIDES = {"stem": 4, "layer1": 4, "layer2": 8, "layer3": 16, "layer4": 32}
MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)


class Normalise(nn.Module):
    """Maps pixels in 0..255 to ImageNet's zero mean and unit variance, channel by channel."""

    mean: Tensor
    std: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", 255 * torch.tensor(MEAN).view(3, 1, 1), persistent=False)
        self.register_buffer("std", 255 * torch.tensor(STD).view(3, 1, 1), persistent=False)

    def forward(self, pixels: Tensor) -> Tensor:
        """Normalises `[batch, 3, height, width]` pixels of any dtype to float32."""
        normal: Tensor = (pixels.float() - self.mean) / self.std
        return normal.contiguous(memory_format=torch.channels_last)


class Backbone(nn.Module):
    """ResNet-50 (He et al., 2016) as named stages, with one linear classifier for each set of classes.

    Args:
        class_names: for each classifier, the class names in the order of its outputs.
    """

    sha256: str = ""
    """SHA-256 of the checkpoint file that holds its stages, in hex; empty if they come from none."""

    def __init__(self, class_names: Mapping[str, Sequence[str]]) -> None:
        super().__init__()
        network = resnet50(num_classes=1)
        self.class_names = {name: tuple(classes) for name, classes in class_names.items()}
        self.stem = nn.Sequential(Normalise(), network.conv1, network.bn1, network.relu, network.maxpool)
        self.layer1, self.layer2 = network.layer1, network.layer2
        self.layer3, self.layer4 = network.layer3, network.layer4
        self.pool = nn.Sequential(network.avgpool, nn.Flatten())
        self.classifiers = nn.ModuleDict(
            {_key(name): nn.Linear(2048, len(classes)) for name, classes in self.class_names.items()}
        )

    def head(self, split: str) -> nn.Sequential:
        """Returns the device part: `[batch, 3, height, width]` pixels to the feature map after `split`."""
        return nn.Sequential(*(getattr(self, name) for name in SPLITS[: SPLITS.index(split) + 1]))

    def tail(self, split: str) -> nn.Sequential:
        """Returns the edge part: the feature map after `split` to `[batch, 2048]` pooled features."""
        stages = [getattr(self, name) for name in SPLITS[SPLITS.index(split) + 1 :]]
        return nn.Sequential(*stages, self.pool)

    def add_classifier(self, name: str, classes: Sequence[str], linear: nn.Linear) -> None:
        """Adds a classifier for further classes."""
        self.class_names[name] = tuple(classes)
        self.classifiers[_key(name)] = linear

    def add_classifier_of(self, checkpoint: Checkpoint, name: str) -> None:
        """Adds the one classifier of a checkpoint under a name.

        Raises:
            CheckpointError: it has none, or one that does not fit its classes.
        """
        own, classes = checkpoint.classifier
        prefix = f"classifiers.{_key(own)}."
        linear = nn.Linear(CHANNELS["layer4"], len(classes)).eval().requires_grad_(False)
        given = {k.removeprefix(prefix): v for k, v in checkpoint.tensors.items() if k.startswith(prefix)}
        try:
            linear.load_state_dict(given)
        except RuntimeError as error:
            raise CheckpointError(f"{checkpoint.path}: {' '.join(str(error).split())}") from error
        self.add_classifier(name, classes, linear)

    def classify(self, pooled: Tensor, classifier: str) -> Tensor:
        """`[batch, 2048]` pooled features to `[batch, classes]` logits."""
        logits: Tensor = self.classifiers[_key(classifier)](pooled)
        return logits

    def forward(self, pixels: Tensor, classifier: str) -> Tensor:
        """Classifies `[batch, 3, height, width]` pixels in 0..255 into `[batch, classes]` logits."""
        return self.classify(self.tail("layer4")(self.head("layer4")(pixels)), classifier)


def _key(classifier: str) -> str:
    """A module's name may hold no dot, but a file's name does: escaped as in an address."""
    return classifier.replace("%", "%25").replace(".", "%2E")


def from_checkpoints(backbone: Checkpoint, *classifiers: Checkpoint) -> Backbone:
    """Builds a backbone, in evaluation mode, from its checkpoint and those of further classifiers."""
    names: dict[str, Sequence[str]] = dict(backbone.metadata["class_names"])
    tensors = dict(backbone.tensors)
    for extra in classifiers:
        names.update(extra.metadata["class_names"])
        tensors.update(extra.tensors)
    network = Backbone(names)
    _load(network, tensors, backbone.path)
    network.sha256 = backbone.sha256
    return network.to(memory_format=torch.channels_last).eval().requires_grad_(False)


def from_torchvision(path: Path, class_names: Mapping[str, Sequence[str]]) -> Backbone:
    """Builds a backbone from a safetensors file with torchvision's ResNet-50 names and one classifier."""
    (name,) = class_names
    network = Backbone(class_names)
    tensors = {_rename(key, name): value for key, value in read_checkpoint(path).tensors.items()}
    _load(network, tensors, path)
    return network.to(memory_format=torch.channels_last)


def from_imagenet(weights: str, class_names: Mapping[str, Sequence[str]]) -> Backbone:
    """Builds a backbone from torchvision's own trained weights, its one classifier not yet trained.

    Args:
        weights: a name of torchvision's `ResNet50_Weights`; loaded over the network, or from torch's cache.
        class_names: the classifier and its classes.

    Raises:
        CheckpointError: there are no such weights, or they cannot be loaded.
    """
    (name,) = class_names
    network = Backbone(class_names)
    own = {key: value for key, value in network.state_dict().items() if key.startswith("classifiers.")}
    theirs = {key: value for key, value in _download(weights).items() if not key.startswith("fc.")}
    _load(network, own | {_rename(key, name): value for key, value in theirs.items()}, weights)
    return network.to(memory_format=torch.channels_last)


def _download(weights: str) -> dict[str, Tensor]:
    if weights not in ResNet50_Weights.__members__:
        known = ", ".join(ResNet50_Weights.__members__)
        raise CheckpointError(f"--weights: expected one of {known}, got '{weights}'")
    chosen = ResNet50_Weights[weights]
    try:
        tensors: dict[str, Tensor] = chosen.get_state_dict(check_hash=True, weights_only=True)
    except (OSError, EOFError, RuntimeError, HTTPException, UnpicklingError) as error:
        raise CheckpointError(
            f"--weights {weights}: torchvision cannot load them ({type(error).__name__}: {error}); "
            f"go online, or put {Path(chosen.url).name} into {torch.hub.get_dir()}/checkpoints"
        ) from error
    return tensors


def _load(network: Backbone, tensors: Mapping[str, Tensor], origin: Path | str) -> None:
    try:
        missing, unexpected = network.load_state_dict(tensors, strict=False)
    except RuntimeError as error:
        raise CheckpointError(f"{origin}: {' '.join(str(error).split())}") from error
    missing = [key for key in missing if not key.endswith("num_batches_tracked")]
    if missing or unexpected:
        raise CheckpointError(f"{origin}: missing tensors {missing[:3]}, unexpected tensors {unexpected[:3]}")


def _rename(key: str, classifier: str) -> str:
    for old, new in (("conv1.", "stem.1."), ("bn1.", "stem.2."), ("fc.", f"classifiers.{_key(classifier)}.")):
        if key.startswith(old):
            return new + key[len(old) :]
    return key


SHIPPED = "resnet50-imagenette"
"""Name of the backbone that comes with coinfer."""


@lru_cache(maxsize=1)
@torch.inference_mode(False)
def shipped() -> Backbone:
    """Loads the backbone that comes with coinfer, with its classifiers `imagenette` and `scenes`.

    Outside inference mode, whoever asks first: networks built of its parts could not be loaded later.
    """
    return from_checkpoints(
        read_checkpoint(shipped_path(SHIPPED), "backbone"),
        read_checkpoint(shipped_path("classifier-scenes"), "classifier"),
    )


def shipped_trunk() -> Backbone:
    """Loads the backbone that comes with coinfer, without further classifiers."""
    return from_checkpoints(read_checkpoint(shipped_path(SHIPPED), "backbone"))


@lru_cache(maxsize=1)
def shipped_sha256() -> str:
    """SHA-256 of the file of the backbone that comes with coinfer, in hex."""
    return file_sha256(shipped_path(SHIPPED))
