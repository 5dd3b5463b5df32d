"""Lossy offload: WebP."""

from __future__ import annotations

import struct
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from coinfer.codecs.byte_budget import SIDES_PX, LossyImageCodec
from coinfer.codecs.pillow import check_size, damaged, read_image, write_image

_START = struct.Struct("<4sI4s4sI3s3sHH")
"""RIFF header and size, WEBP; chunk VP8 and its size; the key frame's tag, start code, width and height."""

_RIFF_HEADER_BYTES, _FRAME_STARTS_AT = 8, 20
_START_CODE = bytes.fromhex("9d012a")


class Webp(LossyImageCodec):
    """WebP (RFC 9649), lossy, at the encoder's method 4.

    Like JPEG it has no checksum: damage to its coded data changes the picture, mostly unnoticed.

    Args:
        classifier: the classes to decide between.
        quality: libwebp's quality, 0..100; 75 if `max_bytes` is not given either.
        max_bytes: instead of a quality, the length in bytes that a message should not exceed.
    """

    encode_s = 5.2e-3
    decode_s = 0.90e-3
    search_s: ClassVar = {100: 10.8e-3, 300: 13.1e-3, 1000: 24.4e-3, 3000: 31.7e-3, 10_000: 39.5e-3}
    qualities = range(101)

    def write(self, image: NDArray[np.uint8], quality: int) -> bytes:
        """A WebP file."""
        return write_image(image, "WEBP", quality=quality, method=4)

    def read(self, payload: bytes) -> NDArray[np.uint8]:
        """The pixels of a WebP file."""
        _check_start(payload)
        return read_image(payload, "WEBP", SIDES_PX)


def _check_start(payload: bytes) -> None:
    """Checks that the file is one lossy frame of a size that is sent, and as long as it says.

    There is no end marker, and a decoder sets aside memory for the size that the file states.

    References:
        RFC 9649 (2024), sections 2.3 to 2.5. RFC 6386 (2011), section 9.1, the frame's header.
    """
    if len(payload) < _START.size:
        raise damaged("WEBP", f"{len(payload)} bytes are shorter than its header")
    riff, riff_bytes, webp, chunk, chunk_bytes, tag, code, width, height = _START.unpack_from(payload)
    if (riff, webp, chunk, code, tag[0] & 1) != (b"RIFF", b"WEBP", b"VP8 ", _START_CODE, 0):
        raise damaged("WEBP", "it does not start as it should")
    if riff_bytes != len(payload) - _RIFF_HEADER_BYTES:
        raise damaged("WEBP", f"it states {riff_bytes + _RIFF_HEADER_BYTES} bytes, got {len(payload)}")
    if chunk_bytes + chunk_bytes % 2 != len(payload) - _FRAME_STARTS_AT:
        raise damaged("WEBP", f"its frame of {chunk_bytes} bytes does not fill it")
    check_size((width & 0x3FFF, height & 0x3FFF), "WEBP", SIDES_PX)
