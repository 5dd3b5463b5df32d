"""The uncompressed network, as every codec that sends pixels runs it."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from coinfer.codecs.protocol import SettingsError
from coinfer.models.backbone import Backbone, shipped
from coinfer.models.checkpoints import CheckpointError, file_sha256, read_checkpoint, shipped_path
from coinfer.models.flops import count_flops
from coinfer.models.images import SIZE_PX

IMAGE_SHAPE = (3, SIZE_PX, SIZE_PX)


def backbone_for(classifier: str) -> Backbone:
    """Loads the backbone and checks that it has this classifier.

    Args:
        classifier: name of a classifier that comes with coinfer, or a file of `coinfer train classifier`.

    Raises:
        SettingsError: there is no such classifier.
    """
    backbone = shipped()
    if classifier.endswith(".safetensors") and classifier not in backbone.class_names:
        _add_classifier(backbone, classifier)
    if classifier not in backbone.class_names:
        own = ", ".join(name for name in backbone.class_names if not name.endswith(".safetensors"))
        raise SettingsError(f"no classifier '{classifier}' in the backbone, it has: {own}")
    return backbone


def _add_classifier(backbone: Backbone, file: str) -> None:
    try:
        checkpoint = read_checkpoint(Path(file), "classifier")
    except CheckpointError as error:
        raise SettingsError(str(error)) from error
    ((name, classes),) = checkpoint.metadata["class_names"].items()
    linear = torch.nn.Linear(2048, len(classes)).eval().requires_grad_(False)
    linear.load_state_dict(
        {part: checkpoint.tensors[f"classifiers.{name}.{part}"] for part in ("weight", "bias")}
    )
    backbone.add_classifier(file, classes, linear)


@torch.inference_mode()
def classify(images: NDArray[np.uint8], classifier: str) -> NDArray[np.float32]:
    """Runs the whole network: `[batch, 3, 224, 224]` pixels to `[batch, classes]` scores."""
    logits: NDArray[np.float32] = backbone_for(classifier)(torch.from_numpy(images), classifier).numpy()
    return logits


@lru_cache
def network_flops() -> float:
    """Operations of the whole network for one image."""
    backbone = shipped()
    return count_flops(
        torch.nn.Sequential(backbone.head("layer4"), backbone.tail("layer4")), (1, *IMAGE_SHAPE)
    )


@lru_cache
def network_sha256() -> str:
    """Identifies the weights of the backbone and its classifiers."""
    return file_sha256(shipped_path("resnet50-imagenette")) + file_sha256(shipped_path("classifier-scenes"))
