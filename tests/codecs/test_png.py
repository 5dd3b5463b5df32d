import struct
import warnings
import zlib

import numpy as np
import pytest
from numpy.typing import NDArray

from coinfer.codecs.pillow import write_image
from coinfer.codecs.png import Png
from coinfer.codecs.protocol import BitstreamError


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_of(width: int, height: int) -> bytes:
    """A PNG file that claims a size and holds no pixels."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


def test_lossless(frames: NDArray[np.uint8]) -> None:
    for frame in frames:
        message = Png().to_bytes(frame)
        np.testing.assert_array_equal(Png().to_image(message), frame)
        assert 20_000 < len(message) < frame.size


def test_flat_images_are_small() -> None:
    assert len(Png().to_bytes(np.full((3, 224, 224), 7, dtype=np.uint8))) < 1000


def test_every_missing_tail_is_noticed(frames: NDArray[np.uint8]) -> None:
    message = Png().to_bytes(frames[0])
    for missing in range(1, 60):
        with pytest.raises(BitstreamError, match=r"^PNG: truncated or altered image file"):
            Png().to_image(message[:-missing])


@pytest.mark.parametrize("side", [223, 225, 10_000, 65_535, 2**31 - 1])
def test_another_size_is_refused_before_anything_is_decoded(side: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(BitstreamError, match=r"^PNG: "):
            Png().to_image(png_of(side, side))


def test_another_size_is_named() -> None:
    message = write_image(np.zeros((3, 100, 200), dtype=np.uint8), "PNG")
    with pytest.raises(BitstreamError) as caught:
        Png().to_image(message)
    assert str(caught.value) == "PNG: image of (200, 100) pixels, expected (224, 224)"


def test_another_format_is_refused(frames: NDArray[np.uint8]) -> None:
    with pytest.raises(BitstreamError, match=r"^PNG: truncated or altered image file"):
        Png().to_image(write_image(frames[0], "BMP"))
