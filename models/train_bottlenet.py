"""Training of BottleNet++, end to end through the codec, its channel and the network."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from coinfer.models.backbone import Backbone
from coinfer.models.bottlenet import LEVELS, Decoder, Disturbance, Encoder, disturb, sent_channels
from coinfer.models.end_to_end import EndToEndStudent
from coinfer.models.student import Lesson, go_on, train_student
from coinfer.models.teaching import Answer, Features, distance


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


class BottlenetStudent(EndToEndStudent):
    """Encoder and decoder with the channel between them."""

    encoder: Encoder
    decoder: Decoder

    def __init__(self, backbone: Backbone, settings: Settings) -> None:
        super().__init__(backbone, settings.split)
        sent = sent_channels(settings.split, settings.ratio)
        self.encoder = Encoder(backbone, settings.split, sent)
        self.decoder = Decoder(backbone, settings.split, sent)
        self._settings = settings

    def sizes(self) -> dict[str, int]:
        """Channels sent."""
        return {"sent": sent_channels(self._settings.split, self._settings.ratio)}

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


def train_bottlenet(settings: Settings, lesson: Lesson) -> dict[str, object]:
    """Trains BottleNet++, resuming where it stopped, and writes its checkpoint.

    Args:
        settings: what kind of BottleNet++.
        lesson: on what, how long (`coinfer.models.end_to_end.PRESETS`), and where to.

    Returns:
        The checkpoint's metadata.
    """
    torch.manual_seed(settings.seed)
    student = BottlenetStudent(lesson.backbone, settings)
    return train_student(student, "bottlenet", settings, go_on(lesson, student, "a"), range(LEVELS))
