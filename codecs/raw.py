"""Raw offload: the pixels as they are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from coinfer.codecs.network import IMAGE_SHAPE
from coinfer.codecs.pixels import PixelCodec
from coinfer.codecs.protocol import BitstreamError, Damaged

GREY = 128
"""What stands for a lost pixel: the middle of the range."""


class Raw(PixelCodec):
    """uint8 RGB, channel after channel: 150,528 bytes an image, no header.

    Damage other than a wrong length goes unnoticed, as it does in any raw format. On a link without
    retransmission lost pixels are grey, and flipped bits stay as they are.
    """

    tolerates_loss = True

    def to_bytes(self, image: NDArray[np.uint8]) -> bytes:
        """The pixels."""
        return image.tobytes()

    def to_image(self, payload: bytes) -> NDArray[np.uint8]:
        """The pixels again."""
        expected = int(np.prod(IMAGE_SHAPE))
        if len(payload) != expected:
            raise BitstreamError(
                f"raw: message of {len(payload)} bytes, expected {expected}: truncated or altered"
            )
        return np.frombuffer(payload, dtype=np.uint8).reshape(IMAGE_SHAPE)

    def decode_damaged(self, messages: Sequence[Damaged]) -> NDArray[np.float32]:
        """Classifies the images with grey in the place of lost pixels: `[batch, classes]` scores."""
        return self.decode([_greyed(message) for message in messages])


def _greyed(message: Damaged) -> bytes:
    data = bytearray(message.data)
    for start, end in message.lost:
        data[start:end] = bytes([GREY]) * (end - start)
    return bytes(data)
