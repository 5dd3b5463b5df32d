import struct

import numpy as np
import pytest
from numpy.typing import NDArray

from coinfer.codecs.bitstream import KIND_LABEL, Message, pack, unpack
from coinfer.codecs.local import Local
from coinfer.codecs.network import classify, network_flops
from coinfer.codecs.protocol import BitstreamError, Cost


def digest_of(payload: bytes) -> int:
    return int(struct.unpack(">H", payload[2:4])[0])


def test_a_message_is_the_network_s_label_in_eight_bytes(frames: NDArray[np.uint8]) -> None:
    messages = Local().encode(frames)
    labels = classify(frames, "scenes").argmax(axis=1)
    assert {len(message) for message in messages} == {8}
    assert [message[6:] for message in messages] == [struct.pack(">H", label) for label in labels]
    np.testing.assert_array_equal(Local().decode(messages), np.eye(10, dtype=np.float32)[labels])


def test_the_network_runs_on_the_device() -> None:
    assert Local().device_cost() == Cost(network_flops(), 0.0)
    assert Local().edge_cost() == Cost()
    assert Local.answers_on_device


@pytest.mark.parametrize("body", [b"\x00\x0a", b"\xff\xff", b"", b"\x00", b"\x00\x01\x00"])
def test_labels_out_of_range(frames: NDArray[np.uint8], body: bytes) -> None:
    digest = digest_of(Local().encode(frames[:1])[0])
    with pytest.raises(BitstreamError) as caught:
        Local().decode([pack(Message(KIND_LABEL, 0, digest, body))])
    assert str(caught.value) == f"local: expected a label below 10 in 2 bytes, got {body.hex()}"


def test_another_set_of_classes_is_refused(frames: NDArray[np.uint8]) -> None:
    (message,) = Local("imagenette").encode(frames[:1])
    assert unpack(message, KIND_LABEL, digest_of(message)).body == message[6:]
    with pytest.raises(BitstreamError, match=r"^message made with checkpoint [0-9a-f]{4}, this decoder has"):
        Local("scenes").decode([message])
