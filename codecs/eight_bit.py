"""Symbols of 8 bits on a grid, plain or range coded: what `aecnn` and `bottlenet++` share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from functools import cached_property
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from coinfer.codecs.bitstream import HEADER_BYTES, Message, pack, unpack
from coinfer.codecs.entropy import ChannelTables
from coinfer.codecs.network import IMAGE_SHAPE, classify_features, network_size
from coinfer.codecs.protocol import BitstreamError, Codec, Cost, Damaged, SettingsError
from coinfer.codecs.threads import one_by_one
from coinfer.codecs.trained import Trained
from coinfer.models.flops import count_flops
from coinfer.models.parts import stage_behind

LEVELS = 256

MODE_CODED, MODE_PLAIN = 0, 1


class EightBit(Codec):
    """A feature codec whose encoder gives `[channels, side, side]` symbols in 0..255.

    A plain message has a byte for each symbol, and tolerates a lossy link. A range-coded one is shorter, and
    of no use once a byte is lost.
    """

    name: ClassVar[str]
    kind: ClassVar[int]
    lost: ClassVar[int]
    """What the edge takes for a symbol that did not arrive."""

    encode_s: ClassVar[float]
    decode_s: ClassVar[float]
    """Range coding one image [s]; measured by benchmarks/codec_time.py."""

    def __init__(self, classifier: str, split: str, coded: bool, trained: Trained) -> None:
        if not isinstance(coded, bool):
            raise SettingsError(f"coded: expected true or false, got {coded!r}")
        self.classifier, self.split, self.coded = classifier, split, coded
        self.tolerates_loss = not coded
        self._trained = trained

    @property
    @abstractmethod
    def _shape(self) -> tuple[int, int, int]:
        """Channels, side and side of an image's symbols."""

    @property
    @abstractmethod
    def _encoder(self) -> nn.Module:
        """`[batch, 3, 224, 224]` pixels to `[batch, channels, side, side]` symbols."""

    @property
    @abstractmethod
    def _decoder(self) -> nn.Module:
        """Symbols to the features after `stage_behind(split)`."""

    def encode(self, images: NDArray[np.uint8]) -> list[bytes]:
        """Encodes `[batch, 3, 224, 224]` RGB pixels into one message an image."""
        symbols = one_by_one(self._encoder, torch.from_numpy(images)).to(torch.int32).numpy()
        return [self.message(image) for image in symbols]

    def decode(self, payloads: Sequence[bytes]) -> NDArray[np.float32]:
        """Decodes messages and runs the tail: `[batch, classes]` scores."""
        return self._scores(np.stack([self.symbols(payload) for payload in payloads]))

    def decode_damaged(self, messages: Sequence[Damaged]) -> NDArray[np.float32]:
        """Decodes what arrived of plain messages; `lost` stands in for the rest."""
        if self.coded:
            return super().decode_damaged(messages)
        return self._scores(np.stack([self._remains(message) for message in messages]))

    def message(self, symbols: NDArray[np.int32]) -> bytes:
        """Codes `[channels, side, side]` symbols; at fixed width if that is asked for, or shorter."""
        if self.coded and len(body := self._tables.encode(symbols)) < symbols.size:
            return pack(Message(self.kind, MODE_CODED, self._trained.digest, body))
        plain = symbols.astype(np.uint8).tobytes()
        return pack(Message(self.kind, MODE_PLAIN, self._trained.digest, plain))

    def symbols(self, payload: bytes) -> NDArray[np.int32]:
        """Decodes a message into its `[channels, side, side]` symbols.

        Raises:
            BitstreamError: it is damaged, or made with another checkpoint.
        """
        message = unpack(payload, self.kind, self._trained.digest)
        count, body = self.fixed_width_bytes(), message.body
        if message.mode == MODE_PLAIN and len(body) == count:
            flat = np.frombuffer(body, dtype=np.uint8).astype(np.int32)
        elif message.mode == MODE_CODED and len(body) < count:
            flat = self._decoded(body)
        else:
            raise BitstreamError(f"{self.name}: body of {len(body)} bytes does not fit mode {message.mode}")
        return flat.reshape(self._shape)

    def ideal_bits(self, payload: bytes) -> float | None:
        """Information of a range-coded message's symbols under the checkpoint's tables, in bits."""
        return self._tables.ideal_bits(self.symbols(payload)) if self.coded else None

    def fixed_width_bytes(self) -> int:
        """The symbols at a byte each."""
        return int(np.prod(self._shape))

    def device_parameters(self) -> tuple[int, int]:
        """Parameters on the device; see `Codec.device_parameters`."""
        return network_size(self._encoder)

    def device_cost(self) -> Cost:
        """Head and encoder, and the range coder if there is one."""
        return Cost(count_flops(self._encoder, (1, *IMAGE_SHAPE)), self.encode_s if self.coded else 0.0)

    def edge_cost(self) -> Cost:
        """Feature decoder and tail, and the range decoder if there is one."""
        network = nn.Sequential(self._decoder, self._trained.backbone.tail(stage_behind(self.split)))
        return Cost(count_flops(network, (1, *self._shape)), self.decode_s if self.coded else 0.0)

    def _scores(self, symbols: NDArray[np.int32]) -> NDArray[np.float32]:
        stage = stage_behind(self.split)
        return classify_features(self._decoder, stage, self.classifier, torch.from_numpy(symbols))

    def _decoded(self, body: bytes) -> NDArray[np.int32]:
        _, height, width = self._shape
        try:
            return self._tables.decode(body, height * width)
        except ValueError as error:
            raise BitstreamError(f"{self.name}: {error}") from error

    def _remains(self, message: Damaged) -> NDArray[np.int32]:
        values = np.frombuffer(message.data, dtype=np.uint8).astype(np.int32)
        for start, end in message.lost:
            values[start:end] = self.lost
        return values[HEADER_BYTES:].reshape(self._shape)

    @cached_property
    def _tables(self) -> ChannelTables:
        return ChannelTables(self._trained.table("counts", (self._shape[0], LEVELS)))
