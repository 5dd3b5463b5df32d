"""Image files through Pillow, for the codecs that send them."""

from __future__ import annotations

import io
import struct
import warnings
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from coinfer.codecs.protocol import BitstreamError
from coinfer.models.images import SIZE_PX

_DAMAGE = (
    UnidentifiedImageError,
    OSError,
    EOFError,
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


def read_image(payload: bytes, file_format: str, sides_px: Collection[int] = (SIZE_PX,)) -> NDArray[np.uint8]:
    """Reads a file of `file_format` as a `[3, side, side]` image, the side one of `sides_px`.

    Raises:
        BitstreamError: it is no such file, is damaged, or is of another size.
    """
    with _damage_told(file_format):
        size = _stated_size(payload, file_format)
    check_size(size, file_format, sides_px)
    with _damage_told(file_format), Image.open(io.BytesIO(payload), formats=[file_format]) as picture:
        return np.asarray(picture.convert("RGB")).transpose(2, 0, 1)


def check_size(size: tuple[int, int], file_format: str, sides_px: Collection[int]) -> None:
    """Checks the `(width, height)` in pixels that a file states.

    Raises:
        BitstreamError: it is no square of one of `sides_px`.
    """
    if size not in {(side, side) for side in sides_px}:
        expected = " or ".join(str((side, side)) for side in sides_px)
        raise BitstreamError(f"{file_format}: image of {size} pixels, expected {expected}")


def check_end(payload: bytes, file_format: str, end: bytes) -> None:
    """Checks a file's last bytes.

    Raises:
        BitstreamError: they are not `end`.
    """
    if not payload.endswith(end):
        raise damaged(file_format, "it does not end as it should")


def damaged(file_format: str, why: str) -> BitstreamError:
    """What to raise for a file that is not whole."""
    return BitstreamError(f"{file_format}: truncated or altered image file ({why})")


def resized(image: NDArray[np.uint8], side_px: int) -> NDArray[np.uint8]:
    """Resizes a square `[3, side, side]` image: Lanczos to make it smaller, bicubic to make it larger."""
    if image.shape[1] == side_px:
        return image
    smaller = side_px < image.shape[1]
    resampling = Image.Resampling.LANCZOS if smaller else Image.Resampling.BICUBIC
    picture = Image.fromarray(image.transpose(1, 2, 0)).resize((side_px, side_px), resampling)
    return np.asarray(picture).transpose(2, 0, 1)


@contextmanager
def _damage_told(file_format: str) -> Iterator[None]:
    try:
        yield
    except _DAMAGE as error:
        raise damaged(file_format, str(error)) from error


def _stated_size(payload: bytes, file_format: str) -> tuple[int, int]:
    """Reads the header, and checks the checksums and the end where the format has them, decoding nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with Image.open(io.BytesIO(payload), formats=[file_format]) as picture:
            size = picture.size
            picture.verify()
    return size
