"""Image files through Pillow, for the codecs that send them."""

from __future__ import annotations

import io
import struct
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from coinfer.codecs.network import IMAGE_SHAPE
from coinfer.codecs.protocol import BitstreamError

_DAMAGE = (
    UnidentifiedImageError,
    OSError,
    SyntaxError,
    ValueError,
    struct.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)
"""What Pillow raises for a damaged or hostile file."""


def write_image(image: NDArray[np.uint8], file_format: str, **options: Any) -> bytes:
    """Writes a `[3, height, width]` image as a file of `file_format`."""
    buffer = io.BytesIO()
    Image.fromarray(image.transpose(1, 2, 0)).save(buffer, file_format, **options)
    return buffer.getvalue()


def read_image(payload: bytes, file_format: str, end: bytes) -> NDArray[np.uint8]:
    """Reads a file of `file_format`, whose last bytes are `end`, as a `[3, 224, 224]` image.

    Raises:
        BitstreamError: it is no such file, is damaged, or is of another size.
    """
    _, height, width = IMAGE_SHAPE
    if not payload.endswith(end):
        raise BitstreamError(f"{file_format}: truncated or altered image file (it does not end as it should)")
    try:
        size = _checked_size(payload, file_format)
        if size == (width, height):
            with Image.open(io.BytesIO(payload), formats=[file_format]) as picture:
                return np.asarray(picture.convert("RGB")).transpose(2, 0, 1)
    except _DAMAGE as error:
        raise BitstreamError(f"{file_format}: truncated or altered image file ({error})") from error
    raise BitstreamError(f"{file_format}: image of {size} pixels, expected {(width, height)}")


def _checked_size(payload: bytes, file_format: str) -> tuple[int, int]:
    """Reads the header, and checks the checksums and the end where the format has them, decoding nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with Image.open(io.BytesIO(payload), formats=[file_format]) as picture:
            size = picture.size
            picture.verify()
    return size
