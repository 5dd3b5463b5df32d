"""AECNN: the pruned, quantised feature map, range coded."""

from __future__ import annotations

from functools import cached_property

from coinfer.codecs.bitstream import KIND_AECNN
from coinfer.codecs.eight_bit import EightBit
from coinfer.codecs.trained import Trained
from coinfer.models.aecnn import Decoder, Encoder, grid_side
from coinfer.models.images import SIZE_PX


class Aecnn(EightBit):
    """Attention-based feature compression (Li, Iosifidis and Zhang, 2023), reconstructed.

    Args:
        classifier: the classes to decide between.
        split: stage after which the network is cut; picks the checkpoint that comes with coinfer.
        coded: range coded; off for ablation: 8 bits a value as they are, which tolerate a lossy link.
        checkpoint: a file of `coinfer train aecnn` to use instead.
    """

    name, kind, lost = "aecnn", KIND_AECNN, 0
    encode_s, decode_s = 0.076e-3, 0.215e-3

    def __init__(
        self,
        classifier: str = "scenes",
        split: str = "layer2",
        coded: bool = True,
        checkpoint: str | None = None,
    ) -> None:
        super().__init__(classifier, split, coded, Trained("aecnn", split, split, checkpoint, classifier))
        self.checkpoint = checkpoint

    @cached_property
    def _shape(self) -> tuple[int, int, int]:
        side = grid_side(self.split, SIZE_PX)
        return self._trained.metadata("kept"), side, side

    @cached_property
    def _encoder(self) -> Encoder:
        return self._trained.loaded(Encoder(self._trained.backbone, self.split, self._shape[0]), "encoder.")

    @cached_property
    def _decoder(self) -> Decoder:
        return self._trained.loaded(Decoder(self._trained.backbone, self.split, self._shape[0]), "decoder.")
