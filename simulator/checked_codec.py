"""A codec asked by the rules of the contract: what it returns is checked, and what fails is named."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from math import inf
from numbers import Integral, Real
from reprlib import repr as short
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from coinfer.codecs.protocol import Codec, CodecError, Cost, Damaged
from coinfer.codecs.registry import told


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
        good = isinstance(payloads, list | tuple) and len(payloads) == images
        if not (good and all(isinstance(payload, bytes) for payload in payloads)):
            raise self._wrong(f"encode must return a list of {images} bytes for {images} images")
        return list(payloads)

    def answers(self, payloads: Sequence[bytes]) -> NDArray[np.intp]:
        """Decodes messages into the class with the highest score of each, `[batch]`."""
        with self._told_of("decode"):
            scores = np.asarray(self.codec.decode(payloads))
        return self._classes(scores, len(payloads), "decode")

    def answers_damaged(self, messages: Sequence[Damaged]) -> NDArray[np.intp]:
        """Decodes damaged messages into the class with the highest score of each, `[batch]`."""
        with self._told_of("decode_damaged"):
            scores = np.asarray(self.codec.decode_damaged(messages))
        return self._classes(scores, len(messages), "decode_damaged")

    def ideal_bits(self, payloads: Sequence[bytes]) -> NDArray[np.float64]:
        """Gives the information of each message under the codec's tables, `[batch]` bits; NaN without."""
        with self._told_of("ideal_bits"):
            bits = [self.codec.ideal_bits(payload) for payload in payloads]
        for number in bits:
            if number is not None and not (isinstance(number, Real) and 0 <= number < inf):
                self._refuse("ideal_bits", "return a finite number of bits, at least 0, or None", number)
        return np.array(bits, dtype=np.float64)

    def device_cost(self) -> Cost:
        """Gives the work of encoding an image."""
        with self._told_of("device_cost"):
            cost = self.codec.device_cost()
        return self._cost("device_cost", cost)

    def edge_cost(self) -> Cost:
        """Gives the work of decoding a message."""
        with self._told_of("edge_cost"):
            cost = self.codec.edge_cost()
        return self._cost("edge_cost", cost)

    def answers_on_device(self) -> bool:
        """Tells whether the device itself has the answer."""
        return self._flag("answers_on_device")

    def tolerates_loss(self) -> bool:
        """Tells whether damaged messages are decoded."""
        return self._flag("tolerates_loss")

    def device_parameters(self) -> tuple[int, int]:
        """Gives the parameters of the networks on the device, and what these networks take [byte]."""
        with self._told_of("device_parameters"):
            given = self.codec.device_parameters()
        good = isinstance(given, tuple | list) and len(given) == 2
        if not (good and all(_is_whole(number) and number >= 0 for number in given)):
            self._refuse("device_parameters", "return two whole numbers, (parameters, bytes)", given)
        return int(given[0]), int(given[1])

    def fixed_width_bytes(self) -> int | None:
        """Gives the length of an image's symbols before entropy coding; None if nothing is so coded."""
        with self._told_of("fixed_width_bytes"):
            given = self.codec.fixed_width_bytes()
        if given is not None and not (_is_whole(given) and given > 0):
            self._refuse("fixed_width_bytes", "return a whole number of bytes, above 0, or None", given)
        return None if given is None else int(given)

    def settings(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        with self._told_of("settings"):
            given = self.codec.settings
        if not isinstance(given, dict):
            self._refuse("settings", "be the constructor's arguments, as the base class has it", given)
        return given

    def cuts(self) -> tuple[int, ...]:
        """Gives the sizes in bytes to which messages are cut, ascending."""
        with self._told_of("cuts"):
            sizes = self.codec.cuts
        good = isinstance(sizes, tuple | list) and all(map(_is_whole, sizes))
        if not (good and all(lower < higher for lower, higher in pairwise((0, *sizes)))):
            self._refuse("cuts", "be sizes in bytes, above 0 and ascending", sizes)
        return tuple(map(int, sizes))

    def cut(self, payload: bytes, size: int) -> bytes:
        """Cuts a message to at most `size` bytes."""
        with self._told_of("cut"):
            message = self.codec.cut(payload, size)
        if not isinstance(message, bytes):
            raise self._wrong(f"cut must return bytes, got {type(message).__name__}")
        if len(message) > size:
            raise self._wrong(f"cut must return at most the {size} bytes asked for, got {len(message)}")
        return message

    def _classes(self, scores: NDArray[Any], images: int, method: str) -> NDArray[np.intp]:
        shape = scores.shape
        if len(shape) != 2 or shape[0] != images or not shape[1]:
            raise self._wrong(f"{method} must return scores of shape ({images}, classes), got {shape}")
        if scores.dtype.kind not in "fiub":
            raise self._wrong(f"{method} must return scores that are numbers, got {scores.dtype}")
        if not np.isfinite(scores).all():
            raise self._wrong(f"{method} must return finite scores, got NaN or infinity")
        return np.asarray(np.argmax(scores, axis=1))

    def _cost(self, method: str, given: object) -> Cost:
        if not isinstance(given, Cost):
            self._refuse(method, "return a coinfer.codecs.protocol.Cost", given)
        return given

    def _flag(self, name: str) -> bool:
        with self._told_of(name):
            given = getattr(self.codec, name)
        if not isinstance(given, bool | np.bool_):
            self._refuse(name, "be True or False", given)
        return bool(given)

    def _refuse(self, name: str, rule: str, given: object) -> NoReturn:
        raise self._wrong(f"{name} must {rule}, got {short(given)}")

    def _wrong(self, problem: str) -> CodecError:
        return CodecError(f"codec '{self.label}': {problem}")

    @contextmanager
    def _told_of(self, method: str) -> Iterator[None]:
        """Names the codec and the method whose code failed."""
        try:
            yield
        except CodecError as error:
            if str(error).startswith(f"codec '{self.label}': "):
                raise
            raise self._wrong(f"{method}: {error}") from error
        except (Exception, SystemExit) as error:
            raise self._wrong(f"{method} raised {told(error)}") from error


def _is_whole(number: object) -> bool:
    return isinstance(number, Integral)
