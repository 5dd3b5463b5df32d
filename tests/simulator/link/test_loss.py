import numpy as np
import pytest
from scipy import stats

from coinfer.codecs.protocol import Damaged
from coinfer.simulator.link.framing import Framing
from coinfer.simulator.link.loss import BitFlips, PacketErasure

SMALL = Framing(mtu_bytes=14, header_bytes=4)  # ten bytes of payload a packet
PAYLOAD = bytes(range(1, 26))
LOSSES = [PacketErasure(0.4), BitFlips(0.02)]


def rng(seed=1):
    return np.random.default_rng(seed)


def exact_limits(trials, probability):
    """Counts that a binomial variable leaves with a probability of 1e-4, exactly."""
    return stats.binom.ppf([5e-5, 1 - 5e-5], trials, probability)


def flipped_bits(before, after):
    return int(np.bitwise_count(np.frombuffer(before, np.uint8) ^ np.frombuffer(after, np.uint8)).sum())


def test_erased_packets_by_hand():
    class Chances:
        def random(self, packets):
            assert packets == 3
            return np.array([0.39, 0.40, 0.0])

    assert PacketErasure(0.4).damage(PAYLOAD, SMALL, Chances()) == Damaged(
        bytes(10) + PAYLOAD[10:20] + bytes(5), ((0, 10), (20, 25))
    )


def test_flipped_bits_by_hand():
    class Chances:
        def binomial(self, bits, probability):
            assert (bits, probability) == (200, 0.02)
            return 3

        def choice(self, bits, size, replace, shuffle):
            assert (bits, size, replace) == (200, 3, False)
            return np.array([0, 7, 199])

    damaged = BitFlips(0.02).damage(PAYLOAD, SMALL, Chances())
    assert damaged == Damaged(bytes([1 ^ 0x81]) + PAYLOAD[1:24] + bytes([25 ^ 0x80]), ())


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_damage_depends_on_the_chance_alone_and_leaves_the_payload(loss):
    payload = bytes(PAYLOAD)
    drawn = [loss.damage(payload, SMALL, rng(seed)) for seed in range(20)]
    assert payload == PAYLOAD
    assert drawn == [loss.damage(PAYLOAD, SMALL, rng(seed)) for seed in range(20)]
    assert len(set(drawn)) > 4
    assert {len(damaged.data) for damaged in drawn} == {len(PAYLOAD)}


@pytest.mark.parametrize("probability", [0.01, 0.3])
def test_the_share_of_erased_packets(probability):
    payload, source = rng().bytes(10 * 1000), rng()
    lost = 0
    for _ in range(20):
        damaged = PacketErasure(probability).damage(payload, SMALL, source)
        lost += len(damaged.lost)
        whole = bytearray(payload)
        for start, end in damaged.lost:
            assert (end - start, start % 10) == (10, 0)
            whole[start:end] = bytes(10)
        assert damaged.data == whole
    low, high = exact_limits(20_000, probability)
    assert low <= lost <= high


@pytest.mark.parametrize("probability", [1e-3, 0.2])
def test_the_share_of_flipped_bits(probability):
    payload = rng().bytes(25_000)
    damaged = BitFlips(probability).damage(payload, SMALL, rng())
    assert damaged.lost == ()
    low, high = exact_limits(200_000, probability)
    assert low <= flipped_bits(payload, damaged.data) <= high


def test_every_place_of_a_byte_is_flipped_alike():
    damaged = BitFlips(0.1).damage(bytes(20_000), SMALL, rng())
    flips = np.unpackbits(np.frombuffer(damaged.data, np.uint8)).reshape(-1, 8).sum(axis=0)
    low, high = exact_limits(20_000, 0.1)
    assert (low <= flips.min(), flips.max() <= high) == (True, True)


@pytest.mark.parametrize("kind", [PacketErasure, BitFlips])
def test_never_and_always(kind):
    for payload in (b"", b"\x00", PAYLOAD):
        assert kind(0.0).damage(payload, SMALL, rng()) == Damaged(payload)
    assert PacketErasure(1.0).damage(PAYLOAD, SMALL, rng()).lost == ((0, 10), (10, 20), (20, 25))
    assert BitFlips(1.0).damage(PAYLOAD, SMALL, rng()).data == bytes(255 - byte for byte in PAYLOAD)
    assert kind(1.0).damage(b"", SMALL, rng()) == Damaged(b"")


def test_an_erased_packet_of_zeros_is_still_lost():
    assert PacketErasure(1.0).damage(bytes(5), SMALL, rng()) == Damaged(bytes(5), ((0, 5),))


@pytest.mark.parametrize("kind", [PacketErasure, BitFlips])
@pytest.mark.parametrize("probability", [-0.1, 1.1, float("nan")])
def test_what_is_no_probability_is_refused(kind, probability):
    with pytest.raises(ValueError, match=f"at least 0 and at most 1, got {probability}"):
        kind(probability)
