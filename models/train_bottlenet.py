"""Training of BottleNet++, end to end through the codec, its channel and the network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from coinfer.models.backbone import Backbone
from coinfer.models.bottlenet import LEVELS, Decoder, Disturbance, Encoder, disturb, sent_channels
from coinfer.models.checkpoints import write_checkpoint
from coinfer.models.images import SIZE_PX
from coinfer.models.parts import stage_behind
from coinfer.models.teaching import (
    Answer,
    Features,
    Student,
    Teacher,
    count_symbols,
    distance,
    identity_of,
    top1,
    train_end_to_end,
)
from coinfer.models.training import Phase, Source


@dataclass(frozen=True)
class Settings:
    """What kind of BottleNet++.

    Args:
        split: stage after which the network is cut.
        ratio: float32 feature bytes over 8-bit payload bytes, before entropy coding.
        disturbance: what the channel between encoder and decoder does in training.
        strength: how much of it; see `coinfer.models.bottlenet.disturb`.
        seed: of the initial weights, the order of images, the augmentation and the channel.
    """

    split: str = "layer2"
    ratio: int = 256
    disturbance: Disturbance = "none"
    strength: float = 0.0
    seed: int = 0


class BottlenetStudent(Student):
    """Encoder and decoder with the channel between them."""

    encoder: Encoder
    decoder: Decoder

    def __init__(self, backbone: Backbone, settings: Settings) -> None:
        super().__init__()
        sent = sent_channels(settings.split, settings.ratio)
        self.encoder = Encoder(backbone, settings.split, sent)
        self.decoder = Decoder(backbone, settings.split, sent)
        self._settings = settings
        self._tails = backbone.tail(settings.split), backbone.tail(stage_behind(settings.split))

    def answer(self, phase: str) -> Answer:
        """In phase `a` what is restored is compared at the split, from `b` on behind the tuned stage."""
        tail, rest = self._tails

        def restored(shared: Tensor, wanted: Features) -> tuple[Tensor, Tensor]:
            features = self.decoder.restored(self._received(shared))
            return tail(features), 0.5 * distance(features, wanted.at_split)

        def tuned(shared: Tensor, wanted: Features) -> tuple[Tensor, Tensor]:
            features = self.decoder(self._received(shared))
            return rest(features), 0.5 * distance(features, wanted.behind)

        return restored if phase[0] == "a" else tuned

    def _received(self, shared: Tensor) -> Tensor:
        values = self.encoder.values(shared)
        symbols = values + (values.round() - values).detach()
        return disturb(symbols, self._settings.disturbance, self._settings.strength)


def train_bottlenet(
    backbone: Backbone,
    train: Sequence[Source],
    validation: Sequence[Source],
    settings: Settings,
    phases: Sequence[Phase],
    out: Path,
    work_dir: Path,
    log: Callable[[Mapping[str, float | str | int]], None],
    device: str = "cpu",
) -> dict[str, object]:
    """Trains BottleNet++, resuming where it stopped, and writes its checkpoint.

    Args:
        backbone: the network to split; it stays as it is.
        train: image sets to train on, each with the classifier for its labels.
        validation: image sets that give the top-1 written into the checkpoint.
        settings: what kind of BottleNet++.
        phases: see `coinfer.models.teaching.PRESETS`.
        out: the checkpoint to write.
        work_dir: where the state is kept for resuming.
        log: receives a row every few steps.
        device: `cpu` or `cuda`.

    Returns:
        The checkpoint's metadata.
    """
    torch.manual_seed(settings.seed)
    student = BottlenetStudent(backbone.to(device), settings)
    identity = identity_of(settings, phases, backbone, train)
    teacher = Teacher(backbone, settings.split, train)
    train_end_to_end(
        student, teacher, train, phases, work_dir, identity, log, seed=settings.seed, device=device
    )
    counts = count_symbols(student.encoder, train, device, range(LEVELS))
    tail = backbone.tail(stage_behind(settings.split))
    whole = nn.Sequential(backbone.head(settings.split), backbone.tail(settings.split))
    metadata: dict[str, object] = {
        "kind": "bottlenet",
        **asdict(settings),
        "backbone_sha256": backbone.sha256,
        "sent": counts.shape[0],
        "size_px": SIZE_PX,
        "top1": top1(backbone, nn.Sequential(student.encoder, student.decoder, tail), validation, device),
        "top1_uncompressed": top1(backbone, whole, validation, device),
        "validation_images": {source.classifier: len(source.images) for source in validation},
        "phases": [asdict(phase) for phase in phases],
    }
    write_checkpoint(out, {**student.own_tensors(), "counts": torch.from_numpy(counts)}, metadata)
    return metadata
