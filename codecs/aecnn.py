"""AECNN: the pruned, quantised feature map, range coded."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from coinfer.codecs.bitstream import KIND_AECNN, Message, pack, short_digest, unpack
from coinfer.codecs.entropy import ChannelTables
from coinfer.codecs.network import IMAGE_SHAPE, backbone_for, network_sha256
from coinfer.codecs.protocol import BitstreamError, Codec, Cost, SettingsError
from coinfer.models.aecnn import LEVELS, Decoder, Encoder, Shape, stage_behind, symbol_shape
from coinfer.models.backbone import SPLITS, shipped
from coinfer.models.checkpoints import Checkpoint, CheckpointError, read_checkpoint, shipped_path
from coinfer.models.flops import count_flops

MODE_CODED, MODE_STORED = 0, 1

Half = TypeVar("Half", Encoder, Decoder)


class Aecnn(Codec):
    """Attention-based feature compression (Li, Iosifidis and Zhang, 2023), reconstructed.

    Args:
        classifier: the classes to decide between.
        split: stage after which the network is cut; picks the checkpoint that comes with coinfer.
        checkpoint: a file of `coinfer train aecnn` to use instead.
    """

    encode_s = 0.076e-3
    decode_s = 0.215e-3

    def __init__(
        self, classifier: str = "scenes", split: str = "layer2", checkpoint: str | None = None
    ) -> None:
        self.classifier, self.split, self.checkpoint = classifier, split, checkpoint
        if split not in SPLITS[1:]:
            raise SettingsError(f"split: expected one of {', '.join(SPLITS[1:])}, got {split!r}")
        try:
            self._weights  # noqa: B018
        except CheckpointError as error:
            raise SettingsError(str(error)) from error

    @torch.inference_mode()
    def encode(self, images: NDArray[np.uint8]) -> list[bytes]:
        """Encodes `[batch, 3, 224, 224]` RGB pixels into one message an image."""
        symbols = self._encoder(torch.from_numpy(images)).to(torch.int32).numpy()
        return [self.message(image) for image in symbols]

    @torch.inference_mode()
    def decode(self, payloads: Sequence[bytes]) -> NDArray[np.float32]:
        """Decodes messages and runs the tail: `[batch, classes]` scores."""
        symbols = np.stack([self.symbols(payload) for payload in payloads])
        backbone = backbone_for(self.classifier)
        pooled = backbone.tail(stage_behind(self.split))(self._decoder(torch.from_numpy(symbols)))
        scores: NDArray[np.float32] = backbone.classify(pooled, self.classifier).numpy()
        return scores

    def message(self, symbols: NDArray[np.int32]) -> bytes:
        """Codes `[kept, side, side]` symbols; stores them at fixed width where that is shorter."""
        mode, body = MODE_CODED, self._tables.encode(symbols)
        if len(body) >= symbols.size:
            mode, body = MODE_STORED, symbols.astype(np.uint8).tobytes()
        return pack(Message(KIND_AECNN, mode, self._digest, body))

    def symbols(self, payload: bytes) -> NDArray[np.int32]:
        """Decodes a message into its `[kept, side, side]` symbols.

        Raises:
            BitstreamError: it is damaged, or made with another checkpoint.
        """
        message = unpack(payload, KIND_AECNN, self._digest)
        shape = self._shape
        if message.mode == MODE_STORED and len(message.body) == shape.count:
            flat = np.frombuffer(message.body, dtype=np.uint8).astype(np.int32)
        elif message.mode == MODE_CODED and len(message.body) < shape.count:
            flat = self._decoded(message.body)
        else:
            raise BitstreamError(f"aecnn: body of {len(message.body)} bytes does not fit mode {message.mode}")
        return flat.reshape(shape.kept, shape.side, shape.side)

    def device_cost(self) -> Cost:
        """Head, attention and entropy coder."""
        return Cost(count_flops(self._encoder, (1, *IMAGE_SHAPE)), self.encode_s)

    def edge_cost(self) -> Cost:
        """Entropy decoder, feature decoder and tail."""
        shape = self._shape
        network = torch.nn.Sequential(self._decoder, shipped().tail(stage_behind(self.split)))
        return Cost(count_flops(network, (1, shape.kept, shape.side, shape.side)), self.decode_s)

    def _decoded(self, body: bytes) -> NDArray[np.int32]:
        try:
            return self._tables.decode(body, self._shape.side**2)
        except ValueError as error:
            raise BitstreamError(f"aecnn: {error}") from error

    @cached_property
    def _weights(self) -> Checkpoint:
        path = Path(self.checkpoint) if self.checkpoint else shipped_path(f"aecnn-{self.split}")
        weights = read_checkpoint(path, "aecnn")
        lacks = sorted({"split", "kept", "size_px"} - weights.metadata.keys())
        if lacks:
            raise CheckpointError(f"{path}: metadata lacks {', '.join(lacks)}; train it again")
        if weights.metadata["split"] != self.split:
            raise CheckpointError(f"{path}: made for split '{weights.metadata['split']}', not '{self.split}'")
        return weights

    @cached_property
    def _encoder(self) -> Encoder:
        return self._loaded(Encoder(shipped(), self.split, self._shape.kept), "encoder.")

    @cached_property
    def _decoder(self) -> Decoder:
        return self._loaded(Decoder(shipped(), self.split, self._shape.kept), "decoder.")

    @cached_property
    def _tables(self) -> ChannelTables:
        counts = self._weights.tensors.get("counts", torch.empty(0))
        if counts.shape != (self._shape.kept, LEVELS):
            raise SettingsError(self._misfit("counts"))
        return ChannelTables(counts.numpy())

    @cached_property
    def _shape(self) -> Shape:
        metadata = self._weights.metadata
        return symbol_shape(self.split, metadata["kept"], metadata["size_px"])

    @cached_property
    def _digest(self) -> int:
        return short_digest(hashlib.sha256((network_sha256() + self._weights.sha256).encode()).hexdigest())

    def _loaded(self, module: Half, prefix: str) -> Half:
        tensors = self._weights.tensors.items()
        given = {key.removeprefix(prefix): value for key, value in tensors if key.startswith(prefix)}
        wanted, got = _shapes(module.state_dict()), _shapes(given)
        for key in sorted(wanted.keys() | got.keys()):
            if wanted.get(key) != got.get(key):
                raise SettingsError(self._misfit(prefix + key))
        module.load_state_dict(given, strict=False)
        return module.to(memory_format=torch.channels_last).eval().requires_grad_(False)

    def _misfit(self, key: str) -> str:
        plan = f"split '{self.split}' with {self._shape.kept} channels"
        return f"{self._weights.path}: tensor '{key}' does not fit {plan}; train it again"


def _shapes(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Size]:
    """Shapes of the tensors that belong into a checkpoint; the frozen part comes with the backbone."""
    return {
        key: value.shape
        for key, value in tensors.items()
        if not key.startswith("frozen.") and not key.endswith("num_batches_tracked")
    }
