import numpy as np
import pytest

from coinfer.simulator.link.framing import Framing


@pytest.mark.parametrize(
    ("payload_bytes", "packets", "on_air_bytes"),
    [
        (0, 0, 0),
        (1, 1, 49),
        (1352, 1, 1400),
        (1353, 2, 1449),
        (2704, 2, 2800),
        (150_528, 112, 155_904),  # the message of `raw`: 111.3 packets
    ],
)
def test_packets_of_the_default_by_hand(payload_bytes, packets, on_air_bytes):
    sizes = np.array([payload_bytes])
    assert Framing().packets(sizes).tolist() == [packets]
    assert Framing().on_air_bytes(sizes).tolist() == [on_air_bytes]


def test_other_sizes_by_hand():
    framing = Framing(mtu_bytes=100, header_bytes=40)
    assert framing.room_bytes == 60
    sizes = np.array([[59, 60], [61, 600]])
    assert framing.on_air_bytes(sizes).tolist() == [[99, 100], [141, 1000]]
    assert framing.packets(sizes).dtype == framing.on_air_bytes(sizes).dtype == np.int64


def test_without_headers_the_air_carries_the_payload():
    sizes = np.arange(5000)
    np.testing.assert_array_equal(Framing(header_bytes=0).on_air_bytes(sizes), sizes)


def test_packets_hold_the_payload_and_none_is_empty():
    framing, sizes = Framing(mtu_bytes=57, header_bytes=20), np.arange(1, 2000)
    room_bytes = framing.packets(sizes) * framing.room_bytes
    assert ((room_bytes >= sizes) & (room_bytes - framing.room_bytes < sizes)).all()


@pytest.mark.parametrize(("mtu_bytes", "header_bytes"), [(48, 48), (40, 48), (1400, -1), (0, 0)])
def test_a_header_that_leaves_no_room_is_refused(mtu_bytes, header_bytes):
    message = f"fewer than the MTU of {mtu_bytes} bytes, got {header_bytes} bytes"
    with pytest.raises(ValueError, match=message):
        Framing(mtu_bytes, header_bytes)
