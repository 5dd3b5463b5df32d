"""What the training of every feature codec is made of: a lesson, a student, and the loop over the steps."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from coinfer.models.backbone import Backbone, shipped_sha256
from coinfer.models.checkpoints import Checkpoint, CheckpointError, write_checkpoint
from coinfer.models.images import SIZE_PX
from coinfer.models.parts import stage_behind
from coinfer.models.teaching import Answer, Teacher
from coinfer.models.training import Job, Phase, Source, evaluate, run_phase


@dataclass(frozen=True)
class Lesson:
    """On what a codec is trained, how long, and where the result goes.

    Args:
        backbone: the network to split; it stays as it is.
        train: image sets to train on, each with the classifier for its labels. A `teacher_only` set is for
            distillation alone: where only the backbone's classifier saw the labels, the student must not see
            more of them than the network that it is compared with.
        validation: image sets that give the top-1 written into the checkpoint.
        phases: the steps, one after the other; their names begin with the step's letter.
        out: the checkpoint to write.
        work_dir: where the state is kept for resuming.
        log: receives a row every few steps.
        device: `cpu` or `cuda`.
        start: a checkpoint of the same kind, split and size to go on from; see `go_on`.
    """

    backbone: Backbone
    train: Sequence[Source]
    validation: Sequence[Source]
    phases: Sequence[Phase]
    out: Path
    work_dir: Path
    log: Callable[[Mapping[str, float | str | int]], None] = lambda row: None
    device: str = "cpu"
    start: Checkpoint | None = None


class Settings(Protocol):
    """What kind of codec: a dataclass of plain values."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def split(self) -> str:
        """Stage after which the network is cut."""
        ...

    @property
    def seed(self) -> int:
        """Of the initial weights, the order of images, the augmentation, cuts and noise."""
        ...


NETWORK_PARTS = ("encoder.last.", "decoder.following.")
"""Beginnings of the names of parameters that begin as the network's own; see `parts`."""


class Student(nn.Module, ABC):
    """A codec between the head and the tail of a frozen backbone.

    Its encoder is made of `frozen`, `last` and its own part; its decoder of its own part and `following`.

    Args:
        backbone: the network to split.
        split: where.
    """

    encoder: nn.Module
    decoder: nn.Module

    step_scale: Mapping[str, float] = {}
    """Beginnings of parameters' names, and their step size over that of all others."""

    def __init__(self, backbone: Backbone, split: str) -> None:
        super().__init__()
        self._tails = backbone.tail(split), backbone.tail(stage_behind(split))

    @abstractmethod
    def answer(self, phase: str) -> Answer:
        """What it makes of an image in a phase."""

    @abstractmethod
    def sizes(self) -> dict[str, int]:
        """What its checkpoint's metadata says of its size."""

    @abstractmethod
    def prepare(self, phase: str) -> None:
        """Sets which parameters change in a phase, and whether batch norm's statistics do."""

    def begin(self, phase: str, lesson: Lesson) -> None:
        """What is done before the first image of a phase."""

    def end(self, phase: str, lesson: Lesson) -> None:
        """What is done after the last image of a phase."""

    def begin_as(self, start: Checkpoint) -> None:
        """Takes over what a checkpoint holds of encoder and decoder.

        Raises:
            CheckpointError: it is for another split or of another size.
        """
        own = self.own_tensors()
        given = {key: value for key, value in start.tensors.items() if key in own}
        wanted = {key: value.shape for key, value in own.items() if "num_batches_tracked" not in key}
        if {key: value.shape for key, value in given.items()} != wanted:
            raise CheckpointError(f"{start.path}: of another split or size; start from one that fits")
        self.load_state_dict(given, strict=False)

    @torch.no_grad()
    def begin_at_scale(self, wanted: Iterable[Tensor]) -> None:
        """Gives what the decoder restores the mean and spread of the uncompressed features, by channel.

        Batch norm begins with a spread of 1 for all. That of layer4's features is far less, and a decoder
        that begins so far off spends most of a short training on coming down.

        Args:
            wanted: batches of uncompressed features at the split, `[batch, channels, side, side]`.
        """
        restore = self.decoder.get_submodule("restore")
        last = [part for part in restore.modules() if isinstance(part, nn.BatchNorm2d)][-1]
        spread, mean = torch.std_mean(torch.cat(list(wanted)), dim=(0, 2, 3))
        last.weight.copy_(spread)
        last.bias.copy_(mean)

    def features(self, pixels: Tensor) -> Tensor:
        """`[batch, 3, height, width]` pixels, encoded and decoded, to those after `stage_behind(split)`."""
        features: Tensor = self.decoder(self.encoder(pixels))
        return features

    def pooled(self, pixels: Tensor) -> Tensor:
        """`[batch, 3, height, width]` pixels through the codec to `[batch, 2048]` pooled features."""
        pooled: Tensor = self._tails[1](self.features(pixels))
        return pooled

    def tables(self, symbols: NDArray[np.int16], alphabet: range) -> dict[str, NDArray[np.integer]]:
        """The range coder's tables: how often each symbol occurs in each channel, plus one.

        Args:
            symbols: `[images, channels, side, side]` of training images.
            alphabet: those that may occur.
        """
        by_channel = symbols.swapaxes(0, 1).reshape(symbols.shape[1], -1).astype(np.int64) - alphabet.start
        seen = [np.bincount(channel, minlength=len(alphabet)) for channel in by_channel]
        return {"counts": (1 + np.stack(seen)).astype(np.int32)}

    def own_tensors(self) -> dict[str, Tensor]:
        """What its checkpoint holds: all but the frozen head."""
        return {
            key: value
            for key, value in self.state_dict().items()
            if key.startswith(("encoder.", "decoder.")) and not key.startswith("encoder.frozen.")
        }


def go_on(lesson: Lesson, student: Student, done: str) -> Lesson:
    """What is left of a lesson for a student, who begins as its `start` where it has one.

    Args:
        lesson: the whole of it.
        student: whose encoder and decoder begin as those of the start.
        done: letters of the steps that a trained codec does not need again.

    Raises:
        CheckpointError: the start is for another backbone or split, or of another size.
    """
    if lesson.start is None:
        return lesson
    if lesson.start.metadata.get("backbone_sha256", shipped_sha256()) != lesson.backbone.sha256:
        raise CheckpointError(f"{lesson.start.path}: made for another backbone than the one given")
    student.begin_as(lesson.start)
    return replace(lesson, phases=[phase for phase in lesson.phases if phase.name[0] not in done])


def train_student(
    student: Student, kind: str, settings: Settings, lesson: Lesson, alphabet: range
) -> dict[str, object]:
    """Trains a student phase by phase, going on from the saved state, and writes its checkpoint.

    Args:
        student: what is trained.
        kind: of the checkpoint.
        settings: what kind of codec.
        lesson: on what, how long, and where to.
        alphabet: the symbols that the encoder gives.

    Returns:
        The checkpoint's metadata.
    """
    backbone, device = lesson.backbone.to(lesson.device), lesson.device
    student.to(device)
    teacher = Teacher(backbone, settings.split, lesson.train)
    identity = identity_of(settings, lesson)
    if lesson.start is None:
        head = backbone.head(settings.split)
        student.begin_at_scale(head(pixels) for pixels in some_pixels(lesson.train, device, 64))
    for phase in lesson.phases:
        student.prepare(phase.name)
        student.begin(phase.name, lesson)
        loss = teacher.loss(student.answer(phase.name))
        job = Job(student, lesson.train, loss, lesson.work_dir, identity, settings.seed, device=device)
        run_phase(replace(job, step_scale=student.step_scale, log=lesson.log), phase)
        student.end(phase.name, lesson)
    student.requires_grad_(False).eval()
    symbols = some_symbols(student.encoder, lesson.train, device)
    whole = nn.Sequential(backbone.head(settings.split), backbone.tail(settings.split))
    metadata: dict[str, object] = {
        "kind": kind,
        **asdict(settings),
        "backbone_sha256": backbone.sha256,
        **student.sizes(),
        "size_px": SIZE_PX,
        "top1": top1(student.pooled, lesson),
        "top1_uncompressed": top1(whole, lesson),
        "validation_images": {source.classifier: len(source.images) for source in lesson.validation},
        "phases": [asdict(phase) for phase in lesson.phases],
        **({} if lesson.start is None else {"start": past(lesson.start)}),
    }
    tables = {name: torch.from_numpy(table) for name, table in student.tables(symbols, alphabet).items()}
    tensors = {**student.own_tensors(), **tables}
    write_checkpoint(lesson.out, tensors, metadata, in_steps=("encoder.", "decoder."))
    return metadata


def identity_of(settings: Settings, lesson: Lesson) -> str:
    """What a saved state must match: settings, steps, backbone, images and start."""
    images = [[source.classifier, source.images.fingerprint] for source in lesson.train]
    phases = [asdict(phase) for phase in lesson.phases]
    begun = None if lesson.start is None else lesson.start.sha256
    return json.dumps([asdict(settings), phases, lesson.backbone.sha256, images, begun])


def past(start: Checkpoint) -> dict[str, Any]:
    """What a checkpoint's metadata says of the one that it began as."""
    told = {key: value for key, value in start.metadata.items() if key in ("phases", "seed", "start")}
    return {"sha256": start.sha256, **told}


def some_pixels(train: Sequence[Source], device: str, each: int, batch: int = 32) -> Iterator[Tensor]:
    """The first few training images of each set, as batches of pixels at full size."""
    for source in train:
        count = min(each, len(source.images))
        for start in range(0, count, batch):
            yield torch.from_numpy(source.images.load(range(start, min(start + batch, count)))).to(device)


@torch.inference_mode()
def some_symbols(
    encoder: nn.Module, train: Sequence[Source], device: str, each: int = 512
) -> NDArray[np.int16]:
    """Symbols of training images at full size, for the tables of the range coder.

    Args:
        encoder: `[batch, 3, 224, 224]` pixels to `[batch, channels, side, side]` whole numbers.
        train: image sets.
        device: `cpu` or `cuda`.
        each: images of each set.

    Returns:
        `[images, channels, side, side]`.
    """
    batches = [encoder(pixels).to(torch.int16).cpu().numpy() for pixels in some_pixels(train, device, each)]
    return np.concatenate(batches)


def top1(pooled: Callable[[Tensor], Tensor], lesson: Lesson) -> dict[str, float]:
    """Share of right answers on each validation set, bf16 where quick, rounded to 4 digits.

    Args:
        pooled: `[batch, 3, 224, 224]` pixels to `[batch, 2048]` pooled features.
        lesson: whose backbone's classifiers answer, and whose validation sets are asked.
    """
    shares = {}
    for source in lesson.validation:

        def classify(pixels: Tensor, classifier: str = source.classifier) -> Tensor:
            return lesson.backbone.classify(pooled(pixels), classifier)

        right = evaluate(classify, source.images, device=lesson.device, exact=False)
        shares[source.classifier] = round(float(right.mean()), 4)
    return shares
