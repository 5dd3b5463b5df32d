"""Step-by-step training of AECNN: attention, pruning, decoder, joint, and the tail's first stage."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn

from coinfer.models.aecnn import LEVELS, Decoder, Encoder, kept_channels
from coinfer.models.backbone import CHANNELS, Backbone
from coinfer.models.checkpoints import write_checkpoint
from coinfer.models.images import SIZE_PX
from coinfer.models.parts import stage_behind
from coinfer.models.teaching import (
    Answer,
    Features,
    Teacher,
    count_symbols,
    distance,
    identity_of,
    some_pixels,
    top1,
)
from coinfer.models.training import Job, Phase, Source, run_phase

PHASES = {
    "cpu": (
        Phase("a-attention", 0.15, 128, 2e-3),
        Phase("b-prune", 0.5, 128, 1e-3),
        Phase("c-decoder", 0.4, 128, 4e-3),
        Phase("d-joint", 1.0, 128, 1e-3),
        Phase("e-tail", 2.0, 128, 8e-4),
        Phase("e-tail-160", 2.6, 160, 6e-4),
        Phase("e-tail-224", 0.6, 224, 2e-4),
        Phase("e-tail-224-again", 1.2, 224, 3e-4),
    ),
    "short": (
        Phase("a-attention", 0.15, 128, 2e-3),
        Phase("b-prune", 0.4, 128, 1e-3),
        Phase("c-decoder", 0.3, 128, 4e-3),
        Phase("d-joint", 0.6, 128, 1e-3),
        Phase("e-tail", 0.8, 128, 8e-4),
        Phase("e-tail-192", 0.5, 192, 4e-4),
    ),
    "gpu": (
        Phase("a-attention", 1.0, 224, 2e-3, 256),
        Phase("b-prune", 3.0, 224, 1e-3, 256),
        Phase("c-decoder", 3.0, 224, 4e-3, 256),
        Phase("d-joint", 6.0, 224, 1e-3, 256),
        Phase("e-tail", 14.0, 224, 8e-4, 256),
    ),
    "smoke": tuple(
        Phase(name, 0.5, 64, 1e-3) for name in ("a-attention", "b-prune", "c-decoder", "d-joint", "e-tail")
    ),
}
"""Presets: on two idle cores `cpu` takes an hour and a half at layer2, `short` a quarter of an hour; `smoke`
shows in a minute that it runs.
"""


Ranking = Literal["attention", "l1", "random"]

LAST_RATE_SHARE = 0.2
"""Share of the rate weight that is left in step e, where the answers count more."""


@dataclass(frozen=True)
class Settings:
    """What kind of AECNN.

    Args:
        split: stage after which the network is cut.
        ratio: float32 feature bytes over 8-bit payload bytes, before entropy coding.
        rate_weight: weight of the rate term; ours, the paper's loss is not known.
        seed: of the initial weights, the order of images and the augmentation.
        ranking: what picks the channels to keep: mean `attention`; for ablations mean magnitude (`l1`) or
            chance (`random`), both without a step for attention. Nothing is learned yet when all begins at
            once: then it is magnitude.
        decoder_step: train the decoder alone in a step of its own; off for ablation.
        step_by_step: off for ablation: all at once from the beginning, for as many images.
    """

    split: str = "layer2"
    ratio: int = 256
    rate_weight: float = 0.05
    seed: int = 0
    ranking: Ranking = "attention"
    decoder_step: bool = True
    step_by_step: bool = True

    def phases(self, preset: Sequence[Phase]) -> tuple[Phase, ...]:
        """The steps of a preset that remain; whatever goes, its images go to the joint step."""
        gone = "abc" if not self.step_by_step else ("" if self.ranking == "attention" else "a")
        gone += "" if self.decoder_step else "c"
        spare = sum(phase.epochs for phase in preset if phase.name[0] in gone)
        return tuple(
            replace(phase, epochs=phase.epochs + spare) if phase.name[0] == "d" else phase
            for phase in preset
            if phase.name[0] not in gone
        )


class AecnnStudent(nn.Module):
    """Encoder and decoder between the head and the tail of a frozen backbone."""

    def __init__(self, backbone: Backbone, settings: Settings) -> None:
        super().__init__()
        kept = kept_channels(settings.split, settings.ratio)
        self.encoder = Encoder(backbone, settings.split, kept)
        self.decoder = Decoder(backbone, settings.split, kept)
        self.decoder.quantiser = self.encoder.quantiser

    def trained(self, phase: str) -> list[nn.Module]:
        """The parts that change in a phase."""
        encoder: list[nn.Module] = [self.encoder.last, self.encoder.attention]
        parts: dict[str, list[nn.Module]] = {
            "a": [self.encoder.attention],
            "b": encoder,
            "c": [self.decoder.restore, self.decoder.quantiser],
            "d": [*encoder, self.decoder.restore, self.decoder.quantiser],
            "e": [*encoder, self.decoder],
        }
        return parts[phase[0]]


def train_aecnn(
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
    """Trains AECNN step by step, resuming where it stopped, and writes its checkpoint.

    Args:
        backbone: the network to split; it stays as it is.
        train: image sets to train on, each with the classifier for its labels. A `teacher_only` set is for
            distillation alone: where only the backbone's classifier saw the labels, the student must not see
            more of them than the network that it is compared with.
        validation: image sets that give the top-1 written into the checkpoint.
        settings: what kind of AECNN.
        phases: the steps, by name: a(ttention), b (pruning), c (decoder), d (joint), e (tail).
        out: the checkpoint to write.
        work_dir: where the state is kept for resuming.
        log: receives a row every few steps.
        device: `cpu` or `cuda`.

    Returns:
        The checkpoint's metadata.
    """
    torch.manual_seed(settings.seed)
    student = AecnnStudent(backbone, settings).to(device)
    teacher = Teacher(backbone.to(device), settings.split, train)
    steps = _Steps(backbone, student, settings)
    phases = settings.phases(phases)
    identity = identity_of(settings, phases, backbone, train)
    pruning = "b" if settings.step_by_step else "d"
    for phase in phases:
        student.requires_grad_(False).eval()
        for part in student.trained(phase.name):
            part.requires_grad_(True)
        student.decoder.restore.train(phase.name[0] in "cd")
        job = Job(
            student,
            train,
            teacher.loss(steps.answer(phase.name)),
            work_dir,
            identity,
            seed=settings.seed,
            device=device,
            log=log,
        )
        if phase.name[0] == pruning:
            _prune(student, _importance(student, train, settings, device))
        if phase.name[0] == pruning == "d":
            _set_steps(student, train, device)
        run_phase(job, phase)
        if phase.name[0] == pruning == "b":
            _set_steps(student, train, device)
    student.requires_grad_(False).eval()
    counts = count_symbols(student.encoder, train, device, range(LEVELS))
    metadata = _describe(backbone, student, validation, settings, phases, device)
    tensors = {**_own_tensors(student), "counts": torch.from_numpy(counts)}
    write_checkpoint(out, tensors, metadata)
    return metadata


class _Steps:
    """What each step makes of an image, and what its loss adds to the answers."""

    def __init__(self, backbone: Backbone, student: AecnnStudent, settings: Settings) -> None:
        self._student, self._rate_weight = student, settings.rate_weight
        self._tail = backbone.tail(settings.split)
        self._rest = backbone.tail(stage_behind(settings.split))

    def answer(self, phase: str) -> Answer:
        """The answer of one step."""
        return {"a": self._attended, "b": self._pruned, "e": self._tuned}.get(phase[0], self._decoded)

    def _attended(self, shared: Tensor, wanted: Features) -> tuple[Tensor, Tensor]:
        attention = self._student.encoder.attention(wanted.at_split)
        return self._tail(wanted.at_split * attention[:, :, None, None]), 0.1 * attention.mean()

    def _pruned(self, shared: Tensor, wanted: Features) -> tuple[Tensor, Tensor]:
        encoder = self._student.encoder
        mask = torch.zeros(wanted.at_split.shape[1], device=shared.device)
        mask[encoder.kept] = 1
        pruned = encoder.features(shared) * mask[:, None, None]
        return self._tail(pruned), torch.zeros((), device=shared.device)

    def _decoded(self, shared: Tensor, wanted: Features) -> tuple[Tensor, Tensor]:
        symbols = self._symbols(shared)
        features = self._student.decoder.restored(symbols)
        extra = 0.5 * distance(features, wanted.at_split) + self._rate_weight * universal_bits(symbols)
        return self._tail(features), extra

    def _tuned(self, shared: Tensor, wanted: Features) -> tuple[Tensor, Tensor]:
        symbols = self._symbols(shared)
        extra = LAST_RATE_SHARE * self._rate_weight * universal_bits(symbols)
        return self._rest(self._student.decoder(symbols)), extra

    def _symbols(self, shared: Tensor) -> Tensor:
        encoder = self._student.encoder
        symbols: Tensor = encoder.quantiser(encoder.features(shared)[:, encoder.kept])
        return symbols


def universal_bits(symbols: Tensor) -> Tensor:
    """Mean code length in bits of an Elias gamma code, `1 + 2 log2(1 + symbol)`: smooth, parameterless."""
    return (1 + 2 * torch.log2(1 + symbols)).mean()


@torch.no_grad()
def _importance(student: AecnnStudent, train: Sequence[Source], settings: Settings, device: str) -> Tensor:
    """`[channels]` what each channel is worth by the ranking, over training images."""
    channels = CHANNELS[settings.split]
    if settings.ranking == "random":
        return torch.rand(channels, generator=torch.Generator().manual_seed(settings.seed)).to(device)
    total = torch.zeros(channels, device=device)
    for pixels in some_pixels(train, device, 256):
        features = student.encoder.last(student.encoder.frozen(pixels))
        if settings.ranking == "attention" and settings.step_by_step:
            total += student.encoder.attention(features).sum(0)
        else:
            total += features.abs().mean(dim=(2, 3)).sum(0)
    return total


def _prune(student: AecnnStudent, importance: Tensor) -> None:
    """Keeps the most important channels, in falling order."""
    kept = importance.argsort(descending=True)[: len(student.encoder.kept)]
    student.encoder.kept.copy_(kept)


@torch.no_grad()
def _set_steps(student: AecnnStudent, train: Sequence[Source], device: str) -> None:
    """Sets each channel's quantiser step so that the 99.9 % quantile of its values gets the symbol 32."""
    encoder = student.encoder
    shared = (encoder.frozen(pixels) for pixels in some_pixels(train, device, 128))
    values = torch.cat([encoder.features(part)[:, encoder.kept].float() for part in shared])
    top = torch.quantile(values[:, :, ::3, ::3].transpose(0, 1).flatten(1), 0.999, dim=1).clamp_min(1e-3)
    encoder.quantiser.log_step.copy_((top / 32).log()[:, None, None])


def _own_tensors(student: AecnnStudent) -> dict[str, Tensor]:
    tensors = {
        f"encoder.{k}": v for k, v in student.encoder.state_dict().items() if not k.startswith("frozen.")
    }
    return tensors | {f"decoder.{k}": v for k, v in student.decoder.state_dict().items()}


def _describe(
    backbone: Backbone,
    student: AecnnStudent,
    validation: Sequence[Source],
    settings: Settings,
    phases: Sequence[Phase],
    device: str,
) -> dict[str, object]:
    tail = backbone.tail(stage_behind(settings.split))
    compressed = nn.Sequential(student.encoder, student.decoder, tail)
    whole = nn.Sequential(backbone.head(settings.split), backbone.tail(settings.split))
    kept = len(student.encoder.kept)
    return {
        "kind": "aecnn",
        **asdict(settings),
        "backbone_sha256": backbone.sha256,
        "kept": kept,
        "channels": CHANNELS[settings.split],
        "size_px": SIZE_PX,
        "top1": top1(backbone, compressed, validation, device),
        "top1_uncompressed": top1(backbone, whole, validation, device),
        "validation_images": {source.classifier: len(source.images) for source in validation},
        "phases": [asdict(phase) for phase in phases],
    }
