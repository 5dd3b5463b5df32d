"""What a link without retransmission makes of the messages that cross it."""

from dataclasses import dataclass

import numpy as np

from coinfer.codecs.protocol import Damaged
from coinfer.simulator.link.framing import Framing
from coinfer.simulator.link.loss import Loss


@dataclass(frozen=True)
class Crossings:
    """Independent crossings of each message; all of it belongs to the key of a measurement.

    Args:
        loss: what the link does to a message.
        framing: how messages are cut into packets.
        seed: of the chance in losing.
        draws: how often each message crosses.
    """

    loss: Loss
    framing: Framing
    seed: int
    draws: int

    def damaged(self, payload: bytes, image: int, draw: int) -> Damaged:
        """Send one message, with the same chance whatever the codec and the batch."""
        rng = np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(image, draw)))
        return self.loss.damage(payload, self.framing, rng)
