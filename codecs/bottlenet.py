"""BottleNet++: 8-bit values of a convolutional encoder, plain or range coded."""

from __future__ import annotations

from functools import cached_property

from coinfer.codecs.bitstream import KIND_BOTTLENET
from coinfer.codecs.eight_bit import EightBit
from coinfer.codecs.protocol import SettingsError
from coinfer.codecs.trained import Trained
from coinfer.models.bottlenet import ERASED, Decoder, Encoder, grid_side
from coinfer.models.images import SIZE_PX


class Bottlenet(EightBit):
    """BottleNet++ (Shao and Zhang, 2020), reconstructed; tolerates a lossy link when it is not range coded.

    Args:
        classifier: the classes to decide between.
        split: stage after which the network is cut.
        ratio: compression before entropy coding; picks the checkpoint that comes with coinfer, too.
        coded: range coded, as AECNN is; the paper sends 8 bits a value as they are.
        checkpoint: a file of `coinfer train bottlenet` to use instead.
    """

    name, kind, lost = "bottlenet++", KIND_BOTTLENET, ERASED
    encode_s, decode_s = 0.028e-3, 0.066e-3

    def __init__(
        self,
        classifier: str = "scenes",
        split: str = "layer2",
        ratio: int = 1024,
        coded: bool = False,
        checkpoint: str | None = None,
    ) -> None:
        if isinstance(ratio, bool) or not isinstance(ratio, int) or ratio < 1:
            raise SettingsError(f"ratio: expected a whole number of at least 1, got {ratio!r}")
        trained = Trained("bottlenet", split, f"{split}-{ratio}", checkpoint, classifier)
        super().__init__(classifier, split, coded, trained)
        self.ratio, self.checkpoint = ratio, checkpoint
        if trained.metadata("ratio") != ratio:
            raise SettingsError(f"{checkpoint}: made for ratio {trained.metadata('ratio')}, not {ratio}")

    @cached_property
    def _shape(self) -> tuple[int, int, int]:
        side = grid_side(self.split, SIZE_PX)
        return self._trained.metadata("sent"), side, side

    @cached_property
    def _encoder(self) -> Encoder:
        return self._trained.loaded(Encoder(self._trained.backbone, self.split, self._shape[0]), "encoder.")

    @cached_property
    def _decoder(self) -> Decoder:
        return self._trained.loaded(Decoder(self._trained.backbone, self.split, self._shape[0]), "decoder.")
