"""The contract between codecs and everything else.

A codec has two halves, as two machines would: `encode` runs on the device, `decode` on the edge server. The
only thing that passes between them is bytes. A payload's size is `len(bytes)` of a message that was decoded.

    class MyCodec(Codec):
        def __init__(self, classifier: str = "scenes", quality: int = 50) -> None: ...
        def encode(self, images): ...        # device: pixels to bytes
        def decode(self, payloads): ...      # edge: bytes to class scores
        def device_cost(self): ...           # what encode costs, an image
        def edge_cost(self): ...             # what decode costs, an image

A link without retransmission may damage a message. A codec that can answer all the same says so with
`tolerates_loss` and `decode_damaged`; of any other codec the message is discarded, and the answer is wrong.

A codec whose messages may be cut short lists in `cuts` the sizes at which measuring tries them, and cuts one
with `cut`: a device can then send what its link still carries by the deadline.

    CodecError            what a codec raises for its user's or its peer's mistakes
    +-- SettingsError     a setting that the codec does not take
    +-- BitstreamError    bytes that are no message of this codec
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray


class CodecError(ValueError):
    """A codec was asked for something it cannot do."""


class SettingsError(CodecError):
    """A setting is unknown, of the wrong type, or out of range."""


class BitstreamError(CodecError):
    """Bytes are truncated, altered, of another version, or made by another checkpoint."""


@dataclass(frozen=True)
class Cost:
    """Work for one image.

    Args:
        flops: floating-point operations of neural networks, 2 for a multiply-accumulate.
        serial_s: seconds of serial code (entropy coder, image file format) on the reference core,
            one core of a server-class AMD EPYC (Zen 4); measured by benchmarks/codec_time.py.
    """

    flops: float = 0.0
    serial_s: float = 0.0

    def __post_init__(self) -> None:
        if not (0.0 <= self.flops < inf and 0.0 <= self.serial_s < inf):
            raise CodecError(
                f"a cost must be finite and at least 0, got {self.flops} FLOPs, {self.serial_s} s"
            )

    def __add__(self, other: Cost) -> Cost:
        """Work done one after the other."""
        return Cost(self.flops + other.flops, self.serial_s + other.serial_s)


@dataclass(frozen=True)
class Damaged:
    """A message as it arrives over a link without retransmission, as long as it was sent.

    Args:
        data: the bytes; erased ones are zero, flipped bits are flipped.
        lost: `(start, end)` of each erased range of `data`, ascending, without overlap, end not included.
    """

    data: bytes
    lost: tuple[tuple[int, int], ...] = ()


class Codec(ABC):
    """Images to bytes on the device; bytes to class scores at the edge.

    Constructor arguments are the settings: plain data, kept as attributes of the same names, and shown by
    `repr`. Every codec takes `classifier`, the set of classes to decide between.
    """

    answers_on_device: ClassVar[bool] = False
    """True if the device itself has the answer once it has encoded; the payload then only reports it."""

    tolerates_loss: bool = False
    """True if `decode_damaged` makes the best of a message with erased bytes or flipped bits.

    False for codecs whose messages are of no use damaged (`png`, `local`, `split-*`, all that is range coded)
    or fall apart after the first wrong bit (`jpeg`, `webp`): damage is taken to be noticed, as by a checksum
    of the message or the transport, and nothing is decoded.
    """

    cuts: tuple[int, ...] = ()
    """Sizes in bytes, ascending, to which measuring cuts each message; empty if messages cannot be cut."""

    classifier: str

    @abstractmethod
    def encode(self, images: NDArray[np.uint8]) -> list[bytes]:
        """Encodes `[batch, 3, 224, 224]` RGB pixels into one message an image."""

    @abstractmethod
    def decode(self, payloads: Sequence[bytes]) -> NDArray[np.float32]:
        """Decodes messages into `[batch, classes]` scores; the largest is the answer.

        Raises:
            BitstreamError: a message is damaged or not of this codec.
        """

    def decode_damaged(self, messages: Sequence[Damaged]) -> NDArray[np.float32]:
        """Decodes messages of which something was lost into `[batch, classes]` scores, however bad they are.

        Called only where `tolerates_loss`, and never for a message that arrived whole.

        Raises:
            CodecError: this codec does not tolerate loss.
        """
        raise CodecError(f"{self!r} does not tolerate loss: a damaged message has to be discarded")

    def cut(self, payload: bytes, size: int) -> bytes:
        """Cuts a message to at most `size` bytes: another message, which `decode` takes as well.

        Called only where `cuts` lists sizes, and for no size below the first of them.

        Raises:
            CodecError: messages of this codec cannot be cut, or not to so few bytes.
        """
        raise CodecError(f"{self!r} cannot cut its messages")

    @abstractmethod
    def device_cost(self) -> Cost:
        """Work of `encode` for one image."""

    @abstractmethod
    def edge_cost(self) -> Cost:
        """Work of `decode` for one message."""

    def ideal_bits(self, payload: bytes) -> float | None:
        """Information of a message's content under the codec's own tables, in bits; None if it has none."""
        return None

    def fixed_width_bytes(self) -> int | None:
        """Length of an image's symbols at fixed width, before entropy coding; None if nothing is so coded."""
        return None

    def device_parameters(self) -> tuple[int, int]:
        """Parameters of the networks that `encode` runs, and the bytes these networks take as float16.

        Batch-norm statistics are counted in the bytes. (0, 0) if the device runs no network.
        """
        return 0, 0

    @property
    def settings(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.settings.items())
        return f"{type(self).__name__}({arguments})"
