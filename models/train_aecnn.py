"""Step-by-step training of AECNN: attention, pruning, decoder, joint, and the tail's first stage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor, nn

from coinfer.models.aecnn import LEVELS, Decoder, Encoder, kept_channels
from coinfer.models.backbone import CHANNELS, Backbone
from coinfer.models.student import NETWORK_PARTS, Lesson, Student, go_on, some_pixels, train_student
from coinfer.models.teaching import Answer, Features, distance
from coinfer.models.training import Phase

PHASES = {
    "cpu": (
        Phase("a-attention", 0.15, 128, 2e-3),
        Phase("b-prune", 0.5, 128, 1e-3),
        Phase("c-decoder", 0.4, 128, 4e-3),
        Phase("d-joint", 1.0, 128, 1e-3),
        Phase("e-tail", 3.0, 128, 8e-4),
        Phase("e-tail-192", 1.5, 192, 5e-4),
        Phase("e-tail-224", 1.2, 224, 3e-4),
    ),
    "short": (
        Phase("a-attention", 0.15, 128, 2e-3),
        Phase("b-prune", 0.4, 128, 1e-3),
        Phase("c-decoder", 0.3, 128, 4e-3),
        Phase("d-joint", 0.6, 128, 1e-3),
        Phase("e-tail", 0.8, 128, 8e-4),
        Phase("e-tail-192", 0.5, 192, 4e-4),
    ),
    "finish": (Phase("e-tail-224", 1.0, 224, 3e-4),),
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
"""Presets: on two idle cores with bfloat16 instructions `cpu` takes an hour and a half at layer2, `short` and
`finish`, which goes on from a trained codec, a quarter of an hour, without these instructions three times as
long; `smoke` shows in a minute that it runs.
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
        network_step: step size of the network's own parts over that of all others; less than 1 where they
            would unlearn faster than the new parts learn, as in short training at layer1, 3 and 4; 0: none.
    """

    split: str = "layer2"
    ratio: int = 256
    rate_weight: float = 0.05
    seed: int = 0
    ranking: Ranking = "attention"
    decoder_step: bool = True
    step_by_step: bool = True
    network_step: float = 1.0

    @property
    def pruning_step(self) -> str:
        """The step that begins with pruning."""
        return "b" if self.step_by_step else "d"

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


class AecnnStudent(Student):
    """Encoder and decoder between the head and the tail of a frozen backbone.

    The head itself follows from step d on, where a decoder feeds the tail what it knows. In step b, with most
    channels at zero, the tail is so far off that a head which followed could silence those that stay forever.
    """

    encoder: Encoder
    decoder: Decoder

    def __init__(self, backbone: Backbone, settings: Settings) -> None:
        super().__init__(backbone, settings.split)
        kept = kept_channels(settings.split, settings.ratio)
        self.encoder = Encoder(backbone, settings.split, kept)
        self.decoder = Decoder(backbone, settings.split, kept)
        self.decoder.quantiser = self.encoder.quantiser
        self._settings = settings
        self.step_scale = dict.fromkeys(NETWORK_PARTS, settings.network_step)

    def sizes(self) -> dict[str, int]:
        """Channels kept, of all channels."""
        return {"kept": len(self.encoder.kept), "channels": CHANNELS[self._settings.split]}

    def trained(self, phase: str) -> list[nn.Module]:
        """The parts that change in a phase."""
        encoder: list[nn.Module] = [self.encoder.last, self.encoder.attention]
        parts: dict[str, list[nn.Module]] = {
            "a": [self.encoder.attention],
            "b": [self.encoder.attention],
            "c": [self.decoder.restore, self.decoder.quantiser],
            "d": [*encoder, self.decoder.restore, self.decoder.quantiser],
            "e": [*encoder, self.decoder],
        }
        return parts[phase[0]]

    def prepare(self, phase: str) -> None:
        """Sets which parts change; batch norm's statistics do in `c` and `d`."""
        self.requires_grad_(False).eval()
        for part in self.trained(phase):
            part.requires_grad_(True)
        self.decoder.restore.train(phase[0] in "cd")

    def begin(self, phase: str, lesson: Lesson) -> None:
        """Keeps the most important channels, in falling order, before the step that prunes."""
        if phase[0] == self._settings.pruning_step:
            importance = self._importance(lesson)
            self.encoder.kept.copy_(importance.argsort(descending=True)[: len(self.encoder.kept)])
            if phase[0] == "d":
                self._set_steps(lesson)

    def end(self, phase: str, lesson: Lesson) -> None:
        """Sets the quantiser for what the pruned network gives."""
        if phase[0] == "b":
            self._set_steps(lesson)

    def answer(self, phase: str) -> Answer:
        """The answer of one step."""
        return {"a": self._attended, "b": self._pruned, "e": self._tuned}.get(phase[0], self._decoded)

    def _attended(self, shared: Tensor, wanted: Features) -> tuple[Tensor, Tensor]:
        attention = self.encoder.attention(wanted.at_split)
        return self._tails[0](wanted.at_split * attention[:, :, None, None]), 0.1 * attention.mean()

    def _pruned(self, shared: Tensor, wanted: Features) -> tuple[Tensor, Tensor]:
        mask = torch.zeros(wanted.at_split.shape[1], device=shared.device)
        mask[self.encoder.kept] = 1
        pruned = self.encoder.features(shared) * mask[:, None, None]
        return self._tails[0](pruned), torch.zeros((), device=shared.device)

    def _decoded(self, shared: Tensor, wanted: Features) -> tuple[Tensor, Tensor]:
        symbols = self._symbols(shared)
        features = self.decoder.restored(symbols)
        rate = self._settings.rate_weight * universal_bits(symbols)
        return self._tails[0](features), 0.5 * distance(features, wanted.at_split) + rate

    def _tuned(self, shared: Tensor, wanted: Features) -> tuple[Tensor, Tensor]:
        symbols = self._symbols(shared)
        features = self.decoder(symbols)
        rate = LAST_RATE_SHARE * self._settings.rate_weight * universal_bits(symbols)
        return self._tails[1](features), 0.5 * distance(features, wanted.behind) + rate

    def _symbols(self, shared: Tensor) -> Tensor:
        symbols: Tensor = self.encoder.quantiser(self.encoder.features(shared)[:, self.encoder.kept])
        return symbols

    @torch.no_grad()
    def _importance(self, lesson: Lesson) -> Tensor:
        """`[channels]` what each channel is worth by the ranking, over training images."""
        settings, channels = self._settings, CHANNELS[self._settings.split]
        if settings.ranking == "random":
            drawn = torch.rand(channels, generator=torch.Generator().manual_seed(settings.seed))
            return drawn.to(lesson.device)
        total = torch.zeros(channels, device=lesson.device)
        for pixels in some_pixels(lesson.train, lesson.device, 256):
            features = self.encoder.last(self.encoder.frozen(pixels))
            if settings.ranking == "attention" and settings.step_by_step:
                total += self.encoder.attention(features).sum(0)
            else:
                total += features.abs().mean(dim=(2, 3)).sum(0)
        return total

    @torch.no_grad()
    def _set_steps(self, lesson: Lesson) -> None:
        """Sets each channel's quantiser step so that the 99.9 % quantile of its values gets the symbol 32."""
        encoder = self.encoder
        shared = (encoder.frozen(pixels) for pixels in some_pixels(lesson.train, lesson.device, 128))
        values = torch.cat([encoder.features(part)[:, encoder.kept].float() for part in shared])
        rows = values[:, :, ::3, ::3].transpose(0, 1).flatten(1)
        top = torch.quantile(rows, 0.999, dim=1).clamp_min(1e-3)
        encoder.quantiser.log_step.copy_((top / 32).log()[:, None, None])


def train_aecnn(settings: Settings, lesson: Lesson) -> dict[str, object]:
    """Trains AECNN step by step, resuming where it stopped, and writes its checkpoint.

    Args:
        settings: what kind of AECNN.
        lesson: on what, how long, and where to; its steps are named a(ttention), b (pruning), c (decoder),
            d (joint) and e (tail).

    Returns:
        The checkpoint's metadata.
    """
    torch.manual_seed(settings.seed)
    student = AecnnStudent(lesson.backbone, settings)
    lesson = go_on(replace(lesson, phases=settings.phases(lesson.phases)), student, "abcd")
    return train_student(student, "aecnn", settings, lesson, range(LEVELS))


def universal_bits(symbols: Tensor) -> Tensor:
    """Mean code length in bits of an Elias gamma code, `1 + 2 log2(1 + symbol)`: smooth, parameterless."""
    return (1 + 2 * torch.log2(1 + symbols)).mean()
