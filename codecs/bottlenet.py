"""BottleNet++: 8-bit values of a convolutional encoder, plain or range coded."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from coinfer.codecs.bitstream import HEADER_BYTES, KIND_BOTTLENET, Message, pack, unpack
from coinfer.codecs.entropy import ChannelTables
from coinfer.codecs.network import IMAGE_SHAPE, network_size
from coinfer.codecs.protocol import BitstreamError, Codec, CodecError, Cost, Damaged, SettingsError
from coinfer.codecs.trained import Trained
from coinfer.models.bottlenet import ERASED, LEVELS, Decoder, Encoder, grid_side
from coinfer.models.flops import count_flops
from coinfer.models.images import SIZE_PX
from coinfer.models.parts import stage_behind

MODE_CODED, MODE_PLAIN = 0, 1


class Bottlenet(Codec):
    """BottleNet++ (Shao and Zhang, 2020), reconstructed; tolerates a lossy link when it is not range coded.

    Args:
        classifier: the classes to decide between.
        split: stage after which the network is cut.
        ratio: compression before entropy coding; picks the checkpoint that comes with coinfer, too.
        coded: range coded, as AECNN is; the paper sends 8 bits a value as they are.
        checkpoint: a file of `coinfer train bottlenet` to use instead.
    """

    encode_s = 0.028e-3
    decode_s = 0.066e-3

    def __init__(
        self,
        classifier: str = "scenes",
        split: str = "layer2",
        ratio: int = 1024,
        coded: bool = False,
        checkpoint: str | None = None,
    ) -> None:
        self.classifier, self.split, self.ratio, self.checkpoint = classifier, split, ratio, checkpoint
        if isinstance(ratio, bool) or not isinstance(ratio, int) or ratio < 1:
            raise SettingsError(f"ratio: expected a whole number of at least 1, got {ratio!r}")
        if not isinstance(coded, bool):
            raise SettingsError(f"coded: expected true or false, got {coded!r}")
        self.coded = coded
        self.tolerates_loss = not coded
        self._trained = Trained("bottlenet", split, f"{split}-{ratio}", checkpoint, classifier)
        if self._trained.metadata("ratio") != ratio:
            raise SettingsError(
                f"{checkpoint}: made for ratio {self._trained.metadata('ratio')}, not {ratio}"
            )

    @torch.inference_mode()
    def encode(self, images: NDArray[np.uint8]) -> list[bytes]:
        """Encodes `[batch, 3, 224, 224]` RGB pixels into one message an image."""
        symbols = self._encoder(torch.from_numpy(images)).to(torch.int32).numpy()
        return [self.message(image) for image in symbols]

    def decode(self, payloads: Sequence[bytes]) -> NDArray[np.float32]:
        """Decodes messages and runs the tail: `[batch, classes]` scores."""
        return self._scores(np.stack([self.symbols(payload) for payload in payloads]))

    def decode_damaged(self, messages: Sequence[Damaged]) -> NDArray[np.float32]:
        """Decodes what arrived of plain messages; a lost value is taken as the middle of the range."""
        if self.coded:
            raise CodecError(f"{self!r} is range coded and does not tolerate loss")
        return self._scores(np.stack([self._remains(message) for message in messages]))

    def message(self, symbols: NDArray[np.int32]) -> bytes:
        """Codes `[sent, side, side]` symbols; at fixed width if that is asked for, or shorter."""
        plain = Message(KIND_BOTTLENET, MODE_PLAIN, self._trained.digest, symbols.astype(np.uint8).tobytes())
        if self.coded and len(body := self._tables.encode(symbols)) < symbols.size:
            return pack(Message(KIND_BOTTLENET, MODE_CODED, self._trained.digest, body))
        return pack(plain)

    def symbols(self, payload: bytes) -> NDArray[np.int32]:
        """Decodes a message into its `[sent, side, side]` symbols.

        Raises:
            BitstreamError: it is damaged, or made with another checkpoint.
        """
        message = unpack(payload, KIND_BOTTLENET, self._trained.digest)
        count = int(np.prod(self._shape))
        if message.mode == MODE_PLAIN and len(message.body) == count:
            flat = np.frombuffer(message.body, dtype=np.uint8).astype(np.int32)
        elif message.mode == MODE_CODED and len(message.body) < count:
            try:
                flat = self._tables.decode(message.body, self._shape[1] * self._shape[2])
            except ValueError as error:
                raise BitstreamError(f"bottlenet++: {error}") from error
        else:
            raise BitstreamError(
                f"bottlenet++: body of {len(message.body)} bytes does not fit mode {message.mode}"
            )
        return flat.reshape(self._shape)

    def ideal_bits(self, payload: bytes) -> float | None:
        """Information of a range-coded message's symbols under the codec's tables; see `Codec.ideal_bits`."""
        return self._tables.ideal_bits(self.symbols(payload)) if self.coded else None

    def fixed_width_bytes(self) -> int | None:
        """A byte a value; see `Codec.fixed_width_bytes`."""
        return int(np.prod(self._shape))

    def device_parameters(self) -> tuple[int, int]:
        """Parameters on the device; see `Codec.device_parameters`."""
        return network_size(self._encoder)

    def device_cost(self) -> Cost:
        """Head and encoder, and the range coder if there is one."""
        return Cost(count_flops(self._encoder, (1, *IMAGE_SHAPE)), self.encode_s if self.coded else 0.0)

    def edge_cost(self) -> Cost:
        """Feature decoder and tail, and the range decoder if there is one."""
        network = torch.nn.Sequential(self._decoder, self._trained.backbone.tail(stage_behind(self.split)))
        return Cost(count_flops(network, (1, *self._shape)), self.decode_s if self.coded else 0.0)

    @torch.inference_mode()
    def _scores(self, symbols: NDArray[np.int32]) -> NDArray[np.float32]:
        backbone = self._trained.backbone
        pooled = backbone.tail(stage_behind(self.split))(self._decoder(torch.from_numpy(symbols)))
        scores: NDArray[np.float32] = backbone.classify(pooled, self.classifier).numpy()
        return scores

    def _remains(self, message: Damaged) -> NDArray[np.int32]:
        values = np.frombuffer(message.data, dtype=np.uint8).astype(np.int32)
        for start, end in message.lost:
            values[start:end] = ERASED
        return values[HEADER_BYTES:].reshape(self._shape)

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

    @cached_property
    def _tables(self) -> ChannelTables:
        return ChannelTables(self._trained.table("counts", (self._shape[0], LEVELS)))
