"""Training of the backbone, and of further classifiers on its frozen features."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from coinfer.models.backbone import Backbone, from_imagenet, from_torchvision
from coinfer.models.checkpoints import file_sha256, write_checkpoint
from coinfer.models.images import ImageSet
from coinfer.models.training import Job, Loss, Phase, Source, evaluate, mixed_precision, run_phase

PRESETS: dict[str, dict[str, tuple[Phase, ...]]] = {
    "cpu": {
        "scratch": (
            Phase("64px", 14, 64, 0.12),
            Phase("96px", 8, 96, 0.12),
            Phase("128px", 5, 128, 0.06),
            Phase("192px", 2, 192, 0.01),
        ),
        "fine-tune": (Phase("tune", 1, 192, 0.01),),
        "transfer": (Phase("tune", 2, 192, 0.01),),
    },
    "gpu": {
        "scratch": (
            Phase("128px", 60, 128, 0.3, 256),
            Phase("192px", 20, 192, 0.1, 256),
            Phase("224px", 10, 224, 0.02, 256),
        ),
        "fine-tune": (Phase("tune", 5, 224, 0.02, 256),),
        "transfer": (Phase("tune", 15, 224, 0.04, 256),),
    },
    "smoke": {recipe: (Phase("smoke", 0.5, 64, 1e-3),) for recipe in ("scratch", "fine-tune", "transfer")},
}
"""Steps of each preset: from random weights (`cpu` on Imagenette: about two hours on two cores), from a file
(10 minutes), and from torchvision's own weights, without their classifier (20 minutes).
"""


@dataclass(frozen=True)
class Start:
    """Where training begins: at random if neither is given.

    Args:
        file: a safetensors file with torchvision's tensor names, the classifier included.
        weights: a name of torchvision's `ResNet50_Weights`; their classifier is left out.
    """

    file: Path | None = None
    weights: str | None = None

    @property
    def recipe(self) -> str:
        """Which steps of a preset it needs."""
        return "fine-tune" if self.file else "transfer" if self.weights else "scratch"

    def network(self, class_names: Mapping[str, Sequence[str]]) -> Backbone:
        """The network before the first step, with one classifier."""
        if self.file:
            return from_torchvision(self.file, class_names)
        if self.weights:
            return from_imagenet(self.weights, class_names)
        return Backbone(class_names).to(memory_format=torch.channels_last)


def train_backbone(
    train: Source,
    validation: ImageSet,
    start: Start,
    phases: Sequence[Phase],
    out: Path,
    work_dir: Path,
    log: Callable[[Mapping[str, float | str | int]], None],
    seed: int = 0,
    device: str = "cpu",
) -> dict[str, object]:
    """Trains ResNet-50 by SGD with label smoothing 0.1, resuming where it stopped, and writes its checkpoint.

    Args:
        train: the training images, and the name that the classifier gets.
        validation: the images that give the top-1 written into the checkpoint.
        start: where training begins.
        phases: the steps; see `PRESETS`.
        out: the checkpoint to write.
        work_dir: where the state is kept for resuming.
        log: receives a row every few steps.
        seed: of the order of images, the augmentation and what is random at the start.
        device: `cpu` or `cuda`.

    Returns:
        The checkpoint's metadata.

    Raises:
        CheckpointError: the start cannot be loaded.
        TrainingError: `work_dir` holds the state of another training run.
    """
    torch.manual_seed(seed)
    names = {train.classifier: train.images.class_names}
    network = start.network(names).to(device)

    def loss(pixels: Tensor, labels: Tensor, name: str) -> Loss:
        answers = functional.cross_entropy(network(pixels, name).float(), labels, label_smoothing=0.1)
        return Loss(answers, answers)

    data = [names, train.images.fingerprint]
    begun = file_sha256(start.file) if start.file else start.weights
    identity = json.dumps([[asdict(phase) for phase in phases], begun, seed, data])
    job = Job(network, [train], loss, work_dir, identity, seed=seed, optimiser="sgd", device=device, log=log)
    for phase in phases:
        network.train()
        run_phase(job, phase)
    network.eval()
    metadata = _metadata("backbone", names, validation, network, phases, seed, device)
    metadata["start_sha256"] = begun if start.file else None
    metadata["start_weights"] = start.weights
    write_checkpoint(out, network.state_dict(), metadata)
    return metadata


def train_classifier(
    backbone: Backbone,
    train: ImageSet,
    validation: ImageSet,
    classifier: str,
    out: Path,
    epochs: int = 30,
    seed: int = 0,
) -> dict[str, object]:
    """Trains a linear classifier on the backbone's frozen pooled features by Adam, into a checkpoint."""
    torch.manual_seed(seed)
    network = Backbone({classifier: train.class_names})
    network.load_state_dict(
        {k: v for k, v in backbone.state_dict().items() if "classifiers" not in k}, strict=False
    )
    network.eval().requires_grad_(False)
    features, labels = _pooled(network, train), torch.from_numpy(train.labels)
    mean, spread = features.mean(0), features.std(0) + 1e-3
    features = (features - mean) / spread
    linear = nn.Linear(features.shape[1], len(train.class_names))
    optimiser = torch.optim.AdamW(linear.parameters(), lr=2e-3, weight_decay=0.3)
    steps = epochs * (len(features) // 256 + 1)
    rng = np.random.default_rng(seed)
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = 2e-3 * (1 - step / steps)
        chosen = torch.from_numpy(rng.integers(0, len(features), 256))
        optimiser.zero_grad()
        functional.cross_entropy(linear(features[chosen]), labels[chosen], label_smoothing=0.05).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    network.add_classifier(classifier, train.class_names, _unscaled(linear, mean, spread))
    phases = (Phase("linear", epochs, 224, 2e-3),)
    metadata = _metadata("classifier", {classifier: train.class_names}, validation, network, phases, seed)
    tensors = {key: value for key, value in network.state_dict().items() if key.startswith("classifiers.")}
    write_checkpoint(out, tensors, metadata)
    return metadata


def _unscaled(linear: nn.Linear, mean: Tensor, spread: Tensor) -> nn.Linear:
    """The classifier of features as they are, from one of features of mean 0 and variance 1."""
    plain = nn.Linear(linear.in_features, linear.out_features).requires_grad_(False)
    plain.weight.copy_(linear.weight / spread)
    plain.bias.copy_(linear.bias - plain.weight @ mean)
    return plain


@torch.inference_mode()
def _pooled(network: Backbone, images: ImageSet, batch: int = 64) -> Tensor:
    whole = nn.Sequential(network.head("layer4"), network.tail("layer4"))
    with mixed_precision("cpu"):
        parts = [
            whole(torch.from_numpy(images.load(range(start, min(start + batch, len(images)))))).float()
            for start in range(0, len(images), batch)
        ]
    return torch.cat(parts).clone()


def _metadata(
    kind: str,
    names: Mapping[str, Sequence[str]],
    validation: ImageSet,
    network: Backbone,
    phases: Sequence[Phase],
    seed: int,
    device: str = "cpu",
) -> dict[str, object]:
    (classifier,) = names
    right = evaluate(lambda pixels: network(pixels, classifier), validation, device=device)
    return {
        "kind": kind,
        "class_names": {name: list(classes) for name, classes in names.items()},
        "top1": {classifier: round(float(right.mean()), 4)},
        "validation_images": len(validation),
        "validation_fingerprint": validation.fingerprint,
        "phases": [asdict(phase) for phase in phases],
        "seed": seed,
    }
