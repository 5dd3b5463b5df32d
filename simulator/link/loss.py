"""A link without retransmission: what is left of a payload that crossed it."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from coinfer.codecs.protocol import Damaged
from coinfer.simulator.link.framing import Framing
from coinfer.simulator.units import BITS_PER_BYTE


class Loss(Protocol):
    """A residual loss, independent of the fading; whatever is lost has used the air all the same."""

    def damage(self, payload: bytes, framing: Framing, rng: np.random.Generator) -> Damaged:
        """Send one payload.

        Args:
            payload: What was sent.
            framing: How it is cut into packets.
            rng: The source of chance.

        Returns:
            What arrives, of the same length.
        """


@dataclass(frozen=True)
class PacketErasure:
    """Each packet is lost, independently of all others, with the same probability.

    Bursts are not modelled. The packets' headers tell which are missing.

    Args:
        probability: The probability that a packet is lost, 0 to 1.

    Raises:
        ValueError: If it is no probability.

    References:
        P. Elias, "Coding for two noisy channels", Proc. 3rd London Symp. Information Theory (1955): the
        erasure channel, here with packets as its symbols.
    """

    probability: float

    def __post_init__(self) -> None:
        _check_probability(self.probability)

    def damage(self, payload: bytes, framing: Framing, rng: np.random.Generator) -> Damaged:
        """Erase packets: their bytes arrive as zeros, and are listed; see `Loss.damage`."""
        packets = int(framing.packets(np.array(len(payload))))
        room = framing.room_bytes
        hit = np.flatnonzero(rng.random(packets) < self.probability).tolist()
        lost = tuple((packet * room, min((packet + 1) * room, len(payload))) for packet in hit)
        data = bytearray(payload)
        for start, end in lost:
            data[start:end] = bytes(end - start)
        return Damaged(bytes(data), lost)


@dataclass(frozen=True)
class BitFlips:
    """Each bit of the payload is inverted, independently of all others, with the same probability.

    Nothing tells which bits are wrong. Headers arrive intact: a packet with a damaged header is lost, which
    is `PacketErasure`.

    Args:
        probability: The probability that a bit is inverted, 0 to 1.

    Raises:
        ValueError: If it is no probability.

    References:
        C. E. Shannon, "A mathematical theory of communication", Bell Syst. Tech. J. 27 (1948), section 15:
        the binary symmetric channel.
    """

    probability: float

    def __post_init__(self) -> None:
        _check_probability(self.probability)

    def damage(self, payload: bytes, framing: Framing, rng: np.random.Generator) -> Damaged:
        """Invert bits; see `Loss.damage`."""
        bits = len(payload) * BITS_PER_BYTE
        # A binomial number of distinct places has the distribution of a coin for each bit, and is quicker.
        places = rng.choice(bits, size=rng.binomial(bits, self.probability), replace=False, shuffle=False)
        data = np.frombuffer(payload, dtype=np.uint8).copy()
        masks = np.left_shift(1, places % BITS_PER_BYTE).astype(np.uint8)
        np.bitwise_xor.at(data, places // BITS_PER_BYTE, masks)
        return Damaged(data.tobytes(), ())


def _check_probability(probability: float) -> None:
    if not 0.0 <= probability <= 1.0:
        raise ValueError(f"a probability must be at least 0 and at most 1, got {probability}")
