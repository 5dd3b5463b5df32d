"""What the training of all feature codecs shares: the frozen backbone as teacher, steps, and the tables."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from coinfer.models.backbone import Backbone, shipped_sha256
from coinfer.models.parts import frozen_head, last_part, stage_behind
from coinfer.models.training import Job, Phase, Source, evaluate, run_phase


class Features(NamedTuple):
    """What the uncompressed network computes: features at the split, and after `stage_behind(split)`."""

    at_split: Tensor
    behind: Tensor


Answer = Callable[[Tensor, Features], tuple[Tensor, Tensor]]
"""What a student makes of an image: from the output of the frozen head and the uncompressed features to
`[batch, 2048]` pooled features and to what its loss adds beside the answers (rate, distance)."""


PRESETS = {
    "cpu": (
        Phase("a-codec", 0.7, 128, 2e-3),
        Phase("b-joint", 2.5, 128, 1e-3),
        Phase("c-joint-160", 1.0, 160, 5e-4),
        Phase("d-joint-224", 0.5, 224, 3e-4),
        Phase("e-joint-160", 2.0, 160, 6e-4),
        Phase("f-joint-224", 0.9, 224, 3e-4),
    ),
    "short": (
        Phase("a-codec", 0.7, 128, 2e-3),
        Phase("b-joint", 1.5, 128, 1e-3),
        Phase("c-joint-192", 0.5, 192, 4e-4),
    ),
    "gpu": (
        Phase("a-codec", 2.0, 224, 2e-3, 256),
        Phase("b-joint", 20.0, 224, 1e-3, 256),
        Phase("c-joint-again", 4.0, 224, 3e-4, 256),
    ),
    "smoke": (Phase("a-codec", 0.5, 64, 1e-3), Phase("b-joint", 0.5, 64, 1e-3)),
}
"""Steps for codecs trained end to end: `a` without the parts of the network, then with them.

On two idle cores `cpu` takes about an hour and a half at layer2, and `short` a quarter; `smoke` shows
in a minute that it runs.
"""


class Teacher:
    """The frozen backbone: it gives the features to restore and the answers to match.

    Args:
        backbone: the network that is split.
        split: where.
        train: the training sets; of those that are `teacher_only`, no label is used.
    """

    def __init__(self, backbone: Backbone, split: str, train: Sequence[Source]) -> None:
        self._backbone = backbone
        self._head, self._last = frozen_head(backbone, split), last_part(backbone, split)
        behind = stage_behind(split)
        self._following = nn.Identity() if behind == split else getattr(backbone, behind)
        self._rest = backbone.tail(behind)
        self._unlabelled = frozenset(source.classifier for source in train if source.teacher_only)

    def loss(self, answer: Answer) -> Callable[[Tensor, Tensor, str], Tensor]:
        """The student's loss: half the labels, half the teacher's answers, and what `answer` adds."""

        def loss(pixels: Tensor, labels: Tensor, classifier: str) -> Tensor:
            with torch.no_grad():
                shared = self._head(pixels)
                at_split = self._last(shared)
                features = Features(at_split, self._following(at_split))
                wanted = self._backbone.classify(self._rest(features.behind), classifier)
            pooled, extra = answer(shared, features)
            logits = self._backbone.classify(pooled, classifier).float()
            if classifier in self._unlabelled:
                return distillation(logits, wanted) + extra
            return 0.5 * functional.cross_entropy(logits, labels) + 0.5 * distillation(logits, wanted) + extra

        return loss


class Student(nn.Module):
    """A codec between head and tail, its encoder with `last` and `compress`, its decoder with `restore`."""

    encoder: nn.Module
    decoder: nn.Module

    def answer(self, phase: str) -> Answer:
        """What it makes of an image in a phase."""
        raise NotImplementedError

    def prepare(self, phase: str) -> None:
        """Sets what changes in a phase; the statistics of batch norm change up to the end of `b`."""
        self.requires_grad_(False).eval()
        codec = [self.encoder.get_submodule("compress"), self.decoder.get_submodule("restore")]
        network = [self.encoder.get_submodule("last"), self.decoder.get_submodule("following")]
        for part in (*codec, *self.extra(), *([] if phase[0] == "a" else network)):
            part.requires_grad_(True)
        for part in codec:
            part.train(phase[0] in "ab")

    def extra(self) -> list[nn.Module | nn.Parameter]:
        """What else is trained in all phases."""
        return []

    def own_tensors(self) -> dict[str, Tensor]:
        """What its checkpoint holds: all but the frozen head."""
        return {
            key: value
            for key, value in self.state_dict().items()
            if key.startswith(("encoder.", "decoder.")) and not key.startswith("encoder.frozen.")
        }


def train_end_to_end(
    student: Student,
    teacher: Teacher,
    train: Sequence[Source],
    phases: Sequence[Phase],
    work_dir: Path,
    identity: str,
    log: Callable[[Mapping[str, float | str | int]], None],
    seed: int = 0,
    device: str = "cpu",
) -> None:
    """Trains a student phase by phase, going on from the state in `work_dir` where there is one.

    Args:
        student: what is trained.
        teacher: gives features and answers.
        train: image sets to train on.
        phases: see `PRESETS`.
        work_dir: where the state is kept.
        identity: what a saved state must match.
        log: receives a row every few steps.
        seed: of the order of images, augmentation, cuts and noise.
        device: `cpu` or `cuda`.
    """
    student.to(device)
    for phase in phases:
        student.prepare(phase.name)
        loss = teacher.loss(student.answer(phase.name))
        run_phase(Job(student, train, loss, work_dir, identity, seed=seed, device=device, log=log), phase)
    student.requires_grad_(False).eval()


def identity_of(settings: Any, phases: Sequence[Phase], backbone: Backbone, train: Sequence[Source]) -> str:
    """What a saved state must match: settings, steps, and a backbone of the user's own with its images.

    Args:
        settings: a dataclass of plain values.
        phases: the steps.
        backbone: the network that is split.
        train: image sets to train on.
    """
    own = [backbone.sha256, [[source.classifier, len(source.images)] for source in train]]
    comes_with_coinfer = backbone.sha256 == shipped_sha256()
    return json.dumps(
        [asdict(settings), [asdict(phase) for phase in phases], *([] if comes_with_coinfer else own)]
    )


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


def distance(features: Tensor, target: Tensor) -> Tensor:
    """Mean square error of restored features over the variance of the uncompressed ones."""
    return functional.mse_loss(features.float(), target.float()) / target.float().var()


def some_pixels(train: Sequence[Source], device: str, each: int, batch: int = 32) -> Iterator[Tensor]:
    """The first few training images of each set, as batches of pixels at full size."""
    for source in train:
        count = min(each, len(source.images))
        for start in range(0, count, batch):
            yield torch.from_numpy(source.images.load(range(start, min(start + batch, count)))).to(device)


@torch.inference_mode()
def count_symbols(
    encoder: nn.Module, train: Sequence[Source], device: str, alphabet: range, each: int = 512
) -> NDArray[np.int32]:
    """Counts symbols over training images at full size: the tables of the range coder.

    Args:
        encoder: `[batch, 3, 224, 224]` pixels to `[batch, channels, side, side]` whole numbers.
        train: image sets.
        device: `cpu` or `cuda`.
        alphabet: the numbers that may occur.
        each: images of each set.

    Returns:
        `[channels, len(alphabet)]` how often each symbol occurs in each channel, plus one.
    """
    counts = np.ones((1, len(alphabet)), dtype=np.int64)
    for pixels in some_pixels(train, device, each):
        symbols = encoder(pixels).to(torch.int64).cpu().numpy() - alphabet.start
        seen = [np.bincount(row, minlength=len(alphabet)) for row in _by_channel(symbols)]
        counts = counts + np.stack(seen)
    return counts.astype(np.int32)


def _by_channel(symbols: NDArray[np.int64]) -> NDArray[np.int64]:
    """`[batch, channels, ...]` to `[channels, all the rest]`."""
    return symbols.swapaxes(0, 1).reshape(symbols.shape[1], -1)


def top1(
    backbone: Backbone, pooled: nn.Module, validation: Sequence[Source], device: str
) -> dict[str, float]:
    """Share of right answers on each validation set, bf16 where quick, rounded to 4 digits.

    Args:
        backbone: whose classifiers answer.
        pooled: `[batch, 3, 224, 224]` pixels to `[batch, 2048]` pooled features.
        validation: the sets.
        device: `cpu` or `cuda`.
    """
    shares = {}
    for source in validation:

        def classify(pixels: Tensor, classifier: str = source.classifier) -> Tensor:
            return backbone.classify(pooled(pixels), classifier)

        right = evaluate(classify, source.images, device=device, autocast=True)
        shares[source.classifier] = round(float(right.mean()), 4)
    return shares
