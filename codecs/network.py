"""The uncompressed network, as every codec that sends pixels runs it."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from coinfer.codecs.protocol import SettingsError
from coinfer.codecs.threads import one_by_one
from coinfer.models.backbone import Backbone, from_checkpoints, shipped, shipped_sha256
from coinfer.models.checkpoints import CheckpointError, file_sha256, read_checkpoint, shipped_path
from coinfer.models.flops import count_flops
from coinfer.models.images import SIZE_PX

IMAGE_SHAPE = (3, SIZE_PX, SIZE_PX)

FILE_SUFFIX = ".safetensors"
"""Tells a classifier's file from its name."""


def backbone_for(classifier: str) -> Backbone:
    """Loads the network that decides between some classes.

    Args:
        classifier: name of a classifier that comes with coinfer; or a file of `coinfer train classifier`,
            which goes on top of the backbone that comes with coinfer; or one of `coinfer train backbone`, a
            network of its own. A file's name is then the classifier's name in the backbone.

    Raises:
        SettingsError: there is no such classifier.
    """
    if classifier.endswith(FILE_SUFFIX):
        return _from_file(classifier)
    backbone = shipped()
    if classifier not in backbone.class_names:
        own = ", ".join(name for name in backbone.class_names if not name.endswith(FILE_SUFFIX))
        raise SettingsError(f"no classifier '{classifier}' in the backbone, it has: {own}")
    return backbone


@lru_cache(maxsize=4)
def _from_file(file: str) -> Backbone:
    try:
        checkpoint = read_checkpoint(Path(file), "classifier", "backbone")
        own = checkpoint.metadata["kind"] == "backbone"
        backbone = from_checkpoints(checkpoint) if own else shipped()
        backbone.add_classifier_of(checkpoint, file)
    except CheckpointError as error:
        raise SettingsError(str(error)) from error
    return backbone


def classify(images: NDArray[np.uint8], classifier: str) -> NDArray[np.float32]:
    """Runs the whole network: `[batch, 3, 224, 224]` pixels to `[batch, classes]` scores."""
    backbone = backbone_for(classifier)
    return one_by_one(lambda pixels: backbone(pixels, classifier), torch.from_numpy(images)).numpy()


def classify_features(
    decoder: Callable[..., Tensor], stage: str, classifier: str, *messages: Tensor
) -> NDArray[np.float32]:
    """Decodes messages and runs the rest of the network.

    Args:
        decoder: from what stands in one message to the features after `stage`.
        stage: stem or layer1..layer4.
        classifier: the classes to decide between.
        messages: each `[batch, ...]`.

    Returns:
        `[batch, classes]` scores.
    """
    backbone = backbone_for(classifier)
    tail = backbone.tail(stage)
    return one_by_one(
        lambda *message: backbone.classify(tail(decoder(*message)), classifier), *messages
    ).numpy()


@lru_cache
def network_flops(classifier: str = "scenes") -> float:
    """Operations of the whole network for one image."""
    backbone = backbone_for(classifier)
    return count_flops(
        torch.nn.Sequential(backbone.head("layer4"), backbone.tail("layer4")), (1, *IMAGE_SHAPE)
    )


def network_size(network: torch.nn.Module) -> tuple[int, int]:
    """Parameters of a network, and its bytes as checkpoints store it: float16, with statistics."""
    stored = [tensor for key, tensor in network.state_dict().items() if "num_batches_tracked" not in key]
    lengths = [tensor.numel() * (2 if tensor.is_floating_point() else tensor.itemsize) for tensor in stored]
    return sum(parameter.numel() for parameter in network.parameters()), sum(lengths)


def backbone_sha256(classifier: str) -> str:
    """SHA-256 of the file of the backbone that `backbone_for` gives, in hex."""
    return _from_file(classifier).sha256 if classifier.endswith(FILE_SUFFIX) else shipped_sha256()


def network_sha256(classifier: str) -> str:
    """Identifies the weights of what `backbone_for` gives, and of the classifiers that come with it."""
    backbone = backbone_sha256(classifier)
    return backbone + _scenes_sha256() if backbone == shipped_sha256() else backbone


@lru_cache(maxsize=1)
def _scenes_sha256() -> str:
    return file_sha256(shipped_path("classifier-scenes"))
