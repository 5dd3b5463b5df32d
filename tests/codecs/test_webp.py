import struct
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from coinfer.codecs.pillow import write_image
from coinfer.codecs.protocol import BitstreamError, SettingsError
from coinfer.codecs.webp import Webp


def riff(chunk: bytes, frame: bytes) -> bytes:
    """A WebP file of one chunk, its sizes right whatever the frame holds."""
    body = b"WEBP" + chunk + struct.pack("<I", len(frame)) + frame + bytes(len(frame) % 2)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def refusal(message: bytes) -> str:
    with pytest.raises(BitstreamError) as caught:
        Webp().to_image(message)
    return str(caught.value)


@pytest.fixture(scope="module")
def message(frames: NDArray[np.uint8]) -> bytes:
    return Webp().to_bytes(frames[0])


def error_rms(codec: Webp, frame: NDArray[np.uint8]) -> float:
    decoded = codec.to_image(codec.to_bytes(frame))
    return float(np.sqrt(np.mean((decoded.astype(float) - frame) ** 2)))


def test_more_quality_costs_more_bytes_and_gives_less_error(frames: NDArray[np.uint8]) -> None:
    codecs = [Webp(quality=quality) for quality in (0, 30, 75, 100)]
    sizes = [len(codec.to_bytes(frames[0])) for codec in codecs]
    errors = [error_rms(codec, frames[0]) for codec in codecs]
    assert sizes == sorted(sizes)
    assert errors == sorted(errors, reverse=True)
    assert sizes[-1] > 10 * sizes[0]


def test_a_message_is_one_lossy_frame(message: bytes) -> None:
    assert (message[:4], message[8:16]) == (b"RIFF", b"WEBP" + b"VP8 ")
    assert int.from_bytes(message[4:8], "little") == len(message) - 8
    assert message[23:30] == bytes.fromhex("9d012a e000 e000")
    assert riff(b"VP8 ", message[20:]) == message


@pytest.mark.parametrize("quality", [-1, 101, 50.0, "75", True])
def test_quality_out_of_range(quality: Any) -> None:
    with pytest.raises(SettingsError) as caught:
        Webp(quality=quality)
    assert str(caught.value) == f"quality: expected a whole number in 0..100, got {quality!r}"


def test_every_missing_or_added_byte_is_noticed(message: bytes) -> None:
    for length in range(len(message)):
        assert refusal(message[:length]).startswith("WEBP: truncated or altered image file (")
    expected = f"it states {len(message)} bytes, got {len(message) + 1}"
    assert refusal(message + b"\0") == f"WEBP: truncated or altered image file ({expected})"


@pytest.mark.parametrize("length", [10, 30, 200, 1001])
def test_a_shortened_frame_in_a_file_of_the_right_size_is_noticed(message: bytes, length: int) -> None:
    line = refusal(riff(b"VP8 ", message[20 : 20 + length]))
    assert line.startswith("WEBP: truncated or altered image file (")


def test_a_frame_that_does_not_fill_the_file(message: bytes) -> None:
    altered = message[:16] + struct.pack("<I", 100) + message[20:]
    expected = "its frame of 100 bytes does not fill it"
    assert refusal(altered) == f"WEBP: truncated or altered image file ({expected})"


@pytest.mark.parametrize("side", [0, 223, 225, 16_383])
def test_another_size_is_refused_before_memory_is_set_aside(message: bytes, side: int) -> None:
    frame = message[20:26] + struct.pack("<HH", side, side) + message[30:]
    assert refusal(riff(b"VP8 ", frame)).startswith(f"WEBP: image of ({side}, {side}) pixels, expected (224,")


@pytest.mark.parametrize("options", [{"lossless": True}, {"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\0"}])
def test_other_kinds_of_webp_are_refused(frames: NDArray[np.uint8], options: dict[str, Any]) -> None:
    line = refusal(write_image(frames[0], "WEBP", **options))
    assert line == "WEBP: truncated or altered image file (it does not start as it should)"


def test_animations_are_refused(frames: NDArray[np.uint8]) -> None:
    more = [Image.fromarray(frame.transpose(1, 2, 0)) for frame in frames[1:]]
    line = refusal(write_image(frames[0], "WEBP", save_all=True, append_images=more))
    assert line == "WEBP: truncated or altered image file (it does not start as it should)"


def test_damage_gives_a_picture_or_a_bitstream_error(message: bytes) -> None:
    rng, refused = np.random.default_rng(0), []
    for place in [*range(200), *rng.integers(200, len(message), 60).tolist()]:
        altered = bytearray(message)
        altered[place] ^= 1 << int(rng.integers(0, 8))
        try:
            assert Webp().to_image(bytes(altered)).shape == (3, 224, 224)
        except BitstreamError as error:
            refused.append(str(error))
    assert len(refused) > 20
    assert {line.partition(":")[0] for line in refused} == {"WEBP"}


def test_noise_in_the_frame_gives_a_picture_or_a_bitstream_error(message: bytes) -> None:
    rng, outcomes = np.random.default_rng(1), set()
    for length in (11, 12, 50, 400, 5000):
        try:
            outcomes.add(str(Webp().to_image(riff(b"VP8 ", message[20:30] + rng.bytes(length))).shape))
        except BitstreamError as error:
            outcomes.add(str(error).partition(" (")[0])
    assert outcomes <= {"(3, 224, 224)", "WEBP: truncated or altered image file"}
