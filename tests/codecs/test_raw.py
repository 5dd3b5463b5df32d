import numpy as np
import pytest
from numpy.typing import NDArray

from coinfer.codecs.network import network_flops
from coinfer.codecs.protocol import BitstreamError, Cost
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
