"""Training of the anytime codec: every image's stream cut at a random place, and a price on each byte."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from coinfer.models.anytime import LARGEST, SYMBOL_CHANNELS, Decoder, Encoder, Rate, first_symbols, grid_side
from coinfer.models.backbone import Backbone
from coinfer.models.checkpoints import Checkpoint, CheckpointError
from coinfer.models.contexts import fitted, stream_of
from coinfer.models.end_to_end import EndToEndStudent
from coinfer.models.images import SIZE_PX
from coinfer.models.student import Lesson, go_on, some_pixels, train_student
from coinfer.models.teaching import Answer, Features, distance

ALPHABET = range(-LARGEST, LARGEST + 1)

CUT_BYTES = 70, 500
"""The shortest and the longest cut in training, for an image of full size; even in the logarithm."""

HEADER_BYTES = 6
"""What a message has before its symbols; see `codecs/bitstream.py`."""

CONTEXT_IMAGES = 128
"""Images of each set that tell what contexts will spare."""

WHOLE_SHARE = 0.2
"""Share of the images whose stream is not cut in training."""

FIRST_DOUBLING_BYTES = 100
"""The price rises with the logarithm of this and what is sent: a byte costs more where there are few."""

WORTH_BYTES = 30
"""A byte saved before a cut at B bytes is worth this / B^2, since it lets the next one in. Settled at layer2
as 40 while bytes were counted without contexts: 40 of those are about 30 of a message."""

DISTANCE_WEIGHT = {"a": 0.5, "joint": 0.2}
"""Weight of the distance of features in the loss: less where the answers shall decide what is sent."""


@dataclass(frozen=True)
class Settings:
    """What kind of anytime codec.

    Args:
        split: stage after which the network is cut.
        rate_weight: what a doubling of the bytes costs in the loss.
        cut_bytes: trains for messages of this length alone, every one cut there; None trains for all lengths.
        seed: of the initial weights, the order of images, the augmentation and the cuts.
    """

    split: str = "layer2"
    rate_weight: float = 0.05
    cut_bytes: int | None = None
    seed: int = 0


class AnytimeStudent(EndToEndStudent):
    """Encoder, decoder and the tables that price the symbols."""

    encoder: Encoder
    decoder: Decoder

    step_scale = EndToEndStudent.step_scale | {"rate.": 20.0, "encoder.compress.4.": 10.0}
    """The tables, and how fine each channel's steps are, have far to go."""

    def __init__(self, backbone: Backbone, settings: Settings) -> None:
        super().__init__(backbone, settings.split)
        self.encoder, self.decoder = Encoder(backbone, settings.split), Decoder(backbone, settings.split)
        self.rate = Rate()
        self._coded_shares = torch.ones(SYMBOL_CHANNELS, 1, 1)
        self._settings = settings

    def begin_as(self, start: Checkpoint) -> None:
        """Takes over encoder and decoder, and what symbols cost from its tables; see `Student`."""
        super().begin_as(start)
        if "counts" not in start.tensors:
            raise CheckpointError(f"{start.path}: lacks the tables of its range coder; train it again")
        counts = start.tensors["counts"].sum(1).float()
        self.rate.logits.data.copy_((counts / counts.sum(1, keepdim=True)).log())

    @torch.no_grad()
    def begin(self, phase: str, lesson: Lesson) -> None:
        """Counts what a message takes in each channel, over what the loss prices it at.

        That has a table a channel and no steps, for the sake of gradients; the range coder has contexts.
        """
        if phase[0] != "a":
            self.eval()
            pixels = some_pixels(lesson.train, lesson.device, CONTEXT_IMAGES)
            values = torch.cat([self.encoder.values(self.encoder.frozen(batch)) for batch in pixels])
            symbols = values.round().to(torch.int16).cpu().numpy()
            contexts = fitted(symbols)
            coded = torch.from_numpy(contexts.bits(symbols, contexts.counts(symbols, ALPHABET), ALPHABET))
            priced = self.rate(values).mean((0, 2, 3))
            self._coded_shares = (coded.to(priced) / priced)[:, None, None]
            self.prepare(phase)

    def sizes(self) -> dict[str, int]:
        """Channels of symbols."""
        return {"channels": SYMBOL_CHANNELS}

    def tables(self, symbols: NDArray[np.int16], alphabet: range) -> dict[str, NDArray[np.integer]]:
        """Contexts, and how often each symbol occurs in each; see `Student.tables`."""
        contexts = fitted(symbols)
        return {
            "contexts.weights": contexts.weights,
            "contexts.limits": contexts.limits,
            "counts": contexts.counts(symbols, alphabet),
        }

    def features(self, pixels: Tensor) -> Tensor:
        """Pixels through the whole stream; see `Student.features`."""
        symbols = self.encoder(pixels)
        features: Tensor = self.decoder(symbols, torch.ones_like(symbols, dtype=torch.bool))
        return features

    def extra(self) -> list[nn.Module | nn.Parameter]:
        """The tables, and the values in place of what did not arrive."""
        return [self.rate, self.decoder.missing]

    def answer(self, phase: str) -> Answer:
        """In phase `a` what is restored is compared at the split, from `b` on behind the tuned stage."""
        tail, rest = self._tails

        def restored(shared: Tensor, wanted: Features) -> tuple[Tensor, Tensor]:
            symbols, arrived, price = self._sent(shared)
            features = self.decoder.restored(symbols, arrived)
            return tail(features), price + DISTANCE_WEIGHT["a"] * distance(features, wanted.at_split)

        def tuned(shared: Tensor, wanted: Features) -> tuple[Tensor, Tensor]:
            symbols, arrived, price = self._sent(shared)
            features = self.decoder(symbols, arrived)
            return rest(features), price + DISTANCE_WEIGHT["joint"] * distance(features, wanted.behind)

        return restored if phase[0] == "a" else tuned

    def _sent(self, shared: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Symbols, whether each arrived, and the price of those that did, with gradients."""
        values = self.encoder.values(shared)
        symbols = values + (values.round() - values).detach()
        bits = self.rate(values)
        coded = bits.detach() * self._coded_shares.to(bits.device)
        _, channels, side, _ = values.shape
        full_size = (grid_side(self._settings.split, SIZE_PX) / side) ** 2
        by_place = coded.flatten(2)[..., torch.from_numpy(stream_of(side).order).to(bits.device)]
        total = by_place.flatten(1).cumsum(1) * full_size / 8 + HEADER_BYTES
        cut = self._cut_bytes(total)
        count = torch.searchsorted(total, cut)[:, 0]
        arrived = first_symbols(count, channels, side)
        priced = (bits * arrived).sum((1, 2, 3))
        share = (coded * arrived).sum((1, 2, 3)) / priced.detach().clamp_min(1e-6)
        sent = priced * share * full_size / 8 + HEADER_BYTES
        price = self._settings.rate_weight * torch.log2(1 + sent / FIRST_DOUBLING_BYTES)
        is_cut = count < total.shape[1]
        worth = torch.where(is_cut, WORTH_BYTES / cut[:, 0] ** 2, torch.zeros_like(sent))
        return symbols, arrived, (price + worth * sent).mean()

    def _cut_bytes(self, total: Tensor) -> Tensor:
        """Where each stream is cut, `[batch, 1]` bytes of an image of full size; infinite where it is not."""
        size = torch.empty_like(total[:, :1])
        if self._settings.cut_bytes is not None:
            return size.fill_(self._settings.cut_bytes)
        shortest, longest = CUT_BYTES
        cut = shortest * (longest / shortest) ** size.uniform_()
        return torch.where(torch.rand_like(cut) < WHOLE_SHARE, torch.inf, cut)


def train_anytime(settings: Settings, lesson: Lesson) -> dict[str, object]:
    """Trains the anytime codec, resuming where it stopped, and writes its checkpoint.

    Args:
        settings: what kind of codec.
        lesson: on what, how long (`coinfer.models.end_to_end.PRESETS`), and where to.

    Returns:
        The checkpoint's metadata.
    """
    torch.manual_seed(settings.seed)
    student = AnytimeStudent(lesson.backbone, settings)
    lesson = go_on(lesson, student, "a")
    return train_student(student, "anytime", settings, lesson, ALPHABET)
