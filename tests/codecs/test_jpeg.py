import numpy as np
import pytest
from numpy.typing import NDArray

from coinfer.codecs.jpeg import Jpeg
from coinfer.codecs.protocol import BitstreamError, SettingsError


def error_rms(codec: Jpeg, frame: NDArray[np.uint8]) -> float:
    decoded = codec.to_image(codec.to_bytes(frame))
    return float(np.sqrt(np.mean((decoded.astype(float) - frame) ** 2)))


def test_more_quality_costs_more_bytes_and_gives_less_error(frames: NDArray[np.uint8]) -> None:
    codecs = [Jpeg(quality=quality) for quality in (5, 30, 75, 95)]
    sizes = [len(codec.to_bytes(frames[0])) for codec in codecs]
    errors = [error_rms(codec, frames[0]) for codec in codecs]
    assert sizes == sorted(sizes)
    assert errors == sorted(errors, reverse=True)
    assert sizes[-1] > 4 * sizes[0]
    assert errors[-1] < 0.6 * errors[0]


def test_a_message_is_a_baseline_jpeg_with_halved_colour(frames: NDArray[np.uint8]) -> None:
    message = Jpeg().to_bytes(frames[0])
    assert (message[:2], message[-2:]) == (b"\xff\xd8", b"\xff\xd9")
    start = message.index(b"\xff\xc0") + 4
    assert message[start : start + 9] == bytes([8, 0, 224, 0, 224, 3, 1, 0x22, 0])


@pytest.mark.parametrize("quality", [0, 96, -1, 50.0, "75", True])
def test_quality_out_of_range(quality: object) -> None:
    with pytest.raises(SettingsError) as caught:
        Jpeg(quality=quality)  # type: ignore[arg-type]
    assert str(caught.value) == f"quality: expected a whole number in 1..95, got {quality!r}"


def test_damage_gives_a_picture_or_a_bitstream_error(frames: NDArray[np.uint8]) -> None:
    rng, message, refused = np.random.default_rng(0), Jpeg().to_bytes(frames[0]), []
    for place in [*range(650), *rng.integers(650, len(message), 100).tolist()]:
        altered = bytearray(message)
        altered[place] ^= 1 << int(rng.integers(0, 8))
        try:
            assert Jpeg().to_image(bytes(altered)).shape == (3, 224, 224)
        except BitstreamError as error:
            refused.append(str(error))
    assert len(refused) > 20
    assert {line.partition(":")[0] for line in refused} == {"JPEG"}
