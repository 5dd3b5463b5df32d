"""The frozen backbone as teacher of a codec: the features to restore and the answers to match."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from coinfer.models.backbone import Backbone
from coinfer.models.parts import following, frozen_head, last_part, stage_behind
from coinfer.models.training import Loss, Source


class Features(NamedTuple):
    """What the uncompressed network computes: features at the split, and after `stage_behind(split)`."""

    at_split: Tensor
    behind: Tensor


Answer = Callable[[Tensor, Features], tuple[Tensor, Tensor]]
"""What a student makes of an image: from the output of the frozen head and the uncompressed features to
`[batch, 2048]` pooled features and to what its loss adds beside the answers (rate, distance)."""


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
        self._following = following(backbone, split)
        self._rest = backbone.tail(stage_behind(split))
        self._unlabelled = frozenset(source.classifier for source in train if source.teacher_only)

    def loss(self, answer: Answer) -> Callable[[Tensor, Tensor, str], Loss]:
        """The student's loss: half the labels, half the teacher's answers, and what `answer` adds."""

        def loss(pixels: Tensor, labels: Tensor, classifier: str) -> Loss:
            with torch.no_grad():
                shared = self._head(pixels)
                at_split = self._last(shared)
                features = Features(at_split, self._following(at_split))
                wanted = self._backbone.classify(self._rest(features.behind), classifier)
            pooled, extra = answer(shared, features)
            logits = self._backbone.classify(pooled, classifier).float()
            answers = distillation(logits, wanted)
            if classifier not in self._unlabelled:
                answers = 0.5 * functional.cross_entropy(logits, labels) + 0.5 * answers
            return Loss(answers + extra, answers)

        return loss


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
