"""Raw offload: the pixels as they are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from coinfer.codecs.network import IMAGE_SHAPE
from coinfer.codecs.pixels import PixelCodec
from coinfer.codecs.protocol import BitstreamError


class Raw(PixelCodec):
    """uint8 RGB, channel after channel: 150,528 bytes an image, no header.

    Damage other than a wrong length goes unnoticed, as it does in any raw format.
    """

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
