"""Lossy offload: JPEG."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from coinfer.codecs.pillow import read_image, write_image
from coinfer.codecs.pixels import PixelCodec
from coinfer.codecs.protocol import SettingsError

_END = bytes.fromhex("ffd9")
"""The marker EOI."""


class Jpeg(PixelCodec):
    """JPEG (ITU-T T.81), baseline, 4:2:0, with optimised Huffman tables.

    JPEG has no checksum: damage to its coded data changes the picture, mostly unnoticed.

    Args:
        classifier: the classes to decide between.
        quality: libjpeg's quality, 1..95.
    """

    encode_s = 0.59e-3
    decode_s = 0.56e-3

    def __init__(self, classifier: str = "scenes", quality: int = 75) -> None:
        super().__init__(classifier)
        if isinstance(quality, bool) or not isinstance(quality, int) or not 1 <= quality <= 95:
            raise SettingsError(f"quality: expected a whole number in 1..95, got {quality!r}")
        self.quality = quality

    def to_bytes(self, image: NDArray[np.uint8]) -> bytes:
        """A JPEG file."""
        return write_image(image, "JPEG", quality=self.quality, optimize=True)

    def to_image(self, payload: bytes) -> NDArray[np.uint8]:
        """The pixels of a JPEG file."""
        return read_image(payload, "JPEG", _END)
