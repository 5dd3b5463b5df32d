"""A codec asked by the rules of the contract: what it returns is checked, and what fails is named."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from traceback import extract_tb

import numpy as np
from numpy.typing import NDArray

from coinfer.codecs.protocol import Codec, CodecError, Damaged


@dataclass(frozen=True)
class CheckedCodec:
    """A codec with the label by which errors call it; a plugin's author needs to know what is wrong where.

    All methods raise a CodecError for what the codec raises, or returns against the contract.

    Args:
        label: what errors call it.
        codec: whom to ask.
    """

    label: str
    codec: Codec

    def encode(self, pixels: NDArray[np.uint8]) -> list[bytes]:
        """Encodes `[batch, 3, 224, 224]` RGB pixels into one message an image."""
        with self._told_of("encode"):
            payloads = self.codec.encode(pixels)
        images = len(pixels)
        if len(payloads) != images or not all(isinstance(payload, bytes) for payload in payloads):
            raise self._wrong(f"encode must return a list of {images} bytes for {images} images")
        return payloads

    def answers(self, payloads: Sequence[bytes]) -> NDArray[np.intp]:
        """Decodes messages into the class with the highest score of each, `[batch]`."""
        with self._told_of("decode"):
            scores = self.codec.decode(payloads)
        return self._classes(scores, len(payloads), "decode")

    def answers_damaged(self, messages: Sequence[Damaged]) -> NDArray[np.intp]:
        """Decodes damaged messages into the class with the highest score of each, `[batch]`."""
        with self._told_of("decode_damaged"):
            scores = self.codec.decode_damaged(messages)
        return self._classes(scores, len(messages), "decode_damaged")

    def ideal_bits(self, payloads: Sequence[bytes]) -> NDArray[np.float64]:
        """Gives the information of each message under the codec's tables, `[batch]` bits; NaN without."""
        with self._told_of("ideal_bits"):
            return np.array([self.codec.ideal_bits(payload) for payload in payloads], dtype=np.float64)

    def cuts(self) -> tuple[int, ...]:
        """Gives the sizes in bytes to which messages are cut, ascending."""
        sizes = self.codec.cuts
        if not all(lower < higher for lower, higher in pairwise((0, *sizes))):
            raise self._wrong(f"cuts must be sizes in bytes, above 0 and ascending, got {sizes}")
        return sizes

    def cut(self, payload: bytes, size: int) -> bytes:
        """Cuts a message to at most `size` bytes."""
        with self._told_of("cut"):
            message = self.codec.cut(payload, size)
        if not isinstance(message, bytes):
            raise self._wrong(f"cut must return bytes, got {type(message).__name__}")
        if len(message) > size:
            raise self._wrong(f"cut must return at most the {size} bytes asked for, got {len(message)}")
        return message

    def _classes(self, scores: NDArray[np.float32], images: int, method: str) -> NDArray[np.intp]:
        shape = np.shape(scores)
        if len(shape) != 2 or shape[0] != images or not shape[1]:
            raise self._wrong(f"{method} must return scores of shape ({images}, classes), got {shape}")
        if not np.isfinite(scores).all():
            raise self._wrong(f"{method} must return finite scores, got NaN or infinity")
        return np.asarray(np.argmax(scores, axis=1))

    def _wrong(self, problem: str) -> CodecError:
        return CodecError(f"codec '{self.label}': {problem}")

    @contextmanager
    def _told_of(self, method: str) -> Iterator[None]:
        """Names the codec and the method whose code failed."""
        try:
            yield
        except CodecError:
            raise
        except Exception as error:
            last = extract_tb(error.__traceback__)[-1]
            place = f"{Path(last.filename).name}, line {last.lineno}"
            raise self._wrong(f"{method} raised {type(error).__name__}: {error} ({place})") from error
