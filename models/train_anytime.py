"""Training of the anytime codec: every image's stream cut at a random place, and a price on each byte."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from coinfer.models.anytime import LARGEST, SYMBOL_CHANNELS, Decoder, Encoder, Rate, first_symbols, grid_side
from coinfer.models.backbone import Backbone
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

SHORTEST_CUT = 0.05
"""Share of an image's bits that the shortest cut in training leaves; lengths are even in the logarithm."""

WHOLE_SHARE = 0.3
"""Share of the images whose stream is not cut in training."""


@dataclass(frozen=True)
class Settings:
    """What kind of anytime codec.

    Args:
        split: stage after which the network is cut.
        rate_weight: what a thousand bytes cost in the loss.
        cut_bytes: trains for this one rate alone, every stream cut there; None trains for all rates.
        seed: of the initial weights, the order of images, the augmentation and the cuts.
    """

    split: str = "layer2"
    rate_weight: float = 0.2
    cut_bytes: int | None = None
    seed: int = 0


class AnytimeStudent(Student):
    """Encoder, decoder and the tables that price the symbols."""

    encoder: Encoder
    decoder: Decoder

    def __init__(self, backbone: Backbone, settings: Settings) -> None:
        super().__init__()
        self.encoder, self.decoder = Encoder(backbone, settings.split), Decoder(backbone, settings.split)
        self.rate = Rate()
        self._settings = settings
        self._tails = backbone.tail(settings.split), backbone.tail(stage_behind(settings.split))

    def extra(self) -> list[nn.Module | nn.Parameter]:
        """The tables, and the values in place of what did not arrive."""
        return [self.rate, self.decoder.missing]

    def answer(self, phase: str) -> Answer:
        """In phase `a` what is restored is compared at the split, from `b` on behind the tuned stage."""
        tail, rest = self._tails

        def restored(shared: Tensor, wanted: Features) -> tuple[Tensor, Tensor]:
            symbols, arrived, price = self._sent(shared)
            features = self.decoder.restored(symbols, arrived)
            return tail(features), price + 0.5 * distance(features, wanted.at_split)

        def tuned(shared: Tensor, wanted: Features) -> tuple[Tensor, Tensor]:
            symbols, arrived, price = self._sent(shared)
            features = self.decoder(symbols, arrived)
            return rest(features), price + 0.5 * distance(features, wanted.behind)

        return restored if phase[0] == "a" else tuned

    def _sent(self, shared: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Symbols (straight-through gradient), whether each arrived, and the price of those that did."""
        values = self.encoder.values(shared)
        symbols = values + (values.round() - values).detach()
        bits = self.rate(values)
        batch, channels, side, _ = values.shape
        full_size = (grid_side(self._settings.split, SIZE_PX) / side) ** 2
        total = bits.detach().reshape(batch, -1).cumsum(1)
        count = torch.searchsorted(total, self._limit(total[:, -1:], full_size))[:, 0]
        arrived = first_symbols(count, channels, side)
        kilobytes = (bits * arrived).sum() / batch * full_size / 8000
        return symbols, arrived, self._settings.rate_weight * kilobytes

    def _limit(self, bits: Tensor, full_size: float) -> Tensor:
        """Bits that arrive of each image's `[batch, 1]` bits."""
        if self._settings.cut_bytes is not None:
            return torch.full_like(bits, 8 * self._settings.cut_bytes / full_size)
        share = SHORTEST_CUT ** torch.rand_like(bits)
        return torch.where(
            torch.rand_like(bits) < WHOLE_SHARE, torch.full_like(bits, torch.inf), share * bits
        )


def train_anytime(
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
    """Trains the anytime codec, resuming where it stopped, and writes its checkpoint.

    Args:
        backbone: the network to split; it stays as it is.
        train: image sets to train on, each with the classifier for its labels.
        validation: image sets that give the top-1 written into the checkpoint.
        settings: what kind of codec.
        phases: see `coinfer.models.teaching.PRESETS`.
        out: the checkpoint to write.
        work_dir: where the state is kept for resuming.
        log: receives a row every few steps.
        device: `cpu` or `cuda`.

    Returns:
        The checkpoint's metadata.
    """
    torch.manual_seed(settings.seed)
    student = AnytimeStudent(backbone.to(device), settings)
    identity = identity_of(settings, phases, backbone, train)
    teacher = Teacher(backbone, settings.split, train)
    train_end_to_end(
        student, teacher, train, phases, work_dir, identity, log, seed=settings.seed, device=device
    )
    counts = count_symbols(student.encoder, train, device, range(-LARGEST, LARGEST + 1))
    whole = nn.Sequential(backbone.head(settings.split), backbone.tail(settings.split))
    metadata: dict[str, object] = {
        "kind": "anytime",
        **asdict(settings),
        "backbone_sha256": backbone.sha256,
        "channels": SYMBOL_CHANNELS,
        "size_px": SIZE_PX,
        "top1": top1(backbone, _Whole(backbone, student, settings.split), validation, device),
        "top1_uncompressed": top1(backbone, whole, validation, device),
        "validation_images": {source.classifier: len(source.images) for source in validation},
        "phases": [asdict(phase) for phase in phases],
    }
    write_checkpoint(out, {**student.own_tensors(), "counts": torch.from_numpy(counts)}, metadata)
    return metadata


class _Whole(nn.Module):
    """Pixels to pooled features through the whole stream."""

    def __init__(self, backbone: Backbone, student: AnytimeStudent, split: str) -> None:
        super().__init__()
        self._student, self._tail = student, backbone.tail(stage_behind(split))

    def forward(self, pixels: Tensor) -> Tensor:
        symbols = self._student.encoder(pixels)
        pooled: Tensor = self._tail(
            self._student.decoder(symbols, torch.ones_like(symbols, dtype=torch.bool))
        )
        return pooled
