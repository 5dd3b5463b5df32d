"""Anytime: one stream an image, the most important symbols first, valid wherever it is cut."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from coinfer.codecs.bitstream import HEADER_BYTES, KIND_ANYTIME, Message, pack, unpack
from coinfer.codecs.network import IMAGE_SHAPE, classify_features, network_size
from coinfer.codecs.prefix import ContextTables
from coinfer.codecs.protocol import BitstreamError, Codec, CodecError, Cost, SettingsError
from coinfer.codecs.threads import one_by_one
from coinfer.codecs.trained import Trained
from coinfer.models.anytime import LARGEST, SYMBOL_CHANNELS, Decoder, Encoder, grid_side
from coinfer.models.contexts import CONTEXTS, Contexts, stream_of
from coinfer.models.flops import count_flops
from coinfer.models.images import SIZE_PX
from coinfer.models.parts import stage_behind

MODE_WHOLE, MODE_CUT = 0, 1


class Anytime(Codec):
    """Many coarse channels in order of importance, range coded; a message may be cut to any length.

    Args:
        classifier: the classes to decide between.
        split: stage after which the network is cut; picks the checkpoint that comes with coinfer.
        max_bytes: cuts every message to this length, header included; null sends all of it.
        checkpoint: a file of `coinfer train anytime` to use instead.
    """

    encode_s = 0.65e-3
    decode_s = 6.4e-3

    cuts: tuple[int, ...] = (50, 75, 100, 150, 200, 250, 350, 500, 700, 1000)

    def __init__(
        self,
        classifier: str = "scenes",
        split: str = "layer2",
        max_bytes: int | None = None,
        checkpoint: str | None = None,
    ) -> None:
        self.classifier, self.split, self.max_bytes, self.checkpoint = (
            classifier,
            split,
            max_bytes,
            checkpoint,
        )
        if max_bytes is not None and (
            isinstance(max_bytes, bool) or not isinstance(max_bytes, int) or max_bytes < HEADER_BYTES
        ):
            raise SettingsError(
                f"max_bytes: expected null or a whole number of at least {HEADER_BYTES}, got {max_bytes!r}"
            )
        self._trained = Trained("anytime", split, split, checkpoint, classifier)
        if max_bytes is not None:
            self.cuts = tuple(size for size in self.cuts if size < max_bytes)

    def encode(self, images: NDArray[np.uint8]) -> list[bytes]:
        """Encodes `[batch, 3, 224, 224]` RGB pixels into one message an image."""
        symbols = one_by_one(self._encoder, torch.from_numpy(images)).to(torch.int32).numpy()
        return [self.message(image) for image in symbols]

    def decode(self, payloads: Sequence[bytes]) -> NDArray[np.float32]:
        """Decodes messages, whole or cut, and runs the tail: `[batch, classes]` scores."""
        parts = [self.symbols(payload) for payload in payloads]
        symbols = torch.from_numpy(np.stack([symbols for symbols, _ in parts])).float()
        arrived = torch.from_numpy(np.stack([arrived for _, arrived in parts]))
        stage = stage_behind(self.split)
        return classify_features(self._decoder, stage, self.classifier, symbols, arrived)

    def cut(self, payload: bytes, size: int) -> bytes:
        """Cuts a message to at most `size` bytes; see `Codec.cut`."""
        if size < HEADER_BYTES:
            raise CodecError(f"a message cannot be cut to {size} bytes: its header takes {HEADER_BYTES}")
        if len(payload) <= size:
            return payload
        body = unpack(payload, KIND_ANYTIME, self._trained.digest).body[: size - HEADER_BYTES]
        return pack(Message(KIND_ANYTIME, MODE_CUT, self._trained.digest, body))

    def message(self, symbols: NDArray[np.int32]) -> bytes:
        """Codes `[channels, side, side]` symbols."""
        body = self._tables.encode(symbols)
        whole = pack(Message(KIND_ANYTIME, MODE_WHOLE, self._trained.digest, body))
        return whole if self.max_bytes is None else self.cut(whole, self.max_bytes)

    def symbols(self, payload: bytes) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
        """Decodes a message into its symbols and whether each arrived, `[channels, side, side]` both.

        Raises:
            BitstreamError: it is damaged, or made with another checkpoint.
        """
        message = unpack(payload, KIND_ANYTIME, self._trained.digest)
        if message.mode not in (MODE_WHOLE, MODE_CUT):
            raise BitstreamError(f"anytime: unknown mode {message.mode}")
        side = grid_side(self.split, SIZE_PX)
        if message.mode == MODE_CUT:
            symbols, count = self._tables.decode_beginning(message.body, side)
        else:
            symbols = self._whole(message.body, side)
            count = symbols.size
        arrived = np.empty((SYMBOL_CHANNELS, side**2), dtype=bool)
        arrived[:, stream_of(side).order] = (np.arange(symbols.size) < count).reshape(arrived.shape)
        return symbols, arrived.reshape(symbols.shape)

    def _whole(self, body: bytes, side: int) -> NDArray[np.int32]:
        try:
            return self._tables.decode(body, side)
        except ValueError as error:
            raise BitstreamError(f"anytime: {error}") from error

    def ideal_bits(self, payload: bytes) -> float | None:
        """Information of a message's symbols under the codec's tables; see `Codec.ideal_bits`."""
        symbols, arrived = self.symbols(payload)
        return self._tables.ideal_bits(symbols, int(arrived.sum()))

    def fixed_width_bytes(self) -> int | None:
        """The whole stream's symbols at 4 bits each; see `Codec.fixed_width_bytes`."""
        return SYMBOL_CHANNELS * grid_side(self.split, SIZE_PX) ** 2 // 2

    def device_parameters(self) -> tuple[int, int]:
        """Parameters on the device; see `Codec.device_parameters`."""
        return network_size(self._encoder)

    def device_cost(self) -> Cost:
        """Head, encoder and range coder."""
        return Cost(count_flops(self._encoder, (1, *IMAGE_SHAPE)), self.encode_s)

    def edge_cost(self) -> Cost:
        """Range decoder, feature decoder and tail."""
        side = grid_side(self.split, SIZE_PX)
        restored = torch.nn.Sequential(self._decoder.restore, self._decoder.following)
        network = torch.nn.Sequential(restored, self._trained.backbone.tail(stage_behind(self.split)))
        return Cost(count_flops(network, (1, SYMBOL_CHANNELS, side, side)), self.decode_s)

    @cached_property
    def _encoder(self) -> Encoder:
        return self._trained.loaded(Encoder(self._trained.backbone, self.split), "encoder.")

    @cached_property
    def _decoder(self) -> Decoder:
        return self._trained.loaded(Decoder(self._trained.backbone, self.split), "decoder.")

    @cached_property
    def _tables(self) -> ContextTables:
        contexts = Contexts(
            self._trained.table("contexts.weights", Contexts.weights_shape(SYMBOL_CHANNELS)),
            self._trained.table("contexts.limits", Contexts.limits_shape(SYMBOL_CHANNELS)),
        )
        counts = self._trained.table("counts", (SYMBOL_CHANNELS, CONTEXTS, 2 * LARGEST + 1))
        return ContextTables(contexts, counts, -LARGEST)
