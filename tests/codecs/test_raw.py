import numpy as np
import pytest
from numpy.typing import NDArray

from coinfer.codecs.aecnn import Aecnn
from coinfer.codecs.jpeg import Jpeg
from coinfer.codecs.local import Local
from coinfer.codecs.network import classify, network_flops
from coinfer.codecs.png import Png
from coinfer.codecs.protocol import BitstreamError, Codec, CodecError, Cost, Damaged
from coinfer.codecs.raw import Raw


def test_a_message_is_the_pixels(frames: NDArray[np.uint8]) -> None:
    (message,) = Raw().encode(frames[:1])
    assert message == frames[0].tobytes()
    assert len(message) == 3 * 224 * 224
    np.testing.assert_array_equal(Raw().to_image(message), frames[0])


@pytest.mark.parametrize("length", [0, 150_527, 150_529])
def test_wrong_length(length: int) -> None:
    with pytest.raises(BitstreamError) as caught:
        Raw().decode([bytes(length)])
    assert str(caught.value) == f"raw: message of {length} bytes, expected 150528: truncated or altered"


def test_the_network_runs_at_the_edge() -> None:
    assert Raw().device_cost() == Cost(0.0, 0.0)
    assert Raw().edge_cost() == Cost(network_flops(), 0.0)
    assert not Raw.answers_on_device


def test_lost_pixels_are_grey_and_flipped_bits_stay(frames: NDArray[np.uint8]) -> None:
    message = bytearray(Raw().encode(frames[:1])[0])
    message[7] ^= 0x80
    message[100:200] = bytes(100)
    expected = frames[0].copy().reshape(-1)
    expected[7] ^= 0x80
    expected[100:150] = expected[160:200] = 128
    expected[150:160] = 0  # zeros that arrived are black
    damaged = Damaged(bytes(message), ((100, 150), (160, 200)))
    scores = Raw().decode_damaged([damaged])
    np.testing.assert_array_equal(scores, classify(expected.reshape(1, 3, 224, 224), "scenes"))


def test_an_image_of_which_nothing_arrived_is_grey() -> None:
    size = 3 * 224 * 224
    scores = Raw().decode_damaged([Damaged(bytes(size), ((0, size),))])
    np.testing.assert_array_equal(scores, classify(np.full((1, 3, 224, 224), 128, np.uint8), "scenes"))


@pytest.mark.parametrize("codec", [Png, Jpeg, Local, Aecnn])
def test_of_the_built_in_codecs_only_raw_tolerates_loss(codec: type[Codec]) -> None:
    assert (codec.tolerates_loss, Raw.tolerates_loss) == (False, True)
    with pytest.raises(CodecError, match="does not tolerate loss: a damaged message has to be discarded"):
        codec().decode_damaged([Damaged(b"", ((0, 1),))])
