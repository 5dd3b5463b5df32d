"""Split inference without compression: the device sends the feature map as it is, or at 8 bits a value."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Sequence
from math import prod
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from coinfer.codecs.bitstream import (
    KIND_SPLIT_FLOAT32,
    KIND_SPLIT_INT8,
    Message,
    pack,
    short_digest,
    unpack,
)
from coinfer.codecs.network import IMAGE_SHAPE, backbone_for, classify_features, network_sha256, network_size
from coinfer.codecs.protocol import BitstreamError, Codec, Cost, SettingsError
from coinfer.codecs.threads import one_by_one
from coinfer.models.backbone import CHANNELS, SPLITS, STRIDES
from coinfer.models.flops import count_flops
from coinfer.models.images import SIZE_PX

LEVELS = 256
"""8 bits a value."""


class SplitCodec(Codec):
    """Head on the device, tail at the edge, and between them the features after `split`.

    A message is the header of `bitstream` and a body; the header's mode is the number of the split.

    Args:
        classifier: the classes to decide between.
        split: stage after which the network is cut, stem or layer1..layer4.
    """

    kind: ClassVar[int]
    """Of the messages, in their header."""

    name: ClassVar[str]
    """As a scenario names the codec."""

    value_bytes: ClassVar[int]
    """Bytes of a value in the body."""

    encode_s_per_value: ClassVar[float]
    """Seconds a feature value to write on the reference core."""

    decode_s_per_value: ClassVar[float]
    """Seconds a feature value to read on the reference core."""

    def __init__(self, classifier: str = "scenes", split: str = "layer2") -> None:
        if split not in SPLITS:
            raise SettingsError(f"split: expected one of {', '.join(SPLITS)}, got {split!r}")
        self.classifier, self.split = classifier, split

    @abstractmethod
    def to_body(self, features: NDArray[np.float32]) -> bytes:
        """Writes `[channels, side, side]` features, at least 0 as they come from a ReLU."""

    @abstractmethod
    def from_body(self, body: bytes, shape: tuple[int, int, int]) -> NDArray[np.float32]:
        """Reads `[channels, side, side]` features of the given shape.

        Raises:
            BitstreamError: the body is of another length, or holds what is no number.
        """

    def encode(self, images: NDArray[np.uint8]) -> list[bytes]:
        """Encodes `[batch, 3, 224, 224]` RGB pixels into one message an image; see `one_by_one`."""
        head = backbone_for(self.classifier).head(self.split)
        return [self.message(features) for features in one_by_one(head, torch.from_numpy(images)).numpy()]

    def decode(self, payloads: Sequence[bytes]) -> NDArray[np.float32]:
        """Reads the features and runs the tail: `[batch, classes]` scores."""
        features = torch.empty((len(payloads), *self._shape)).to(memory_format=torch.channels_last)
        for image, payload in zip(features.numpy(), payloads, strict=True):
            image[...] = self.features(payload)
        return classify_features(nn.Identity(), self.split, self.classifier, features)

    def message(self, features: NDArray[np.float32]) -> bytes:
        """Writes the `[channels, side, side]` features of one image."""
        return pack(Message(self.kind, SPLITS.index(self.split), self._digest, self.to_body(features)))

    def features(self, payload: bytes) -> NDArray[np.float32]:
        """Reads the `[channels, side, side]` features of one image.

        Raises:
            BitstreamError: it is damaged, or of another network or split.
        """
        message = unpack(payload, self.kind, self._digest)
        if message.mode != SPLITS.index(self.split):
            raise BitstreamError(
                f"{self.name}: message of split {message.mode}, "
                f"this decoder reads {SPLITS.index(self.split)}, {self.split}"
            )
        return self.from_body(message.body, self._shape)

    def device_cost(self) -> Cost:
        """Head, and writing the features."""
        flops = count_flops(backbone_for(self.classifier).head(self.split), (1, *IMAGE_SHAPE))
        return Cost(flops, self.encode_s_per_value * prod(self._shape))

    def edge_cost(self) -> Cost:
        """Reading the features, and the tail."""
        flops = count_flops(backbone_for(self.classifier).tail(self.split), (1, *self._shape))
        return Cost(flops, self.decode_s_per_value * prod(self._shape))

    def fixed_width_bytes(self) -> int:
        """The values; the steps are not counted."""
        return self.value_bytes * prod(self._shape)

    def device_parameters(self) -> tuple[int, int]:
        """Head: parameters and bytes as float16."""
        return network_size(backbone_for(self.classifier).head(self.split))

    @property
    def _shape(self) -> tuple[int, int, int]:
        side = SIZE_PX // STRIDES[self.split]
        return CHANNELS[self.split], side, side

    @property
    def _digest(self) -> int:
        return short_digest(hashlib.sha256(network_sha256(self.classifier).encode()).hexdigest())

    def _check_length(self, body: bytes, expected: int) -> None:
        if len(body) != expected:
            raise BitstreamError(f"{self.name}: body of {len(body)} bytes, expected {expected}")


class SplitFloat32(SplitCodec):
    """The feature map as float32, without any loss: 32 bits a value.

    Body: the values, little-endian, channel after channel, row after row.

    Args:
        classifier: the classes to decide between.
        split: stage after which the network is cut, stem or layer1..layer4.
    """

    kind, name, value_bytes = KIND_SPLIT_FLOAT32, "split-float32", 4
    encode_s_per_value = 11.1e-9
    decode_s_per_value = 11.5e-9

    def to_body(self, features: NDArray[np.float32]) -> bytes:
        """The values."""
        return features.astype("<f4", copy=False).tobytes()

    def from_body(self, body: bytes, shape: tuple[int, int, int]) -> NDArray[np.float32]:
        """The values again; infinity and NaN are refused."""
        self._check_length(body, self.value_bytes * prod(shape))
        features = np.frombuffer(body, dtype="<f4").reshape(shape)
        if not np.isfinite(features).all():
            raise BitstreamError(f"{self.name}: the features are not all finite")
        return features.astype(np.float32, copy=False)


class SplitInt8(SplitCodec):
    """The feature map at 8 bits a value, with one step for each channel of each image.

    Body: the steps, little-endian float16, then the values in steps, one byte each, channel after channel,
    row after row. A step is 1/255 of the largest value of its channel; 0 where all are 0.

    Args:
        classifier: the classes to decide between.
        split: stage after which the network is cut, stem or layer1..layer4.
    """

    kind, name, value_bytes = KIND_SPLIT_INT8, "split-int8", 1
    encode_s_per_value = 4.8e-9
    decode_s_per_value = 3.5e-9

    def to_body(self, features: NDArray[np.float32]) -> bytes:
        """Steps and values, rounded to the nearest step that fits into a byte."""
        largest = features.max(axis=(1, 2)) / (LEVELS - 1)
        steps = np.clip(largest, 0, np.finfo(np.float16).max).astype("<f2")
        divisors = np.where(steps > 0, steps, np.inf).astype(np.float32)
        symbols = np.rint(features / divisors[:, None, None]).clip(0, LEVELS - 1).astype(np.uint8)
        return b"".join([steps.tobytes(), symbols.tobytes()])

    def from_body(self, body: bytes, shape: tuple[int, int, int]) -> NDArray[np.float32]:
        """Values times steps; a step that is negative, infinite or NaN is refused."""
        channels = shape[0]
        self._check_length(body, 2 * channels + prod(shape))
        steps = np.frombuffer(body, dtype="<f2", count=channels).astype(np.float32)
        if not (np.isfinite(steps) & (steps >= 0)).all():
            raise BitstreamError(f"{self.name}: the steps are not all finite and at least 0")
        symbols = np.frombuffer(body, dtype=np.uint8, offset=2 * channels).reshape(shape)
        return symbols * steps[:, None, None]
