"""AECNN: the pruned, quantised feature map, range coded."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from coinfer.codecs.bitstream import KIND_AECNN, Message, pack, unpack
from coinfer.codecs.entropy import ChannelTables
from coinfer.codecs.network import IMAGE_SHAPE, network_size
from coinfer.codecs.protocol import BitstreamError, Codec, Cost, SettingsError
from coinfer.codecs.trained import Trained
from coinfer.models.aecnn import LEVELS, Decoder, Encoder, Shape, symbol_shape
from coinfer.models.flops import count_flops
from coinfer.models.images import SIZE_PX
from coinfer.models.parts import stage_behind

MODE_CODED, MODE_STORED = 0, 1


class Aecnn(Codec):
    """Attention-based feature compression (Li, Iosifidis and Zhang, 2023), reconstructed.

    Args:
        classifier: the classes to decide between.
        split: stage after which the network is cut; picks the checkpoint that comes with coinfer.
        coded: range coded; off for ablation: 8 bits a value as they are.
        checkpoint: a file of `coinfer train aecnn` to use instead.
    """

    encode_s = 0.076e-3
    decode_s = 0.215e-3

    def __init__(
        self,
        classifier: str = "scenes",
        split: str = "layer2",
        coded: bool = True,
        checkpoint: str | None = None,
    ) -> None:
        self.classifier, self.split, self.checkpoint = classifier, split, checkpoint
        if not isinstance(coded, bool):
            raise SettingsError(f"coded: expected true or false, got {coded!r}")
        self.coded = coded
        self._trained = Trained("aecnn", split, split, checkpoint, classifier)

    @torch.inference_mode()
    def encode(self, images: NDArray[np.uint8]) -> list[bytes]:
        """Encodes `[batch, 3, 224, 224]` RGB pixels into one message an image."""
        symbols = self._encoder(torch.from_numpy(images)).to(torch.int32).numpy()
        return [self.message(image) for image in symbols]

    @torch.inference_mode()
    def decode(self, payloads: Sequence[bytes]) -> NDArray[np.float32]:
        """Decodes messages and runs the tail: `[batch, classes]` scores."""
        symbols = np.stack([self.symbols(payload) for payload in payloads])
        backbone = self._trained.backbone
        pooled = backbone.tail(stage_behind(self.split))(self._decoder(torch.from_numpy(symbols)))
        scores: NDArray[np.float32] = backbone.classify(pooled, self.classifier).numpy()
        return scores

    def message(self, symbols: NDArray[np.int32]) -> bytes:
        """Codes `[kept, side, side]` symbols; at fixed width if that is asked for, or shorter."""
        if self.coded and len(body := self._tables.encode(symbols)) < symbols.size:
            return pack(Message(KIND_AECNN, MODE_CODED, self._trained.digest, body))
        plain = symbols.astype(np.uint8).tobytes()
        return pack(Message(KIND_AECNN, MODE_STORED, self._trained.digest, plain))

    def symbols(self, payload: bytes) -> NDArray[np.int32]:
        """Decodes a message into its `[kept, side, side]` symbols.

        Raises:
            BitstreamError: it is damaged, or made with another checkpoint.
        """
        message = unpack(payload, KIND_AECNN, self._trained.digest)
        shape = self._shape
        if message.mode == MODE_STORED and len(message.body) == shape.count:
            flat = np.frombuffer(message.body, dtype=np.uint8).astype(np.int32)
        elif message.mode == MODE_CODED and len(message.body) < shape.count:
            flat = self._decoded(message.body)
        else:
            raise BitstreamError(f"aecnn: body of {len(message.body)} bytes does not fit mode {message.mode}")
        return flat.reshape(shape.kept, shape.side, shape.side)

    def device_cost(self) -> Cost:
        """Head, attention, and the range coder if there is one."""
        return Cost(count_flops(self._encoder, (1, *IMAGE_SHAPE)), self.encode_s if self.coded else 0.0)

    def edge_cost(self) -> Cost:
        """Feature decoder and tail, and the range decoder if there is one."""
        shape = self._shape
        network = torch.nn.Sequential(self._decoder, self._trained.backbone.tail(stage_behind(self.split)))
        return Cost(
            count_flops(network, (1, shape.kept, shape.side, shape.side)),
            self.decode_s if self.coded else 0.0,
        )

    def ideal_bits(self, payload: bytes) -> float | None:
        """Information of a range-coded message's symbols under the checkpoint's tables, in bits."""
        return self._tables.ideal_bits(self.symbols(payload)) if self.coded else None

    def fixed_width_bytes(self) -> int:
        """The symbols at a byte each."""
        return self._shape.count

    def device_parameters(self) -> tuple[int, int]:
        """Head, attention and quantiser: parameters and bytes as float16."""
        return network_size(self._encoder)

    def _decoded(self, body: bytes) -> NDArray[np.int32]:
        try:
            return self._tables.decode(body, self._shape.side**2)
        except ValueError as error:
            raise BitstreamError(f"aecnn: {error}") from error

    @cached_property
    def _encoder(self) -> Encoder:
        return self._trained.loaded(Encoder(self._trained.backbone, self.split, self._shape.kept), "encoder.")

    @cached_property
    def _decoder(self) -> Decoder:
        return self._trained.loaded(Decoder(self._trained.backbone, self.split, self._shape.kept), "decoder.")

    @cached_property
    def _tables(self) -> ChannelTables:
        return ChannelTables(self._trained.table("counts", (self._shape.kept, LEVELS)))

    @cached_property
    def _shape(self) -> Shape:
        return symbol_shape(self.split, self._trained.metadata("kept"), SIZE_PX)
