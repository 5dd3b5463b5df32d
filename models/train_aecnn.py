"""Step-by-step training of AECNN: attention, pruning, decoder, joint, and the tail's first stage."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from coinfer.models.aecnn import LEVELS, Decoder, Encoder, kept_channels, stage_behind
from coinfer.models.backbone import CHANNELS, Backbone
from coinfer.models.checkpoints import write_checkpoint
from coinfer.models.images import SIZE_PX
from coinfer.models.training import Job, Phase, Source, evaluate, run_phase

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
    "smoke": tuple(
        Phase(name, 0.5, 64, 1e-3) for name in ("a-attention", "b-prune", "c-decoder", "d-joint", "e-tail")
    ),
}
"""Presets: `cpu` takes an hour and a half on two idle cores; `smoke` shows in a minute that it runs."""


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
    """

    split: str = "layer2"
    ratio: int = 256
    rate_weight: float = 0.05
    seed: int = 0


class Student(nn.Module):
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
    student = Student(backbone, settings).to(device)
    from_teacher = frozenset(source.classifier for source in train if source.teacher_only)
    trainer = _Trainer(backbone.to(device), student, settings, from_teacher)
    identity = json.dumps([asdict(settings), [asdict(phase) for phase in phases]])
    for phase in phases:
        student.requires_grad_(False).eval()
        for part in student.trained(phase.name):
            part.requires_grad_(True)
        student.decoder.restore.train(phase.name[0] in "cd")
        job = Job(
            student,
            train,
            trainer.losses(phase.name),
            work_dir,
            identity,
            seed=settings.seed,
            device=device,
            log=log,
        )
        if phase.name[0] == "b":
            _prune(student, _mean_attention(student, train, device))
        run_phase(job, phase)
        if phase.name[0] == "b":
            _set_steps(student, train, device)
    student.requires_grad_(False).eval()
    counts = symbol_counts(student.encoder, train, device)
    metadata = _describe(backbone, student, validation, settings, phases, device)
    tensors = {**_own_tensors(student), "counts": torch.from_numpy(counts)}
    write_checkpoint(out, tensors, metadata)
    return metadata


class _Trainer:
    """The losses of the steps, against the frozen backbone as teacher."""

    def __init__(
        self, backbone: Backbone, student: Student, settings: Settings, from_teacher: frozenset[str]
    ) -> None:
        self._teacher, self._student, self._rate_weight = backbone, student, settings.rate_weight
        self._from_teacher = from_teacher
        self._last = getattr(backbone, settings.split)
        self._tail = backbone.tail(settings.split)
        self._rest = backbone.tail(stage_behind(settings.split))

    def losses(self, phase: str) -> Callable[[Tensor, Tensor, str], Tensor]:
        """The loss of one step."""
        step = {"a": self._attended, "b": self._pruned, "e": self._tuned}.get(phase[0], self._decoded)

        def loss(pixels: Tensor, labels: Tensor, classifier: str) -> Tensor:
            with torch.no_grad():
                shared = self._student.encoder.frozen(pixels)
                target = self._last(shared)
                wanted = self._teacher.classify(self._tail(target), classifier)
            pooled, extra = step(shared, target)
            logits = self._teacher.classify(pooled, classifier).float()
            if classifier in self._from_teacher:
                return distillation(logits, wanted) + extra
            return 0.5 * functional.cross_entropy(logits, labels) + 0.5 * distillation(logits, wanted) + extra

        return loss

    def _attended(self, shared: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        attention = self._student.encoder.attention(target)
        return self._tail(target * attention[:, :, None, None]), 0.1 * attention.mean()

    def _pruned(self, shared: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        encoder = self._student.encoder
        mask = torch.zeros(target.shape[1], device=target.device)
        mask[encoder.kept] = 1
        pruned = encoder.features(shared) * mask[:, None, None]
        return self._tail(pruned), torch.zeros((), device=target.device)

    def _decoded(self, shared: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        symbols = self._symbols(shared)
        features = self._student.decoder.restored(symbols)
        distance = functional.mse_loss(features.float(), target.float()) / target.float().var()
        extra = 0.5 * distance + self._rate_weight * universal_bits(symbols)
        return self._tail(features), extra

    def _tuned(self, shared: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
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


def distillation(logits: Tensor, wanted: Tensor, temperature: float = 2.0) -> Tensor:
    """Mean divergence of the student's classes from the teacher's, softened by the temperature.

    References:
        Hinton, Vinyals and Dean (2015), Distilling the Knowledge in a Neural Network, section 2.
    """
    divergence = functional.kl_div(
        functional.log_softmax(logits.float() / temperature, 1),
        functional.log_softmax(wanted.float() / temperature, 1),
        reduction="batchmean",
        log_target=True,
    )
    return temperature**2 * divergence


def _some(train: Sequence[Source], device: str, each: int = 256, batch: int = 32) -> list[Tensor]:
    """The first few training images of each set, as batches of pixels."""
    return [
        torch.from_numpy(source.images.load(range(start, min(start + batch, len(source.images))))).to(device)
        for source in train
        for start in range(0, min(each, len(source.images)), batch)
    ]


@torch.no_grad()
def _mean_attention(student: Student, train: Sequence[Source], device: str) -> Tensor:
    """`[channels]` attention, summed over training images."""
    total = torch.zeros(student.encoder.attention.excite.out_features, device=device)
    for pixels in _some(train, device):
        features = student.encoder.last(student.encoder.frozen(pixels))
        total += student.encoder.attention(features).sum(0)
    return total


def _prune(student: Student, importance: Tensor) -> None:
    """Keeps the most important channels, in falling order."""
    kept = importance.argsort(descending=True)[: len(student.encoder.kept)]
    student.encoder.kept.copy_(kept)


@torch.no_grad()
def _set_steps(student: Student, train: Sequence[Source], device: str) -> None:
    """Sets each channel's quantiser step so that the 99.9 % quantile of its values gets the symbol 32."""
    encoder = student.encoder
    values = torch.cat(
        [encoder.features(encoder.frozen(p))[:, encoder.kept].float() for p in _some(train, device, 128)]
    )
    top = torch.quantile(values[:, :, ::3, ::3].transpose(0, 1).flatten(1), 0.999, dim=1).clamp_min(1e-3)
    encoder.quantiser.log_step.copy_((top / 32).log()[:, None, None])


@torch.inference_mode()
def symbol_counts(
    encoder: Encoder, train: Sequence[Source], device: str, each: int = 512
) -> NDArray[np.int32]:
    """`[kept, 256]` how often each symbol occurs in each channel over training images at 224 px, plus one."""
    counts = np.ones((len(encoder.kept), LEVELS), dtype=np.int64)
    for pixels in _some(train, device, each):
        symbols = encoder(pixels).to(torch.int64).cpu().numpy()
        for channel in range(len(counts)):
            counts[channel] += np.bincount(symbols[:, channel].ravel(), minlength=LEVELS)
    return counts.astype(np.int32)


def _own_tensors(student: Student) -> dict[str, Tensor]:
    tensors = {
        f"encoder.{k}": v for k, v in student.encoder.state_dict().items() if not k.startswith("frozen.")
    }
    return tensors | {f"decoder.{k}": v for k, v in student.decoder.state_dict().items()}


def _describe(
    backbone: Backbone,
    student: Student,
    validation: Sequence[Source],
    settings: Settings,
    phases: Sequence[Phase],
    device: str,
) -> dict[str, object]:
    tail = backbone.tail(stage_behind(settings.split))
    top1: dict[str, float] = {}
    uncompressed: dict[str, float] = {}
    for source in validation:

        def classify(pixels: Tensor, classifier: str = source.classifier) -> Tensor:
            return backbone.classify(tail(student.decoder(student.encoder(pixels))), classifier)

        def whole(pixels: Tensor, classifier: str = source.classifier) -> Tensor:
            return backbone(pixels, classifier)  # type: ignore[no-any-return]

        for network, result in ((classify, top1), (whole, uncompressed)):
            right = evaluate(network, source.images, device=device, autocast=True)
            result[source.classifier] = round(float(right.mean()), 4)
    kept = len(student.encoder.kept)
    return {
        "kind": "aecnn",
        **asdict(settings),
        "kept": kept,
        "channels": CHANNELS[settings.split],
        "size_px": SIZE_PX,
        "top1": top1,
        "top1_uncompressed": uncompressed,
        "validation_images": {source.classifier: len(source.images) for source in validation},
        "phases": [asdict(phase) for phase in phases],
    }
